//! `IntOrString`: a number, or a share of a total such as `25%`.
//!
//! Mirrors `k8s.io/apimachinery/pkg/util/intstr`.

use crate::quote::quoted;
use serde_json::Value;

/// The number that a value stands for, given the total that `%` refers to.
///
/// # Errors
/// In upstream's words, where the value is neither a number nor a percentage.
pub fn scaled(value: &Value, total: i64, round_up: bool) -> Result<i64, String> {
    let text = match value {
        Value::Number(number) => return Ok(number.as_i64().unwrap_or_default()),
        Value::String(text) => text,
        Value::Null => return Err("nil value for IntOrString".into()),
        _ => {
            return Err(
                "invalid value for IntOrString: invalid type: neither int nor percentage".into()
            );
        }
    };
    let Some(digits) = text.strip_suffix('%') else {
        return Err(
            "invalid value for IntOrString: invalid type: string is not a percentage".into()
        );
    };
    let percent = atoi(digits).ok_or_else(|| {
        format!(
            "invalid value for IntOrString: invalid value {}: strconv.Atoi: parsing {}: invalid \
             syntax",
            quoted(text),
            quoted(digits)
        )
    })?;
    let product = i128::from(percent) * i128::from(total);
    let floor = product.div_euclid(100);
    let up = i128::from(round_up && product.rem_euclid(100) != 0);
    i64::try_from(floor + up).map_err(|_| "invalid value for IntOrString: out of range".into())
}

/// The plain number: a text is read as one, and is 0 where it is none.
pub fn int_value(value: &Value) -> i64 {
    match value {
        Value::String(text) => atoi(text).unwrap_or_default(),
        other => other.as_i64().unwrap_or_default(),
    }
}

/// Whether the value is a percentage such as `25%`, as `validation.IsValidPercent` asks.
pub fn is_percent(value: &Value) -> bool {
    value
        .as_str()
        .and_then(|text| text.strip_suffix('%'))
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Go's `strconv.Atoi`, which takes one sign.
fn atoi(text: &str) -> Option<i64> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{int_value, is_percent, scaled};
    use serde_json::json;

    #[test]
    fn values_scale_and_round() {
        for (value, total, up, expected) in [
            (json!(3), 10, true, Ok(3)),
            (json!("25%"), 10, true, Ok(3)),
            (json!("25%"), 10, false, Ok(2)),
            (json!("0%"), 10, true, Ok(0)),
            (json!("100%"), 7, false, Ok(7)),
            (json!("-25%"), 10, false, Ok(-3)),
            (
                json!("3"),
                10,
                true,
                Err("invalid value for IntOrString: invalid type: string is not a percentage"),
            ),
            (
                json!("x%"),
                10,
                true,
                Err("invalid value for IntOrString: invalid value \"x%\": strconv.Atoi: parsing \
                     \"x\": invalid syntax"),
            ),
            (json!(null), 10, true, Err("nil value for IntOrString")),
        ] {
            let got = scaled(&value, total, up);
            assert_eq!(got.as_ref().map(|v| *v).map_err(String::as_str), expected, "{value}");
        }
    }

    #[test]
    fn plain_numbers_and_percentages() {
        assert_eq!(int_value(&json!(8080)), 8080);
        assert_eq!(int_value(&json!("12")), 12);
        assert_eq!(int_value(&json!("http")), 0);
        assert!(is_percent(&json!("25%")));
        assert!(!is_percent(&json!("%")) && !is_percent(&json!("-1%")) && !is_percent(&json!(1)));
    }
}
