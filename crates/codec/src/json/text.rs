//! JSON text as Go's `encoding/json` writes it: escaped `<`, `>`, `&`, U+2028 and U+2029, Go's
//! floats, no spaces. Knows no schema.

use std::io::Write as _;

/// What a byte of a text needs: 0 nothing, 1 a look at what follows (U+2028 and U+2029), `u` a
/// `\u00xx`, anything else that letter behind a backslash.
const ESCAPES: [u8; 256] = {
    let mut table = [0u8; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = b'u';
        byte += 1;
    }
    table[b'\n' as usize] = b'n';
    table[b'\r' as usize] = b'r';
    table[b'\t' as usize] = b't';
    table[0x08] = b'b';
    table[0x0c] = b'f';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table[b'<' as usize] = b'u';
    table[b'>' as usize] = b'u';
    table[b'&' as usize] = b'u';
    table[0xe2] = 1;
    table
};
const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends a string with its quotes.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut kept = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let escape = ESCAPES[usize::from(byte)];
        if escape == 0 {
            continue;
        }
        if escape == 1 {
            if let Some(letter) = separator(&bytes[at..]) {
                out.extend_from_slice(&bytes[kept..at]);
                out.extend_from_slice(b"\\u202");
                out.push(letter);
                kept = at + 3;
            }
            continue;
        }
        out.extend_from_slice(&bytes[kept..at]);
        kept = at + 1;
        out.push(b'\\');
        out.push(escape);
        if escape == b'u' {
            push_low_byte(out, byte);
        }
    }
    out.extend_from_slice(&bytes[kept..]);
    out.push(b'"');
}

/// The last digit of U+2028 or U+2029 where the bytes begin with one.
fn separator(bytes: &[u8]) -> Option<u8> {
    match bytes {
        [0xe2, 0x80, 0xa8, ..] => Some(b'8'),
        [0xe2, 0x80, 0xa9, ..] => Some(b'9'),
        _ => None,
    }
}

fn push_low_byte(out: &mut Vec<u8>, byte: u8) {
    out.extend_from_slice(b"00");
    out.push(HEX[usize::from(byte >> 4)]);
    out.push(HEX[usize::from(byte & 15)]);
}

/// Appends an integer.
pub(crate) fn push_int(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    push_uint(out, number.unsigned_abs());
}

/// Appends an integer without a sign.
pub(crate) fn push_uint(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a float as Go does: the shortest digits, an exponent only below 1e-6 and from 1e21.
pub(crate) fn push_float(out: &mut Vec<u8>, number: f64) {
    let size = number.abs();
    push_digits(out, number, size != 0.0 && !(1e-6..1e21).contains(&size));
}

/// Appends a `float32`, whose shortest digits are fewer.
pub(crate) fn push_float32(out: &mut Vec<u8>, number: f32) {
    let size = number.abs();
    push_digits(out, number, size != 0.0 && !(1e-6..1e21).contains(&size));
}

fn push_digits(
    out: &mut Vec<u8>,
    number: impl std::fmt::Display + std::fmt::LowerExp,
    exponent: bool,
) {
    if !exponent {
        write!(out, "{number}").expect("writing to memory");
        return;
    }
    let text = format!("{number:e}");
    out.extend_from_slice(
        match text.contains("e-") {
            true => text,
            false => text.replace('e', "e+"),
        }
        .as_bytes(),
    );
}

/// Appends the text of a number that a tree holds.
pub(crate) fn push_number(out: &mut Vec<u8>, number: &serde_json::Number) {
    if let Some(int) = number.as_i64() {
        push_int(out, int);
    } else if let Some(int) = number.as_u64() {
        push_uint(out, int);
    } else if let Some(float) = number.as_f64() {
        push_float(out, float);
    }
}

/// Appends any tree, its keys sorted as Go sorts a map's.
pub(crate) fn push_value(out: &mut Vec<u8>, value: &serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => push_number(out, number),
        Value::String(text) => push_string(out, text),
        Value::Array(items) => {
            out.push(b'[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                push_value(out, item);
            }
            out.push(b']');
        }
        Value::Object(map) => {
            out.push(b'{');
            for (place, (key, item)) in sorted(map).enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                push_string(out, key);
                out.push(b':');
                push_value(out, item);
            }
            out.push(b'}');
        }
    }
}

/// A map's pairs in order of their keys' bytes, which is the order that a [`serde_json::Map`]
/// keeps as long as nothing in the build asks for another.
pub(crate) fn sorted(
    map: &serde_json::Map<String, serde_json::Value>,
) -> impl Iterator<Item = (&String, &serde_json::Value)> {
    map.iter()
}

/// Appends JSON text without its spaces and with `<`, `>`, `&` and the two separators escaped, as
/// Go does with what a `Marshaler` returns. The text must be valid JSON.
pub(crate) fn push_compact(out: &mut Vec<u8>, text: &[u8]) {
    let mut kept = 0;
    let mut in_string = false;
    let mut escaped = false;
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'<' | b'>' | b'&' => {
                out.extend_from_slice(&text[kept..at]);
                out.extend_from_slice(b"\\u");
                push_low_byte(out, byte);
                kept = at + 1;
            }
            0xe2 => {
                if let Some(letter) = separator(&text[at..]) {
                    out.extend_from_slice(&text[kept..at]);
                    out.extend_from_slice(b"\\u202");
                    out.push(letter);
                    kept = at + 3;
                }
            }
            b' ' | b'\t' | b'\n' | b'\r' if !in_string => {
                out.extend_from_slice(&text[kept..at]);
                kept = at + 1;
            }
            b'"' if !escaped => in_string = !in_string,
            _ => {}
        }
        escaped = in_string && byte == b'\\' && !escaped;
    }
    out.extend_from_slice(&text[kept.min(text.len())..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_are_escaped_as_go_escapes() {
        for (text, json) in [
            ("plain", r#""plain""#),
            ("a\"b\\c", r#""a\"b\\c""#),
            ("<a>&b", r#""\u003ca\u003e\u0026b""#),
            ("\u{8}\u{c}\n\r\t\u{1}\u{1f}\u{7f}", "\"\\b\\f\\n\\r\\t\\u0001\\u001f\u{7f}\""),
            ("x\u{2028}y\u{2029}\u{2030}é", "\"x\\u2028y\\u2029\u{2030}é\""),
        ] {
            assert_eq!(written(|out| push_string(out, text)), json);
        }
    }

    #[test]
    fn floats_are_written_as_go_writes() {
        for (number, json) in [
            (0.0, "0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e300, "1.5e+300"),
            (1e-6, "0.000001"),
            (1.25e-7, "1.25e-7"),
            (-0.0, "-0"),
        ] {
            assert_eq!(written(|out| push_float(out, number)), json);
        }
        assert_eq!(written(|out| push_float32(out, 0.1)), "0.1");
    }

    #[test]
    fn integers() {
        for number in [0, 7, -1, 10, 1234567890, i64::MIN, i64::MAX] {
            assert_eq!(written(|out| push_int(out, number)), number.to_string());
        }
    }

    #[test]
    fn compaction_keeps_what_is_in_strings() {
        let text = "{ \"a b\" : [ 1 ,\n\"\\\" <\\\\\" ] }\t";
        assert_eq!(
            written(|out| push_compact(out, text.as_bytes())),
            "{\"a b\":[1,\"\\\" \\u003c\\\\\"]}"
        );
    }
}
