//! Every dependency may be used under a licence that `.cargo/deny.toml` allows. `cargo deny` reads the same
//! file, and more than this does; this needs nothing but `cargo metadata`.

use super::{Offence, Tree};
use regex::Regex;

const LIST: &str = ".cargo/deny.toml";

pub(super) fn check(tree: &Tree) -> Vec<Offence> {
    let allowed = allowed(tree.text(LIST).unwrap_or_default());
    let packages = tree.metadata["packages"].as_array().map_or(&[][..], Vec::as_slice);
    let mut found = vec![];
    for package in packages {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        if !fits(text("license"), &allowed) {
            let (name, version) = (text("name"), text("version"));
            let message = format!("{name} {version} has the licence `{}`", text("license"));
            found.push(Offence::file(LIST, message));
        }
    }
    found
}

/// The strings of `allow = [...]`.
fn allowed(text: &str) -> Vec<String> {
    let list = Regex::new(r"(?s)\ballow = \[(.*?)\]").expect("a regular expression");
    let inside = list.captures(text).map(|found| found[1].to_owned()).unwrap_or_default();
    let items = inside.split(',').map(|item| item.trim().trim_matches('"').to_owned());
    items.filter(|item| !item.is_empty()).collect()
}

/// Whether an SPDX expression holds where only the allowed licences do. `/` is an old way to say OR.
fn fits(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allowed };
    let holds = reader.any();
    holds && reader.words.is_empty()
}

struct Reader<'a> {
    words: &'a [&'a str],
    allowed: &'a [String],
}

impl Reader<'_> {
    fn next_is(&mut self, word: &str) -> bool {
        let is = self.words.first() == Some(&word);
        if is {
            self.words = &self.words[1..];
        }
        is
    }

    fn any(&mut self) -> bool {
        let mut holds = self.all();
        while self.next_is("OR") {
            let other = self.all();
            holds = holds || other;
        }
        holds
    }

    fn all(&mut self) -> bool {
        let mut holds = self.one();
        while self.next_is("AND") {
            let other = self.one();
            holds = holds && other;
        }
        holds
    }

    fn one(&mut self) -> bool {
        if self.next_is("(") {
            let holds = self.any();
            return self.next_is(")") && holds;
        }
        let Some((name, rest)) = self.words.split_first() else { return false };
        self.words = rest;
        let mut name = name.trim_end_matches('+').to_owned();
        if self.next_is("WITH") {
            let Some((exception, rest)) = self.words.split_first() else { return false };
            self.words = rest;
            name = format!("{name} WITH {exception}");
        }
        self.allowed.contains(&name)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn expressions() {
        let allowed =
            super::allowed("[licenses]\nallow = [\n    \"MIT\",\n    \"ISC\", \"MPL-2.0\",\n]");
        let rows = [
            ("MIT", true),
            ("MIT OR GPL-3.0", true),
            ("GPL-3.0/MIT", true),
            ("GPL-3.0", false),
            ("MIT AND GPL-3.0", false),
            ("ISC AND (GPL-3.0 OR MIT)", true),
            ("MIT WITH Strange-exception", false),
            ("MPL-2.0+", true),
            ("(MIT", false),
            ("", false),
        ];
        for (expression, expected) in rows {
            assert_eq!(super::fits(expression, &allowed), expected, "{expression}");
        }
    }
}
