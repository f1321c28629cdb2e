//! Labels that an object takes from its template or its name (`SetDefaults_Job` in pkg/apis/batch/v1,
//! `SetDefaults_ReplicationController` and `SetDefaults_Namespace` in pkg/apis/core/v1).

use super::Object;
use object::Value;

/// The label by which selectors find a namespace by its name.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// Labels of the template become those of the job.
pub(super) fn job(job: &mut Object) {
    if let Some(labels) = of_template(job) {
        set_if_empty(job, "metadata", "labels", labels);
    }
}

/// Labels of the template become those of the controller, and its selector.
pub(super) fn replication_controller(controller: &mut Object) {
    if let Some(labels) = of_template(controller) {
        set_if_empty(controller, "spec", "selector", labels.clone());
        set_if_empty(controller, "metadata", "labels", labels);
    }
}

/// A namespace bears its name as a label, once it has one.
pub(super) fn namespace(namespace: &mut Object) {
    let Some(metadata) = namespace.get_mut("metadata").and_then(Value::as_object_mut) else {
        return;
    };
    let Some(name) = metadata.get("name").and_then(Value::as_str).filter(|name| !name.is_empty())
    else {
        return;
    };
    let name = Value::from(name);
    let labels = metadata.entry("labels").or_insert(Value::Null);
    if labels.is_null() {
        *labels = Value::Object(Object::new());
    }
    if let Value::Object(labels) = labels {
        labels.insert(NAMESPACE_NAME.to_owned(), name);
    }
}

fn of_template(object: &Object) -> Option<Value> {
    let labels = object.get("spec")?.get("template")?.get("metadata")?.get("labels")?;
    labels.as_object().filter(|labels| !labels.is_empty())?;
    Some(labels.clone())
}

fn set_if_empty(object: &mut Object, part: &str, name: &str, value: Value) {
    let part = object.entry(part).or_insert_with(|| Value::Object(Object::new()));
    if let Value::Object(part) = part
        && part.get(name).and_then(Value::as_object).is_none_or(Object::is_empty)
    {
        part.insert(name.to_owned(), value);
    }
}
