//! YAML as upstream takes it: the first document, turned into JSON, then read as JSON is.
//!
//! Mirrors `sigs.k8s.io/yaml`: YAML 1.1, where `yes` is true and `0644` is 420.

mod encode;
mod plain;

use crate::json::decode::{Decoded, decode_json, decode_json_free};
use crate::{DecodeError, Schema, TypeId, limits};
use serde_json::Value;
use serde_saphyr::{DuplicateKeyPolicy, Error};

/// Reads an object of a known type. A key that stands twice is a strict error, as it is in JSON.
///
/// # Errors
/// When the text is not YAML, or a value does not fit its field.
pub fn decode_yaml(schema: &Schema, root: TypeId, text: &[u8]) -> Result<Decoded, DecodeError> {
    let (json, strict) = read(text)?;
    decode_json(schema, root, &json).map(|decoded| with(strict, decoded))
}

/// Reads an object that no schema is known for.
///
/// # Errors
/// When the text is not YAML.
pub fn decode_yaml_free(text: &[u8]) -> Result<Decoded, DecodeError> {
    let (json, strict) = read(text)?;
    decode_json_free(&json).map(|decoded| with(strict, decoded))
}

/// Turns YAML into JSON; of a key that stands twice, the last one counts.
///
/// # Errors
/// When the text is not YAML.
pub fn yaml_to_json(text: &[u8]) -> Result<Vec<u8>, DecodeError> {
    read(text).map(|(json, _)| json)
}

/// Prints JSON as YAML: what upstream answers is made of the very JSON that it would answer.
///
/// # Errors
/// When the text is not JSON.
pub fn json_to_yaml(json: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let value: Value =
        serde_json::from_slice(json).map_err(|e| DecodeError::Syntax(e.to_string()))?;
    Ok(encode_yaml(&value))
}

/// Prints a tree, its keys sorted.
pub fn encode_yaml(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    encode::push(&mut out, value);
    out
}

fn with(strict: Option<String>, mut decoded: Decoded) -> Decoded {
    decoded.strict.splice(0..0, strict);
    decoded
}

/// The JSON of the first document, and the first key that stands twice in upstream's words.
fn read(text: &[u8]) -> Result<(Vec<u8>, Option<String>), DecodeError> {
    let (value, strict) = match document(text, DuplicateKeyPolicy::Error) {
        Ok(value) => (value, None),
        Err(error) => {
            let Some(strict) = duplicate(&error) else { return Err(wrong(&error)) };
            let value = document(text, DuplicateKeyPolicy::LastWins);
            (value.map_err(|error| wrong(&error))?, Some(strict))
        }
    };
    let mut json = Vec::with_capacity(text.len());
    crate::json::text::push_value(&mut json, &value);
    Ok((json, strict))
}

fn document(mut text: &[u8], duplicate_keys: DuplicateKeyPolicy) -> Result<Value, Error> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: limits::YAML_DEPTH,
            max_nodes: limits::YAML_NODES,
            max_events: 4 * limits::YAML_NODES,
        },
        duplicate_keys: duplicate_keys,
        legacy_octal_numbers: true,
        with_snippet: false,
    };
    let first = serde_saphyr::read_with_options(&mut text, options).next();
    first.unwrap_or(Ok(Value::Null))
}

fn wrong(error: &Error) -> DecodeError {
    DecodeError::Syntax(format!("yaml: {error}"))
}

fn duplicate(error: &Error) -> Option<String> {
    match error.without_snippet() {
        Error::DuplicateMappingKey { key, location } => Some(format!(
            "yaml: unmarshal errors:\n  line {}: key {} already set in map",
            location.line(),
            object::quote::quoted(key.as_deref().unwrap_or_default()),
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(yaml: &str) -> String {
        match yaml_to_json(yaml.as_bytes()) {
            Ok(json) => String::from_utf8(json).unwrap(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn yaml_1_1_becomes_json() {
        for (yaml, expected) in [
            ("a: 0644\nb: 0o17\nc: yes\nd: n\n", r#"{"a":420,"b":15,"c":true,"d":false}"#),
            ("e: off\nf: 1_000\ng: 0x1F\nh: 1e3\n", r#"{"e":false,"f":1000,"g":31,"h":1000}"#),
            (
                "i: 1.0\nj: ~\nk: 2020-01-01\nl: 12:30\n",
                r#"{"i":1,"j":null,"k":"2020-01-01","l":"12:30"}"#,
            ),
            ("m: .5\no: +1\np: 'on'\n", r#"{"m":0.5,"o":1,"p":"on"}"#),
            ("1: a\ntrue: b\n", r#"{"1":"a","true":"b"}"#),
            ("a: 1\nb: 2\na: 3\n", r#"{"a":3,"b":2}"#),
            ("a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n", r#"{"a":{"b":1},"c":{"b":1,"d":2}}"#),
            ("---\na: 1\n---\nb: 2\n", r#"{"a":1}"#),
            ("a: 1\n...\n", r#"{"a":1}"#),
            ("", "null"),
            ("# only\n", "null"),
            ("just text", r#""just text""#),
            ("a: |\n  x\n  y\nb: >\n  x\n  y\n", r#"{"a":"x\ny\n","b":"x y\n"}"#),
            ("a: !!str 5\n", r#"{"a":"5"}"#),
            (r#"{"a": 1, "b": [true, "\u00e9"]}"#, r#"{"a":1,"b":[true,"é"]}"#),
        ] {
            assert_eq!(json(yaml), expected, "{yaml}");
        }
    }

    #[test]
    fn broken_yaml_is_refused() {
        for yaml in ["a: [1, 2\n", "a: b: c\n", "a: *nope\n", "a: .inf\n"] {
            let error = json(yaml);
            assert!(error.starts_with("yaml: "), "{error}");
        }
        let bomb = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
        assert!(yaml_to_json(bomb.as_bytes()).is_err());
    }

    #[test]
    fn a_key_that_stands_twice_is_a_strict_error() {
        let decoded = decode_yaml_free(b"x:\n  a: 1\n  a: 2\n").unwrap();
        assert_eq!(decoded.value, serde_json::json!({"x": {"a": 2}}));
        assert_eq!(
            decoded.strict,
            ["yaml: unmarshal errors:\n  line 3: key \"a\" already set in map"]
        );
    }
}
