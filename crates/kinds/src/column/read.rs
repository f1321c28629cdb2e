//! Reading a tree as Go's structs would: what is absent is the zero value.

use object::Value;

/// A string; empty where absent.
pub(crate) fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A whole number; 0 where absent.
pub(crate) fn int_of(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

/// A boolean; false where absent.
pub(crate) fn flag_of(value: &Value) -> bool {
    value.as_bool().unwrap_or_default()
}

/// The items of a list; none where absent.
pub(crate) fn items(value: &Value) -> impl DoubleEndedIterator<Item = &Value> + Clone {
    value.as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

/// How many items a list, or pairs a map, has.
pub(crate) fn count(value: &Value) -> i64 {
    let count = match value {
        Value::Array(items) => items.len(),
        Value::Object(pairs) => pairs.len(),
        _ => 0,
    };
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A text, or what stands for none.
pub(crate) fn or<'a>(text: &'a str, none: &'a str) -> &'a str {
    if text.is_empty() { none } else { text }
}

/// A string that Go points to, or what stands for none: an empty one is told as such.
pub(crate) fn told<'a>(value: &'a Value, none: &'a str) -> &'a str {
    value.as_str().unwrap_or(none)
}

/// The condition of a type.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    items(&object["status"]["conditions"]).find(|condition| condition["type"] == kind)
}

/// Whether the condition of a type is there and `True`.
pub(crate) fn is_true(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|condition| condition["status"] == "True")
}

/// Whether deletion has begun.
pub(crate) fn is_deleted(object: &Value) -> bool {
    object::meta::deletion_timestamp(object).is_some()
}
