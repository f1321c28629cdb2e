//! A tree as YAML, byte for byte as upstream prints it: block style, sorted keys, lists at the
//! indent of their key, texts quoted where YAML 1.1 would read something else.
//!
//! Mirrors `sigs.k8s.io/yaml`, which prints by `go.yaml.in/yaml/v2`.

use super::plain::{self, Style};
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// Lines are folded at the first space behind this column.
const WIDTH_CHARS: usize = 80;
const INDENT_CHARS: usize = 2;
/// Longer keys stand on a line of their own, behind a `?`.
const SIMPLE_KEY_BYTES: usize = 128;

/// Appends a tree.
pub(super) fn push(out: &mut Vec<u8>, value: &Value) {
    let mut printer = Printer { out, column: 0, whitespace: true, indention: true };
    match value {
        Value::Object(map) if !map.is_empty() => printer.mapping(map, 0),
        Value::Array(items) if !items.is_empty() => printer.sequence(items, 0),
        other => printer.leaf(other, 0, false),
    }
    if printer.column > 0 {
        printer.line_break();
    }
}

/// The printer's place in a line. `indention` says that only indentation and indicators stand in
/// the line so far, `whitespace` that the last character was a space.
struct Printer<'o> {
    out: &'o mut Vec<u8>,
    column: usize,
    whitespace: bool,
    indention: bool,
}

