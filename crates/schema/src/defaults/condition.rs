//! The `when` of a rule: a field that equals a constant, or doesn't.

use super::Object;
use crate::Text;
use object::Value;

/// A comparison of a field with a constant.
#[derive(Debug)]
pub(super) struct Condition {
    path: Vec<Text>,
    equal: bool,
    value: Value,
}

impl Condition {
    /// Reads `spec.type=="RollingUpdate"` or `spec.policy!=null`.
    pub(super) fn parse(text: Text) -> Option<Self> {
        let (path, value, equal) = match (text.split_once("=="), text.split_once("!=")) {
            (Some((path, value)), _) => (path, value, true),
            (None, Some((path, value))) => (path, value, false),
            (None, None) => return None,
        };
        let value = serde_json::from_str(value).ok()?;
        Some(Self { path: path.split('.').collect(), equal, value })
    }

    /// Whether it holds now.
    pub(super) fn holds(&self, object: &Object) -> bool {
        let mut steps = self.path.iter();
        let first = steps.next().and_then(|name| object.get(*name));
        let found = steps.fold(first, |value, name| value?.get(*name));
        let found = match found {
            Some(Value::String(text)) if text.is_empty() => None,
            Some(Value::Array(items)) if items.is_empty() => None,
            found => found,
        };
        (found.unwrap_or(&Value::Null) == &self.value) == self.equal
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::json;

    #[test]
    fn what_holds() {
        let object = json!({"a": {"b": "x", "none": "", "list": [], "flag": {}}});
        for (text, expected) in [
            (r#"a.b=="x""#, true),
            (r#"a.b!="x""#, false),
            ("a.none==null", true),
            ("a.list==null", true),
            ("a.flag!=null", true),
            ("a.b.c==null", true),
            ("z==null", true),
        ] {
            let condition = Condition::parse(text).expect(text);
            assert_eq!(condition.holds(object.as_object().expect("an object")), expected, "{text}");
        }
        assert!(Condition::parse("a").is_none());
    }
}
