//! JSON patch (RFC 6902), as `evanphx/json-patch` v4.13 applies it.
//!
//! Its own ways: negative indices count from the end; `replace` adds a missing member of an
//! object; `copy` of a missing member gives null; `test` takes a missing member for null.

use crate::PatchError;
use crate::limits::{JSON_PATCH_COPY_BYTES_MAX, JSON_PATCH_OPERATIONS_MAX};
use serde_json::{Map, Value};

/// Applies a list of operations to an object, all or none.
///
/// # Errors
/// Where the patch is no list of operations, has too many, or one of them fails.
pub fn apply(original: &Value, patch: &Value) -> Result<Value, PatchError> {
    let operations = operations(patch)?;
    if operations.len() > JSON_PATCH_OPERATIONS_MAX {
        return Err(PatchError::TooManyOperations {
            count: operations.len(),
            limit: JSON_PATCH_OPERATIONS_MAX,
        });
    }
    let mut document = Document { root: original.clone(), copied_bytes: 0 };
    for operation in operations {
        document.run(&operation).map_err(PatchError::Unfit)?;
    }
    Ok(document.root)
}

/// What strict field validation finds in a patch: members that no operation has.
pub fn unknown_fields(patch: &Value) -> Vec<String> {
    let operations = patch.as_array().into_iter().flatten().enumerate();
    operations
        .flat_map(|(i, operation)| {
            let members = operation.as_object().into_iter().flat_map(Map::keys);
            members
                .filter(|name| !matches!(name.as_str(), "op" | "path" | "from" | "value"))
                .map(move |name| format!("json patch unknown field \"[{i}].{name}\""))
        })
        .collect()
}

/// An operation's members; one that is null has none.
type Operation = Map<String, Value>;

