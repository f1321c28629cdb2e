//! One flag's text to a value, with Go's sentences for what can't be read.

use super::{Kind, duration};
use std::time::Duration;

/// What stands for a flag.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Bool(bool),
    Text(String),
    Int(i64),
    Float(f64),
    Duration(Duration),
    List(Vec<String>),
    Pairs(Vec<(String, String)>),
}

impl Value {
    /// `text` by itself, as a default is read.
    pub(super) fn read(kind: Kind, text: &str) -> Result<Self, String> {
        Ok(match kind {
            Kind::Bool => Self::Bool(if text.is_empty() { false } else { boolean(text)? }),
            Kind::Text | Kind::TextOrAlone(_) => Self::Text(text.to_owned()),
            Kind::Int => Self::Int(if text.is_empty() { 0 } else { integer(text)? }),
            Kind::Float => Self::Float(if text.is_empty() { 0.0 } else { float(text)? }),
            Kind::Duration => Self::Duration(match text {
                "" => Duration::ZERO,
                text => duration::parse(text)?,
            }),
            Kind::List => Self::List(split(text)?),
            Kind::Repeated if text.is_empty() => Self::List(Vec::new()),
            Kind::Repeated => Self::List(vec![text.to_owned()]),
            Kind::Pairs => {
                Self::Pairs(pairs(
                    text,
                    |_| Err("malformed pair, expect string=string".to_owned()),
                )?)
            }
            Kind::Settings => Self::Pairs(pairs(text, |_| Ok(String::new()))?),
            Kind::Switches => {
                let mut read = pairs(text, |name| Err(format!("missing bool value for {name}")))?;
                for (name, value) in &mut read {
                    // Upstream's name for all of these programs, which may stand in front.
                    if let Some(bare) = name.strip_prefix("kube:") {
                        *name = bare.to_owned();
                    }
                    boolean(value)
                        .map_err(|why| format!("invalid value of {name}={value}, err: {why}"))?;
                }
                Self::Pairs(read)
            }
        })
    }

    /// Takes a further use of the same flag: lists and maps grow, the rest is replaced.
    pub(super) fn take(&mut self, newer: Self, first: bool) {
        match (&mut *self, newer) {
            (Self::List(old), Self::List(new)) if !first => old.extend(new),
            (Self::Pairs(old), Self::Pairs(new)) if !first => {
                for (key, value) in new {
                    old.retain(|(known, _)| *known != key);
                    old.push((key, value));
                }
            }
            (old, newer) => *old = newer,
        }
    }
}

/// The word that `--help` shows after the flag.
pub(super) fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "",
        Kind::Text => "string",
        Kind::TextOrAlone(_) => "string[=\"true\"]",
        Kind::Int => "int",
        Kind::Float => "float",
        Kind::Duration => "duration",
        Kind::List => "strings",
        Kind::Repeated => "stringArray",
        Kind::Pairs | Kind::Settings => "mapStringString",
        Kind::Switches => "mapStringBool",
    }
}

/// A truth value, as `strconv.ParseBool` reads it.
///
/// # Errors
/// Go's sentence for what is none.
pub fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {text:?}: invalid syntax")),
    }
}

fn integer(text: &str) -> Result<i64, String> {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    let digits = text.replace('_', "");
    let (sign, bare) = match digits.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", digits.strip_prefix('+').unwrap_or(&digits)),
    };
    let (radix, bare) = match bare.get(..2) {
        Some("0x" | "0X") => (16, &bare[2..]),
        Some("0b" | "0B") => (2, &bare[2..]),
        Some("0o" | "0O") => (8, &bare[2..]),
        _ if bare.len() > 1 && bare.starts_with('0') => (8, &bare[1..]),
        _ => (10, bare),
    };
    i64::from_str_radix(&format!("{sign}{bare}"), radix).map_err(|error| match error.kind() {
        PosOverflow | NegOverflow => {
            format!("strconv.ParseInt: parsing {text:?}: value out of range")
        }
        _ => format!("strconv.ParseInt: parsing {text:?}: invalid syntax"),
    })
}

fn float(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("strconv.ParseFloat: parsing {text:?}: invalid syntax"))
}

/// One line of comma-separated values, with double quotes around those that hold a comma.
fn split(text: &str) -> Result<Vec<String>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut items = Vec::new();
    let mut rest = text;
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut item = String::new();
            let mut from = quoted;
            rest = loop {
                let (part, after) = from
                    .split_once('"')
                    .ok_or("parse error on line 1: extraneous or missing \" in quoted-field")?;
                item.push_str(part);
                match after.strip_prefix('"') {
                    Some(after) => {
                        item.push('"');
                        from = after;
                    }
                    None => break after,
                }
            };
            items.push(item);
            match rest.strip_prefix(',') {
                Some(after) => rest = after,
                None if rest.is_empty() => return Ok(items),
                None => {
                    let why = "parse error on line 1: extraneous or missing \" in quoted-field";
                    return Err(why.to_owned());
                }
            }
        } else {
            match rest.split_once(',') {
                Some((item, after)) => {
                    items.push(item.to_owned());
                    rest = after;
                }
                None => {
                    items.push(rest.to_owned());
                    return Ok(items);
                }
            }
        }
    }
}

fn pairs(
    text: &str,
    alone: impl Fn(&str) -> Result<String, String>,
) -> Result<Vec<(String, String)>, String> {
    let mut out: Vec<(String, String)> = Vec::new();
    for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let (key, value) = match item.split_once('=') {
            Some((key, value)) => (key.trim(), value.trim().to_owned()),
            None => (item, alone(item)?),
        };
        out.retain(|(known, _)| known != key);
        out.push((key.to_owned(), value));
    }
    Ok(out)
}
