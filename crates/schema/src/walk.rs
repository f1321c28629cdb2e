//! Visits every struct in an object with its type, for what must be done wherever a type occurs.
//!
//! Lists and maps are followed, also those that are pointers in Go; what is absent stays absent.
//! Where a value has not the shape that its field says, the walk ends: saying so is the decoder's.

use crate::{Schema, Shape, TypeId};
use object::{Map, Value};

/// Calls `visit` for the object and every struct below it, the outer before the inner. A struct that
/// is inline shares its parent's map and is visited with it, as the parent.
pub fn structs(
    schema: &Schema,
    root: TypeId,
    object: &mut Value,
    visit: &mut dyn FnMut(TypeId, &mut Map<String, Value>),
) {
    if let Value::Object(object) = object {
        visit(root, object);
        below(schema, root, object, visit);
    }
}

/// Removes every field that no type knows, and says how many those were. Values that hold any JSON
/// (`RawExtension`, the schemas of custom resources) stay whole.
pub fn prune(schema: &Schema, root: TypeId, object: &mut Value) -> usize {
    let mut removed = 0;
    structs(schema, root, object, &mut |id, fields| {
        let before = fields.len();
        fields.retain(|name, _| schema.field(id, name).is_some());
        removed += before - fields.len();
    });
    removed
}

fn below(
    schema: &Schema,
    id: TypeId,
    object: &mut Map<String, Value>,
    visit: &mut dyn FnMut(TypeId, &mut Map<String, Value>),
) {
    for field in &schema.get(id).fields {
        match &field.shape {
            Shape::Struct(inner) if field.inline => below(schema, *inner, object, visit),
            shape => {
                if let Some(at) = object.get_mut(field.name) {
                    value(schema, shape, at, visit);
                }
            }
        }
    }
}

fn value(
    schema: &Schema,
    shape: &Shape,
    at: &mut Value,
    visit: &mut dyn FnMut(TypeId, &mut Map<String, Value>),
) {
    match (shape, at) {
        (Shape::Struct(id), at) => structs(schema, *id, at, visit),
        (Shape::List(item), Value::Array(items)) => {
            items.iter_mut().for_each(|at| value(schema, item, at, visit));
        }
        (Shape::Map(item), Value::Object(entries)) => {
            entries.values_mut().for_each(|at| value(schema, item, at, visit));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin;
    use object::{Gvk, json};

    #[test]
    fn unknown_fields_go_and_known_ones_stay() {
        let root = builtin().root(&Gvk::new("", "v1", "Pod")).expect("a kind");
        let mut object = json!({
            "kind": "Pod", "typo": 1, "metadata": {"labels": {"any": "x"}, "typo": {"name": 1}},
            "spec": {
                "volumes": [{"name": "v", "emptyDir": {"typo": 1}, "typo": {}}],
                "nodeSelector": {"any": "x"},
            },
        });
        assert_eq!(prune(builtin(), root, &mut object), 4);
        assert_eq!(
            object,
            json!({
                "kind": "Pod", "metadata": {"labels": {"any": "x"}},
                "spec": {
                    "volumes": [{"name": "v", "emptyDir": {}}], "nodeSelector": {"any": "x"},
                },
            })
        );
    }
}