fn operations(patch: &Value) -> Result<Vec<Operation>, PatchError> {
    let mistyped = |value: &Value, expected: &str| {
        PatchError::Malformed(format!(
            "error decoding patch: json: cannot unmarshal {} into Go {expected}",
            kind(value)
        ))
    };
    let items = match patch {
        Value::Array(items) => items.as_slice(),
        Value::Null => &[],
        other => return Err(mistyped(other, "value of type []handlers.jsonPatchOp")),
    };
    let mut operations = Vec::with_capacity(items.len());
    for item in items {
        let operation = match item {
            Value::Object(operation) => operation.clone(),
            Value::Null => Operation::new(),
            other => return Err(mistyped(other, "value of type handlers.jsonPatchOp")),
        };
        for member in ["op", "path", "from"] {
            match operation.get(member) {
                None | Some(Value::Null | Value::String(_)) => {}
                Some(other) => {
                    let field = format!("struct field jsonPatchOp.{member} of type string");
                    return Err(mistyped(other, &field));
                }
            }
        }
        operations.push(operation);
    }
    Ok(operations)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

struct Document {
    root: Value,
    copied_bytes: usize,
}

type Outcome<T = ()> = Result<T, String>;

impl Document {
    fn run(&mut self, operation: &Operation) -> Outcome {
        let verb = operation.get("op").and_then(Value::as_str).unwrap_or("unknown");
        match verb {
            "add" => {
                let path = pointer(operation, "path", verb)?;
                let value = operation.get("value").cloned().unwrap_or_default();
                self.add(verb, path, value)
            }
            "remove" => {
                let path = pointer(operation, "path", verb)?;
                self.take(verb, path).map(|_| ())
            }
            "replace" => self.replace(operation),
            "move" => {
                let from = pointer(operation, "from", verb)?;
                let value = self.take(verb, from)?;
                self.add(verb, pointer(operation, "path", verb)?, value)
            }
            "copy" => self.copy(operation),
            "test" => self.test(operation),
            other => Err(format!("Unexpected kind: {other}")),
        }
    }

    /// The container that a path's last part stands in, and that part.
    fn container(&mut self, verb: &str, path: &str) -> Outcome<(&mut Value, String)> {
        let missing = || {
            format!(
                "{verb} operation does not apply: doc is missing path: \"{path}\": missing value"
            )
        };
        let mut parts = path.split('/').map(unescape);
        let (_, Some(last)) = (parts.next(), parts.next_back()) else {
            return Err(missing());
        };
        let mut place = &mut self.root;
        for part in parts {
            place = match place {
                Value::Object(map) => map.get_mut(&part),
                Value::Array(items) => {
                    let index = index(&part, items.len()).map_err(|_| missing())?;
                    items.get_mut(index)
                }
                _ => None,
            }
            .ok_or_else(missing)?;
        }
        if place.is_object() || place.is_array() { Ok((place, last)) } else { Err(missing()) }
    }

    /// A value, none where an object lacks the member.
    fn get(&mut self, verb: &str, path: &str) -> Outcome<Option<Value>> {
        let (container, key) = self.container(verb, path)?;
        match container {
            Value::Object(map) => Ok(map.get(&key).cloned()),
            Value::Array(items) => {
                let index = index(&key, items.len())
                    .map_err(|e| format!("error in {verb} for path: '{path}': {e}"))?;
                Ok(Some(items[index].clone()))
            }
            _ => Ok(None),
        }
    }

    fn add(&mut self, verb: &str, path: &str, value: Value) -> Outcome {
        let (container, key) = self.container(verb, path)?;
        match container {
            Value::Object(map) => {
                map.insert(key, value);
            }
            Value::Array(items) if key == "-" => items.push(value),
            Value::Array(items) => {
                // One place more than there are items: the end can be added to.
                let index = index(&key, items.len() + 1)
                    .map_err(|e| format!("error in {verb} for path: '{path}': {e}"))?;
                items.insert(index, value);
            }
            _ => {}
        }
        Ok(())
    }

    fn take(&mut self, verb: &str, path: &str) -> Outcome<Value> {
        let (container, key) = self.container(verb, path)?;
        match container {
            Value::Object(map) => map.remove(&key).ok_or_else(|| {
                format!(
                    "error in {verb} for path: '{path}': Unable to remove nonexistent key: {key}: \
                     missing value"
                )
            }),
            Value::Array(items) => index(&key, items.len())
                .map(|index| items.remove(index))
                .map_err(|e| format!("error in {verb} for path: '{path}': {e}")),
            _ => Ok(Value::Null),
        }
    }

    fn replace(&mut self, operation: &Operation) -> Outcome {
        let path = pointer(operation, "path", "replace")?;
        let value = operation.get("value").cloned().unwrap_or_default();
        if path.is_empty() {
            if !(value.is_object() || value.is_array()) {
                return Err("replace operation value must be object or array".into());
            }
            self.root = value;
            return Ok(());
        }
        let (container, key) = self.container("replace", path)?;
        match container {
            Value::Object(map) => {
                map.insert(key, value);
            }
            Value::Array(items) => {
                let index = index(&key, items.len()).map_err(|_| {
                    format!(
                        "replace operation does not apply: doc is missing key: {path}: missing \
                         value"
                    )
                })?;
                items[index] = value;
            }
            _ => {}
        }
        Ok(())
    }

    fn copy(&mut self, operation: &Operation) -> Outcome {
        let from = pointer(operation, "from", "copy")?;
        let value = self.get("copy", from)?.unwrap_or_default();
        let path = pointer(operation, "path", "copy")?;
        self.copied_bytes += value.to_string().len();
        if self.copied_bytes > JSON_PATCH_COPY_BYTES_MAX {
            return Err(format!(
                "Unable to complete the copy, the accumulated size increase of copy is {}, \
                 exceeding the limit {JSON_PATCH_COPY_BYTES_MAX}",
                self.copied_bytes
            ));
        }
        self.add("copy", path, value)
    }

    fn test(&mut self, operation: &Operation) -> Outcome {
        let path = pointer(operation, "path", "test")?;
        let expected = operation.get("value").cloned().unwrap_or_default();
        let actual = if path.is_empty() {
            self.root.clone()
        } else {
            self.get("test", path)?.unwrap_or_default()
        };
        if actual == expected {
            Ok(())
        } else {
            Err(format!("testing value {path} failed: test failed"))
        }
    }
}

fn pointer<'a>(operation: &'a Operation, member: &str, verb: &str) -> Outcome<&'a str> {
    let text = operation.get(member).and_then(Value::as_str);
    text.ok_or_else(|| format!("{verb} operation failed to decode {member}: missing value"))
}

/// A place among so many; a negative one counts from the end.
fn index(key: &str, count: usize) -> Outcome<usize> {
    let number: i64 =
        key.parse().map_err(|_| format!("value was not a proper array index: '{key}'"))?;
    let place = if number < 0 { number + count as i64 } else { number };
    usize::try_from(place).ok().filter(|place| *place < count).ok_or_else(|| {
        format!("Unable to access invalid index: {number}: invalid index referenced")
    })
}

fn unescape(part: &str) -> String {
    // In one pass, so that `~01` is `~1`.
    let mut out = String::with_capacity(part.len());
    let mut rest = part;
    while let Some(at) = rest.find('~') {
        let (plain, escape) = rest.split_at(at);
        out.push_str(plain);
        let (c, length) = match escape.as_bytes().get(1) {
            Some(b'0') => ('~', 2),
            Some(b'1') => ('/', 2),
            _ => ('~', 1),
        };
        out.push(c);
        rest = &escape[length..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
