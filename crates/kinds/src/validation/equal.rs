//! Equality as upstream means it when it compares objects (`apiequality.Semantic`): absent,
//! null and empty are the same, and nothing else is.

use object::Value;

/// Whether two values mean the same.
pub fn semantically(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            let null = Value::Null;
            a.iter().all(|(key, value)| semantically(value, b.get(key).unwrap_or(&null)))
                && b.iter().all(|(key, value)| a.contains_key(key) || is_nothing(value))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(x, y)| semantically(x, y))
        }
        _ => one == other || (is_nothing(one) && is_nothing(other)),
    }
}

/// Absent, or holding nothing. Zero and false are something: a pointer to them is set.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.values().all(is_nothing),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::json;

    #[test]
    fn nothing_equals_nothing_but_zero_is_something() {
        for (one, other, same) in [
            (json!({"a": []}), json!({}), true),
            (json!({"a": {"b": null}}), json!({"a": {}}), true),
            (json!({"a": 0}), json!({}), false),
            (json!({"a": false}), json!({}), false),
            (json!([1]), json!([]), false),
            (json!({"a": "x"}), json!({"a": "y"}), false),
        ] {
            assert_eq!(semantically(&one, &other), same, "{one} {other}");
        }
    }
}
