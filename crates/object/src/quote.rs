//! How Go prints values inside sentences: `%q` for texts, `encoding/json` for the rest; and how a
//! sentence is kept from being taken for HTML.
//!
//! Not a JSON encoder for answers; that is the `codec` crate.

use serde_json::Value;
use std::fmt::Write;

/// A text between double quotes, escaped as Go's `strconv.Quote` does.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        push_escaped(&mut out, c);
    }
    out.push('"');
    out
}

/// A text that no browser takes for HTML, as upstream escapes what it repeats of a request.
pub fn harmless(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn push_escaped(out: &mut String, c: char) {
    let short = match c {
        '"' => Some("\\\""),
        '\\' => Some("\\\\"),
        '\u{7}' => Some("\\a"),
        '\u{8}' => Some("\\b"),
        '\u{c}' => Some("\\f"),
        '\n' => Some("\\n"),
        '\r' => Some("\\r"),
        '\t' => Some("\\t"),
        '\u{b}' => Some("\\v"),
        _ => None,
    };
    let code = u32::from(c);
    // Writing into a String can't fail, so the results are of no interest.
    let _ = match short {
        Some(short) => out.write_str(short),
        None if code < 0x20 || code == 0x7f => write!(out, "\\x{code:02x}"),
        None if is_unprintable(c) && code < 0x1_0000 => write!(out, "\\u{code:04x}"),
        None if is_unprintable(c) => write!(out, "\\U{code:08x}"),
        None => out.write_char(c),
    };
}

/// The controls, separators and format characters outside ASCII that Go doesn't print as such.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}')
}

/// A text between double quotes as Go's package `time` has it in its refusals: what is not ASCII
/// stands as bytes.
pub(crate) fn quoted_bytes(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for b in text.bytes() {
        // Writing into a String can't fail.
        let _ = match b {
            b'"' | b'\\' => write!(out, "\\{}", char::from(b)),
            b' '..0x80 => write!(out, "{}", char::from(b)),
            _ => write!(out, "\\x{b:02x}"),
        };
    }
    out.push('"');
    out
}

/// A value as Go's `json.Marshal` prints it: compact, with `<`, `>` and `&` escaped.
pub fn json_text(value: &Value) -> String {
    let text = value.to_string();
    if !text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing into a String can't fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{json_text, quoted};
    use serde_json::json;

    #[test]
    fn texts_are_quoted_as_go_does() {
        for (text, expected) in [
            ("plain", r#""plain""#),
            ("it's \"so\"", r#""it's \"so\"""#),
            ("a\tb\n\\", r#""a\tb\n\\""#),
            ("\u{0}\u{7}\u{7f}", r#""\x00\a\x7f""#),
            ("é 日本", r#""é 日本""#),
            ("\u{85}\u{a0}\u{200b}", r#""\u0085\u00a0\u200b""#),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }

    #[test]
    fn values_are_printed_as_go_marshals() {
        assert_eq!(json_text(&json!({"b": [1, "<&>"], "a": null})), {
            r#"{"a":null,"b":[1,"\u003c\u0026\u003e"]}"#
        });
    }
}
