//! How secrets differ while they are written. Mirrors `pkg/registry/core/secret`. What a secret
//! holds never gets into a complaint.

use crate::Context;
use crate::validation::{At, text};
use object::{FieldErrors, Value, names};

const SIZE_BYTES: usize = 1 << 20;
const FROZEN: &str = "field is immutable when `immutable` is set";
const REDACTED: &str = "<secret contents redacted>";

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn prepare_update(&self, object: &mut Value, old: &Value, _context: &Context) {
        let kind = object["type"].as_str().unwrap_or_default();
        if kind.is_empty() && !old["type"].is_null() {
            object["type"] = old["type"].clone();
        }
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        secret(object, errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        _context: &Context,
        errors: &mut FieldErrors,
    ) {
        let (new, was) = (At::root(object), At::root(old));
        let kind = new.get("type");
        if kind.text() != was.get("type").text() {
            kind.invalid_as(errors, kind.text(), text::IMMUTABLE);
        }
        frozen(&new, &was, &["data"], errors);
        secret(object, errors);
    }
}

/// What may not change once `immutable` is set.
pub(crate) fn frozen(
    new: &At<'_>,
    old: &At<'_>,
    fields: &[&'static str],
    errors: &mut FieldErrors,
) {
    if !old.get("immutable").flag() {
        return;
    }
    if !new.get("immutable").flag() {
        new.get("immutable").forbidden(errors, FROZEN);
    }
    for field in fields {
        let (now, was) = (new.get(field), old.get(field));
        if now.value != was.value && !(now.is_empty() && was.is_empty()) {
            now.forbidden(errors, FROZEN);
        }
    }
}

/// The bytes behind base64, without decoding them.
pub(crate) fn decoded_bytes(base64: &str) -> usize {
    let padding = base64.bytes().rev().take_while(|b| *b == b'=').count();
    (base64.len() / 4 * 3).saturating_sub(padding)
}

fn secret(object: &Value, errors: &mut FieldErrors) {
    let root = At::root(object);
    let data = root.get("data");
    let mut size_bytes = 0;
    for (key, value) in data.entries() {
        for complaint in names::config_map_key(key) {
            value.invalid_as(errors, key, complaint);
        }
        size_bytes += decoded_bytes(value.text());
    }
    if size_bytes > SIZE_BYTES {
        data.too_long(errors, SIZE_BYTES);
    }
    let need = |key: &'static str, errors: &mut FieldErrors| {
        let there = data.value.get(key).is_some();
        if !there {
            data.key(key).required(errors, "");
        }
        there
    };
    match root.get("type").text() {
        "kubernetes.io/service-account-token" => {
            let annotations = root.get("metadata.annotations");
            annotations.key("kubernetes.io/service-account.name").require(errors);
        }
        "kubernetes.io/dockercfg" => json_object(&data, ".dockercfg", errors),
        "kubernetes.io/dockerconfigjson" => json_object(&data, ".dockerconfigjson", errors),
        "kubernetes.io/basic-auth" => {
            let has = |key| data.value.get(key).is_some();
            if !has("username") && !has("password") {
                need("username", errors);
                need("password", errors);
            }
        }
        "kubernetes.io/ssh-auth" => {
            data.key("ssh-privatekey").require(errors);
        }
        "kubernetes.io/tls" => {
            need("tls.crt", errors);
            need("tls.key", errors);
        }
        _ => {}
    }
}

fn json_object(data: &At<'_>, key: &'static str, errors: &mut FieldErrors) {
    let at = data.key(key);
    if !at.is_set() {
        at.required(errors, "");
        return;
    }
    let text = super::base64::decode(at.text());
    let complaint = match serde_json::from_slice::<Value>(&text) {
        Ok(Value::Object(_) | Value::Null) => return,
        Ok(other) => format!(
            "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            match other {
                Value::Array(_) => "array",
                Value::String(_) => "string",
                Value::Bool(_) => "bool",
                _ => "number",
            }
        ),
        Err(_) => super::go_json::complaint(&text),
    };
    at.invalid_as(errors, REDACTED, complaint);
}
