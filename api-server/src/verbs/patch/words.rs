//! How a strategic merge patch that does not fit is spoken of. Upstream goes from the merged map to
//! its structs without JSON in between, and shows the patch where other patches show the object.
//!
//! Mirrors the errors of `FromUnstructured` (`k8s.io/apimachinery/pkg/runtime/converter.go`) and
//! Go's `%+v`. Names of Go's own types for texts are not known here: those are `string`.

use object::Value;

/// What Go calls this value's JSON type, where an object should be; `None` of an object, and of
/// null, which is an empty one.
pub(super) fn no_object(value: &Value) -> Option<String> {
    let found = match value {
        Value::Object(_) | Value::Null => return None,
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Number(_) => "number",
        Value::Bool(_) => "bool",
    };
    Some(format!("json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"))
}

/// A tree as Go's `%+v` prints it.
pub(super) fn printed(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(printed).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(fields) => {
            let mut fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name}:{}", printed(value))).collect();
            fields.sort_unstable();
            format!("map[{}]", fields.join(" "))
        }
        other => other.to_string(),
    }
}

/// The converter's words for what the JSON reader says as `json: cannot unmarshal A into Go B of
/// type C`.
pub(super) fn of_converter(why: &str) -> String {
    if why.starts_with("illegal base64 data") {
        return format!("error decoding from json: {why}");
    }
    let parts = why.strip_prefix("json: cannot unmarshal ").and_then(|rest| {
        let (value, place) = rest.split_once(" into Go ")?;
        // No field's own: a type that reads itself has said so.
        (!place.starts_with("value ")).then_some(())?;
        Some((value, place.rsplit_once(" of type ")?.1))
    });
    let Some((value, wanted)) = parts else { return why.to_owned() };
    let (value, digits) = value.split_once(' ').unwrap_or((value, ""));
    let found = match value {
        "number" if digits.contains(['.', 'e', 'E']) => "float64",
        "number" => "int64",
        "object" => "map",
        "array" => "slice",
        other => other,
    };
    if wanted.starts_with("[]") {
        format!("cannot restore slice from {found}")
    } else if wanted.starts_with("map[") {
        format!("cannot restore map from {found}")
    } else if wanted.contains('.') {
        format!("cannot restore struct from: {found}")
    } else if value == "number" && wanted != "bool" {
        format!("cannot convert {found} to {wanted}")
    } else {
        format!("unrecognized type: {wanted}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::json;

    #[test]
    fn what_does_not_fit_is_told_as_the_converter_does() {
        // Recorded from upstream v1.36.3.
        for (reader, converter) in [
            (
                "string into Go struct field DeploymentSpec.spec.replicas of type int32",
                "unrecognized type: int32",
            ),
            (
                "number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
                "cannot convert float64 to int32",
            ),
            (
                "number into Go struct field ObjectMeta.metadata.labels of type string",
                "cannot convert int64 to string",
            ),
            (
                "object into Go struct field ConfigMap.data of type string",
                "unrecognized type: string",
            ),
            (
                "number into Go struct field ConfigMap.immutable of type bool",
                "unrecognized type: bool",
            ),
            (
                "array into Go struct field ConfigMap.data of type map[string]string",
                "cannot restore map from slice",
            ),
            (
                "string into Go struct field PodSpec.spec.containers of type []v1.Container",
                "cannot restore slice from string",
            ),
            (
                "string into Go struct field Deployment.spec of type v1.DeploymentSpec",
                "cannot restore struct from: string",
            ),
        ] {
            assert_eq!(of_converter(&format!("json: cannot unmarshal {reader}")), converter);
        }
        let base64 = "illegal base64 data at input byte 0";
        assert_eq!(of_converter(base64), format!("error decoding from json: {base64}"));
        for other in ["another", "json: cannot unmarshal bool into Go value of type int32"] {
            assert_eq!(of_converter(other), other);
        }
    }

    #[test]
    fn a_patch_is_printed_as_go_does() {
        let patch = json!({"spec": {"b": [1, null, true, 1.5, {"x": "y z"}], "a": {}}});
        assert_eq!(printed(&patch), "map[spec:map[a:map[] b:[1 <nil> true 1.5 map[x:y z]]]]");
    }

    #[test]
    fn a_patch_must_be_an_object() {
        assert_eq!(no_object(&json!({})), None);
        assert_eq!(no_object(&json!(null)), None);
        let told = "json: cannot unmarshal string into Go value of type map[string]interface {}";
        assert_eq!(no_object(&json!("x")).as_deref(), Some(told));
    }
}
