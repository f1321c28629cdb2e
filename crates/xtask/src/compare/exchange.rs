//! One request, written as a person would: a heading, a request line, headers, a body.
//!
//! ```text
//! # what is asked
//! POST /api/v1/namespaces/default/configmaps?dryRun=All
//! Accept: application/yaml
//!
//! {"metadata": {"name": "a"}}
//! ```
//!
//! `$rv`, `$uid` and `$object` stand for what the last answer with an object had, on each side its
//! own; `$listrv` and `$continue` for the last list's, `$token` for the last token that was issued.
//! `!edit {...}` as a body is that object with a merge patch; `!proto {...}` is an object in protobuf.

use anyhow::{Context, Result};

/// One request.
#[derive(Clone, Debug, Default)]
pub(super) struct Exchange {
    pub(super) name: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Exchange {
    /// A request with a JSON body, or with none.
    pub(super) fn new(name: &str, method: &str, path: &str, body: impl Into<String>) -> Self {
        let body = body.into();
        let (name, method, path) = (name.to_owned(), method.to_owned(), path.to_owned());
        Self { name, method, path, headers: vec![], body }
    }

    /// The same with a header.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// The exchanges of a script.
///
/// # Errors
/// Where a request line is missing.
pub(super) fn parse(script: &str, text: &str) -> Result<Vec<Exchange>> {
    let mut exchanges = Vec::new();
    for part in text.split("\n# ").skip(1) {
        let (heading, rest) = part.split_once('\n').unwrap_or((part, ""));
        let (head, body) = rest.trim_start_matches('\n').split_once("\n\n").unwrap_or((rest, ""));
        let mut lines = head.lines().filter(|line| !line.is_empty());
        let (method, path) = lines
            .next()
            .and_then(|line| line.split_once(' '))
            .with_context(|| format!("{script}: {heading}: no request line"))?;
        let name = format!("{script} {heading}");
        let mut exchange = Exchange::new(&name, method, path, body.trim_end());
        for line in lines {
            let (name, value) = line
                .split_once(':')
                .with_context(|| format!("{script}: {heading}: no header: {line}"))?;
            exchange.headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        exchanges.push(exchange);
    }
    Ok(exchanges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_heading_line_headers_and_body() {
        let text = "x\n\n# one\nGET /a?b=c\nAccept: d\n\n# two\nPOST /e\n\n{}\n";
        let exchanges = parse("s", text).expect("two exchanges");
        assert_eq!(exchanges.len(), 2);
        assert_eq!(exchanges[0].name, "s one");
        assert_eq!(exchanges[0].headers, [("Accept".to_owned(), "d".to_owned())]);
        assert_eq!((exchanges[0].path.as_str(), exchanges[0].body.as_str()), ("/a?b=c", ""));
        assert_eq!((exchanges[1].method.as_str(), exchanges[1].body.as_str()), ("POST", "{}"));
    }
}
