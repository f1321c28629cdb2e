//! Links in an HTML page that was fetched through a proxy, led through it again.
//!
//! Only start tags are looked at, and of them only attributes that hold a URL; everything else
//! stays as it is, byte for byte. Mirrors `k8s.io/apimachinery/pkg/util/proxy/transport.go`.

/// Which attributes of which elements hold a URL.
const ATTRIBUTES: &[(&str, &[&str])] = &[
    ("a", &["href"]),
    ("applet", &["codebase"]),
    ("area", &["href"]),
    ("audio", &["src"]),
    ("base", &["href"]),
    ("blockquote", &["cite"]),
    ("body", &["background"]),
    ("button", &["formaction"]),
    ("command", &["icon"]),
    ("del", &["cite"]),
    ("embed", &["src"]),
    ("form", &["action"]),
    ("frame", &["longdesc", "src"]),
    ("head", &["profile"]),
    ("html", &["manifest"]),
    ("iframe", &["longdesc", "src"]),
    ("img", &["longdesc", "src", "usemap"]),
    ("input", &["src", "usemap", "formaction"]),
    ("ins", &["cite"]),
    ("link", &["href"]),
    ("object", &["classid", "codebase", "data", "usemap"]),
    ("q", &["cite"]),
    ("script", &["src"]),
    ("source", &["src"]),
    ("video", &["poster", "src"]),
];

/// Elements whose content is text, whatever it looks like.
const TEXT_ONLY: &[&str] = &["script", "style", "textarea", "title", "xmp"];

/// The page with each URL given to `lead`.
pub(super) fn rewrite(page: &str, lead: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(page.len() + page.len() / 16);
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let taken = match rest.as_bytes().get(1) {
            Some(letter) if letter.is_ascii_alphabetic() => tag(rest, &lead, &mut out),
            Some(b'!') if rest.starts_with("<!--") => {
                let end = rest[4..].find("-->").map_or(rest.len(), |at| at + 7);
                out.push_str(&rest[..end]);
                end
            }
            _ => {
                out.push('<');
                1
            }
        };
        rest = &rest[taken..];
    }
    out.push_str(rest);
    out
}

/// Writes a start tag, and what follows it as mere text; how many bytes that were.
fn tag(page: &str, lead: &impl Fn(&str) -> String, out: &mut String) -> usize {
    let name_end = page[1..]
        .find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'))
        .map_or(page.len(), |at| at + 1);
    let name = page[1..name_end].to_ascii_lowercase();
    let urls = ATTRIBUTES.iter().find(|(element, _)| *element == name).map_or(&[][..], |(_, a)| a);
    let mut written = 0;
    let mut at = name_end;
    let end = loop {
        let Some((attribute, next)) = attribute(page, at) else { break at };
        if urls.iter().any(|url| attribute.name.eq_ignore_ascii_case(url)) {
            let (start, end) = attribute.value;
            out.push_str(&page[written..start]);
            out.push_str(&lead(&page[start..end]));
            written = end;
        }
        at = next;
    };
    let mut end = page[end..].find('>').map_or(page.len(), |more| end + more + 1);
    if TEXT_ONLY.contains(&name.as_str()) {
        let closing = format!("</{name}");
        let text = page[end..].to_ascii_lowercase();
        end += text.find(&closing).unwrap_or(text.len());
    }
    out.push_str(&page[written..end]);
    end
}

struct Attribute<'a> {
    name: &'a str,
    /// From where to where.
    value: (usize, usize),
}

/// The attribute at or behind `at`, and where to go on; `None` at the tag's end.
fn attribute(page: &str, at: usize) -> Option<(Attribute<'_>, usize)> {
    let is_space = |c: char| c.is_ascii_whitespace() || c == '/';
    let start = at + page[at..].find(|c| !is_space(c))?;
    if page[start..].starts_with('>') {
        return None;
    }
    let ends_name = |c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '/');
    // A name is at least one character long, even if that is a stray sign of equality.
    let first = page[start..].chars().next()?.len_utf8();
    let name_end = start + first + page[start + first..].find(ends_name)?;
    let name = &page[start..name_end];
    let behind = name_end + page[name_end..].find(|c: char| !c.is_ascii_whitespace())?;
    if !page[behind..].starts_with('=') {
        return Some((Attribute { name, value: (name_end, name_end) }, name_end));
    }
    let value = behind + 1 + page[behind + 1..].find(|c: char| !c.is_ascii_whitespace())?;
    let (start, end, next) = match page.as_bytes()[value] {
        quote @ (b'"' | b'\'') => {
            let end = value + 1 + page[value + 1..].find(char::from(quote))?;
            (value + 1, end, end + 1)
        }
        _ => {
            let ends = |c: char| c.is_ascii_whitespace() || c == '>';
            let end = value + page[value..].find(ends)?;
            (value, end, end)
        }
    };
    Some((Attribute { name, value: (start, end) }, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_of_start_tags_change() {
        let table = [
            (r#"<a href="/x">y</a>"#, r#"<a href="[/x]">y</a>"#),
            ("<A class=c HREF = '/x' id=d>", "<A class=c HREF = '[/x]' id=d>"),
            ("<img src=/x><br/>", "<img src=[/x]><br/>"),
            ("<img alt src=/x />", "<img alt src=[/x] />"),
            (r#"<p title="/x">/y</p>"#, r#"<p title="/x">/y</p>"#),
            (r#"<!-- <a href="/x"> -->"#, r#"<!-- <a href="/x"> -->"#),
            (
                r#"<script src="/s">if (a<b) '<a href="/x">'</script><a href="/z">"#,
                r#"<script src="[/s]">if (a<b) '<a href="/x">'</script><a href="[/z]">"#,
            ),
            (r#"<a href="/x"#, r#"<a href="/x"#),
            ("a < b, <3", "a < b, <3"),
            (r#"é<a title="é>" href="/é">é"#, r#"é<a title="é>" href="[/é]">é"#),
            ("<a =/x href=/y>", "<a =/x href=[/y]>"),
        ];
        for (page, wanted) in table {
            assert_eq!(rewrite(page, |url| format!("[{url}]")), wanted, "{page}");
        }
    }
}
