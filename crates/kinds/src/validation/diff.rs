//! What differs between two values, for people who are told that nothing may. Upstream prints
//! what `k8s.io/apimachinery/pkg/util/diff` makes of its structs; the lines here are in its
//! manner, not byte for byte.

use super::equal;
use object::Value;
use std::fmt::Write;

/// The fields that differ, one a line: `-` as it was, `+` as it is.
pub(crate) fn diff(old: &Value, new: &Value) -> String {
    let mut out = String::new();
    walk(&mut out, &mut String::new(), old, new);
    out
}

fn walk(out: &mut String, path: &mut String, old: &Value, new: &Value) {
    if equal::semantically(old, new) {
        return;
    }
    let length = path.len();
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
                walk(
                    out,
                    path,
                    a.get(key).unwrap_or(&Value::Null),
                    b.get(key).unwrap_or(&Value::Null),
                );
                path.truncate(length);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (old, new)) in a.iter().zip(b).enumerate() {
                path.push_str(&format!("[{index}]"));
                walk(out, path, old, new);
                path.truncate(length);
            }
        }
        _ => {
            // Writing into a text can't fail.
            let _ = writeln!(out, "- {path}: {old}\n+ {path}: {new}");
        }
    }
}
