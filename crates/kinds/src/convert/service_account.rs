//! `serviceAccount` of a pod's spec is the old name of `serviceAccountName`: read where that is
//! empty, and always written beside it. Mirrors `Convert_v1_PodSpec_To_core_PodSpec` and its way back.

use object::Value;

/// Where objects have the spec of a pod, by version and kind.
const SPECS: &[(&str, &str, &str)] = &[
    ("v1", "Pod", "/spec"),
    ("v1", "PodTemplate", "/template/spec"),
    ("v1", "ReplicationController", "/spec/template/spec"),
    ("apps/v1", "DaemonSet", "/spec/template/spec"),
    ("apps/v1", "Deployment", "/spec/template/spec"),
    ("apps/v1", "ReplicaSet", "/spec/template/spec"),
    ("apps/v1", "StatefulSet", "/spec/template/spec"),
    ("batch/v1", "CronJob", "/spec/jobTemplate/spec/template/spec"),
    ("batch/v1", "Job", "/spec/template/spec"),
];

const NAME: &str = "serviceAccountName";
const OLD_NAME: &str = "serviceAccount";

pub(super) fn fold(object: &mut Value) {
    let (version, kind) = (&object["apiVersion"], &object["kind"]);
    let place = SPECS.iter().find(|(v, k, _)| version == v && kind == k);
    let spec = place.and_then(|(_, _, path)| object.pointer_mut(path));
    let Some(spec) = spec.and_then(Value::as_object_mut) else { return };
    let name = [NAME, OLD_NAME]
        .into_iter()
        .filter_map(|field| spec.get(field)?.as_str())
        .find(|name| !name.is_empty())
        .map(str::to_owned);
    match name {
        Some(name) => {
            spec.insert(NAME.to_owned(), name.clone().into());
            spec.insert(OLD_NAME.to_owned(), name.into());
        }
        None => drop(spec.remove(OLD_NAME)),
    }
}

#[cfg(test)]
mod tests {
    use super::{NAME, OLD_NAME};
    use object::json;

    #[test]
    fn both_names_say_the_same() {
        let table = [
            (json!({NAME: "a"}), json!({NAME: "a", OLD_NAME: "a"})),
            (json!({OLD_NAME: "a"}), json!({NAME: "a", OLD_NAME: "a"})),
            (json!({NAME: "a", OLD_NAME: "b"}), json!({NAME: "a", OLD_NAME: "a"})),
            (json!({NAME: "", OLD_NAME: "b"}), json!({NAME: "b", OLD_NAME: "b"})),
            (json!({OLD_NAME: ""}), json!({})),
            (json!({"nodeName": "n"}), json!({"nodeName": "n"})),
        ];
        for (spec, expected) in table {
            let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "spec": spec});
            super::fold(&mut pod);
            assert_eq!(pod["spec"], expected);
            let mut job = json!({"apiVersion": "batch/v1", "kind": "CronJob",
                "spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}}});
            super::fold(&mut job);
            assert_eq!(job["spec"]["jobTemplate"]["spec"]["template"]["spec"], expected);
        }
    }
}
