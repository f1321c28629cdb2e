//! Fills in what a client left out, as upstream's schemes do when they decode (`SetDefaults_*` of
//! pkg/apis/*/v1/defaults.go and the `+default` markers).
//!
//! Constants are data: the markers in `tables/builtin.txt` and the lines of `tables/defaults.txt`.
//! What depends on other fields in more than a plain condition is one function for each Go type, in
//! the files below, named once in [`CODE`]. What admission or a strategy fills in, and what needs a
//! clock (`DeviceTaint.timeAdded`), is not here; nor are the defaults of custom resources, which
//! their own schemas hold.

mod condition;
mod crd;
mod image;
mod plan;
mod pod;
mod pod_resources;
mod resource_list;
mod rules;
mod service;
mod template_labels;

use crate::{Field, Scalar, Schema, Shape, TypeId};
use object::{Map, Value};
pub(crate) use plan::Plan;

/// An object in the middle of its defaulting.
type Object = Map<String, Value>;

/// Sets the defaults of one type in an object of it.
type Code = fn(&mut Object);

/// Defaults that are no constants, by the type at which upstream sets them. They run before the
/// constants of their type, and before all that lies below.
const CODE: &[(&str, Code)] = &[
    ("io.k8s.api.batch.v1.Job", template_labels::job),
    ("io.k8s.api.core.v1.Container", image::container),
    ("io.k8s.api.core.v1.EphemeralContainerCommon", image::container),
    ("io.k8s.api.core.v1.ImageVolumeSource", image::volume),
    ("io.k8s.api.core.v1.LimitRangeItem", resource_list::limit_range_item),
    ("io.k8s.api.core.v1.Namespace", template_labels::namespace),
    ("io.k8s.api.core.v1.NodeStatus", resource_list::node_status),
    ("io.k8s.api.core.v1.Pod", pod::pod),
    ("io.k8s.api.core.v1.ReplicationController", template_labels::replication_controller),
    ("io.k8s.api.core.v1.Service", service::service),
    ("io.k8s.api.core.v1.Volume", pod::volume),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition", crd::v1),
    (
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1beta1.CustomResourceDefinition",
        crd::v1beta1,
    ),
];

/// Sets the defaults of a type in an object of it, with the feature gates as upstream has them.
/// What is no JSON object stays as it is.
pub fn apply(schema: &Schema, root: TypeId, object: &mut Value) {
    apply_gated(schema, root, object, &|_| false);
}

/// Sets defaults, also those behind gates that are off by default and on here.
pub fn apply_gated(
    schema: &Schema,
    root: TypeId,
    object: &mut Value,
    gates: &dyn Fn(&str) -> bool,
) {
    if let Value::Object(object) = object {
        Walk { schema, plan: schema.default_plan(), gates }.fields(root, object);
    }
}

struct Walk<'a> {
    schema: &'a Schema,
    plan: &'a Plan,
    gates: &'a dyn Fn(&str) -> bool,
}

impl Walk<'_> {
    /// A struct: itself first, then what lies below, which is upstream's order.
    fn fields(&self, id: TypeId, object: &mut Object) {
        let plan = self.plan.of(id);
        if !plan.active {
            return;
        }
        if let Some(code) = plan.code {
            code(object);
        }
        for rule in &plan.rules {
            if rule.gate.is_none_or(self.gates) {
                rule.apply(object);
            }
        }
        for (field, step) in self.schema.get(id).fields.iter().zip(&plan.steps) {
            if let Some(default) = &step.default
                && is_absent(field, object.get(field.name))
            {
                object.insert(field.name.to_owned(), default.clone());
            }
            if step.descend {
                self.field(field, object);
            }
        }
        if plan.resource_lists {
            resource_list::round(self.schema.get(id), object);
        }
    }

    fn field(&self, field: &Field, object: &mut Object) {
        match &field.shape {
            Shape::Struct(inner) if field.inline => self.fields(*inner, object),
            // A struct that is no pointer is there even where the client left it out.
            Shape::Struct(inner)
                if !field.pointer && object.get(field.name).is_none_or(Value::is_null) =>
            {
                let mut empty = Object::new();
                self.fields(*inner, &mut empty);
                if !empty.is_empty() {
                    object.insert(field.name.to_owned(), Value::Object(empty));
                }
            }
            shape => {
                if let Some(value) = object.get_mut(field.name) {
                    self.value(shape, value);
                }
            }
        }
    }

    fn value(&self, shape: &Shape, value: &mut Value) {
        match (shape, value) {
            (Shape::Struct(id), Value::Object(object)) => self.fields(*id, object),
            (Shape::List(item), Value::Array(items)) => {
                items.iter_mut().for_each(|value| self.value(item, value));
            }
            (Shape::Map(item), Value::Object(entries)) => {
                entries.values_mut().for_each(|value| self.value(item, value));
            }
            _ => {}
        }
    }
}

/// Whether Go would find the zero value in a field: null for pointers, and also `""`, `0` and
/// `false` for the rest. Upstream asks lists and maps for their length.
fn is_absent(field: &Field, value: Option<&Value>) -> bool {
    match (value, &field.shape) {
        (None | Some(Value::Null), _) => true,
        (Some(Value::Array(items)), Shape::List(_)) => items.is_empty(),
        (Some(Value::Object(entries)), Shape::Map(_)) => entries.is_empty(),
        (Some(value), Shape::Scalar(scalar)) if !field.pointer => is_zero(*scalar, value),
        _ => false,
    }
}

fn is_zero(scalar: Scalar, value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Bool(on) => scalar == Scalar::Bool && !on,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