impl Printer<'_> {
    fn mapping(&mut self, map: &Map<String, Value>, indent: usize) {
        let mut pairs: Vec<(&String, &Value)> = map.iter().collect();
        pairs.sort_by(|a, b| natural(a.0, b.0));
        for (key, value) in pairs {
            self.indent(indent);
            let simple = key.len() <= SIMPLE_KEY_BYTES && !plain::has_break(key);
            if simple {
                self.text(key, indent, true);
                self.put(b':');
            } else {
                self.indicator(b'?');
                self.text(key, indent, false);
                self.indent(indent);
                self.indicator(b':');
            }
            self.whitespace = false;
            self.indention = !simple;
            match value {
                Value::Object(map) if !map.is_empty() => {
                    self.mapping(map, indent + INDENT_CHARS);
                }
                // A list is not indented below its key.
                Value::Array(items) if !items.is_empty() => {
                    let deeper = if simple { 0 } else { INDENT_CHARS };
                    self.sequence(items, indent + deeper);
                }
                leaf => self.leaf(leaf, indent, false),
            }
        }
    }

    fn sequence(&mut self, items: &[Value], indent: usize) {
        for item in items {
            self.indent(indent);
            self.indicator(b'-');
            match item {
                Value::Object(map) if !map.is_empty() => {
                    self.mapping(map, indent + INDENT_CHARS);
                }
                Value::Array(items) if !items.is_empty() => {
                    self.sequence(items, indent + INDENT_CHARS);
                }
                leaf => self.leaf(leaf, indent, false),
            }
        }
    }

    fn leaf(&mut self, value: &Value, indent: usize, simple_key: bool) {
        match value {
            Value::String(text) => self.text(text, indent, simple_key),
            Value::Null => self.word("null"),
            Value::Bool(true) => self.word("true"),
            Value::Bool(false) => self.word("false"),
            Value::Number(number) => self.word(&plain::number(number)),
            Value::Object(_) => self.word("{}"),
            Value::Array(_) => self.word("[]"),
        }
    }

    fn word(&mut self, word: &str) {
        self.space();
        for byte in word.bytes() {
            self.put(byte);
        }
        self.whitespace = false;
        self.indention = false;
    }

    fn text(&mut self, text: &str, indent: usize, simple_key: bool) {
        let indent = indent + INDENT_CHARS;
        match plain::style(text, simple_key) {
            Style::Plain => self.plain(text, indent, !simple_key),
            Style::Single => self.single(text, indent, !simple_key),
            Style::Double => self.double(text, indent, !simple_key),
            Style::Literal => self.literal(text, indent),
        }
    }

    fn plain(&mut self, text: &str, indent: usize, may_fold: bool) {
        self.space();
        let mut spaces = false;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let is_space = c == ' ';
            let fold = may_fold && !spaces && self.column > WIDTH_CHARS;
            if is_space && fold && chars.peek() != Some(&' ') {
                self.indent(indent);
            } else {
                self.put_char(c);
                self.indention &= is_space;
            }
            spaces = is_space;
        }
        self.whitespace = false;
        self.indention = false;
    }

    fn single(&mut self, text: &str, indent: usize, may_fold: bool) {
        self.indicator(b'\'');
        let (mut spaces, mut breaks) = (false, false);
        let last = text.len().saturating_sub(1);
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if c == ' ' {
                let fold = may_fold && !spaces && self.column > WIDTH_CHARS && at > 0 && at < last;
                if fold && chars.peek().is_none_or(|(_, next)| *next != ' ') {
                    self.indent(indent);
                } else {
                    self.put_char(c);
                }
                spaces = true;
            } else if plain::is_break(c) {
                self.put_char(c);
                self.column = 0;
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.indent(indent);
                }
                if c == '\'' {
                    self.put(b'\'');
                }
                self.put_char(c);
                self.indention = false;
                spaces = false;
                breaks = false;
            }
        }
        self.put(b'\'');
        self.whitespace = false;
        self.indention = false;
    }

    fn double(&mut self, text: &str, indent: usize, may_fold: bool) {
        self.indicator(b'"');
        self.indention = false;
        let mut spaces = false;
        let last = text.len().saturating_sub(1);
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if let Some(escape) = plain::escape(c) {
                for byte in escape.bytes() {
                    self.put(byte);
                }
                spaces = false;
            } else if c == ' ' {
                if may_fold && !spaces && self.column > WIDTH_CHARS && at > 0 && at < last {
                    self.indent(indent);
                    if chars.peek().is_some_and(|(_, next)| *next == ' ') {
                        self.put(b'\\');
                    }
                    self.indention = false;
                } else {
                    self.put_char(c);
                }
                spaces = true;
            } else {
                self.put_char(c);
                spaces = false;
            }
        }
        self.put(b'"');
        self.whitespace = false;
        self.indention = false;
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.indicator(b'|');
        if text.starts_with(' ') || text.starts_with(plain::is_break) {
            self.put(b'0' + INDENT_CHARS as u8);
        }
        let mut from_end = text.chars().rev();
        match (from_end.next().is_some_and(plain::is_break), from_end.next()) {
            (false, _) => self.put(b'-'),
            (true, None) => self.put(b'+'),
            (true, Some(before)) if plain::is_break(before) => self.put(b'+'),
            (true, Some(_)) => {}
        }
        self.line_break();
        self.whitespace = true;
        let mut breaks = true;
        for c in text.chars() {
            if plain::is_break(c) {
                if c == '\n' {
                    self.line_break();
                } else {
                    self.put_char(c);
                    self.column = 0;
                    self.indention = true;
                }
                breaks = true;
            } else {
                if breaks {
                    self.indent(indent);
                }
                self.put_char(c);
                self.indention = false;
                breaks = false;
            }
        }
    }

    /// Begins a line at an indent, unless the line that there is has come no further.
    fn indent(&mut self, indent: usize) {
        let here = self.column == indent && !self.whitespace;
        if !self.indention || self.column > indent || here {
            self.line_break();
        }
        while self.column < indent {
            self.put(b' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn indicator(&mut self, byte: u8) {
        self.space();
        self.put(byte);
        self.whitespace = false;
        self.indention &= matches!(byte, b'-' | b'?' | b':');
    }

    fn space(&mut self) {
        if !self.whitespace {
            self.put(b' ');
        }
    }

    fn put(&mut self, byte: u8) {
        self.out.push(byte);
        self.column += 1;
    }

    fn put_char(&mut self, c: char) {
        self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        self.column += 1;
    }

    fn line_break(&mut self) {
        self.out.push(b'\n');
        self.column = 0;
        self.indention = true;
    }
}

/// The order of keys: letters behind everything else, digits by the number that they make.
fn natural(a: &str, b: &str) -> Ordering {
    let (left, right): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = left.iter().zip(&right).position(|(a, b)| a != b) else {
        return left.len().cmp(&right.len());
    };
    let (x, y) = (left[at], right[at]);
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => return x.cmp(&y),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // Zeroes count when they are inside of a number.
    let inside = left[..at].iter().rev().take_while(|c| c.is_ascii_digit()).any(|c| *c != '0');
    let start = i64::from((x == '0' || y == '0') && inside);
    let number = |chars: &[char]| {
        let digits: Vec<i64> =
            chars[at..].iter().map_while(|c| c.to_digit(10)).map(i64::from).collect();
        let value = digits.iter().fold(start, |n, d| n.wrapping_mul(10).wrapping_add(*d));
        (value, digits.len())
    };
    number(&left).cmp(&number(&right)).then(x.cmp(&y))
}
