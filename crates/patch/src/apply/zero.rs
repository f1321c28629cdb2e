//! The object that Go makes of nothing: the members that its JSON always has.
//!
//! A create is compared with it, so that nobody owns a struct for merely being there.

use object::{Gvk, Map, Value};
use schema::{Field, Scalar, Schema, Shape, TypeId};

/// A new object of a kind.
pub(super) fn object(schema: &Schema, root: TypeId, gvk: &Gvk) -> Value {
    let mut members = members(schema, root);
    members.insert("apiVersion".to_owned(), gvk.group_version().to_string().into());
    members.insert("kind".to_owned(), gvk.kind.to_string().into());
    Value::Object(members)
}

fn members(schema: &Schema, id: TypeId) -> Map<String, Value> {
    let mut out = Map::new();
    for field in &schema.get(id).fields {
        match &field.shape {
            Shape::Struct(inner) if field.inline => out.extend(members(schema, *inner)),
            _ => {
                if let Some(value) = zero(schema, field) {
                    out.insert(field.name.to_owned(), value);
                }
            }
        }
    }
    out
}

fn zero(schema: &Schema, field: &Field) -> Option<Value> {
    if field.omit_zero {
        return None;
    }
    let value = match &field.shape {
        Shape::Struct(id) if !field.pointer => {
            return Some(Value::Object(members(schema, *id)));
        }
        // Structs of Go's too, so that `omitempty` has no effect on them.
        Shape::Scalar(Scalar::Time | Scalar::MicroTime | Scalar::RawExtension)
            if !field.pointer =>
        {
            return Some(Value::Null);
        }
        Shape::Scalar(Scalar::Quantity) if !field.pointer => return Some("0".into()),
        Shape::Scalar(Scalar::Duration) if !field.pointer => return Some("0s".into()),
        Shape::Scalar(Scalar::IntOrString) if !field.pointer => return Some(0.into()),
        _ if field.omit_empty => return None,
        _ if field.pointer => Value::Null,
        Shape::Scalar(scalar) => match scalar {
            Scalar::Bool => false.into(),
            Scalar::String => "".into(),
            Scalar::Int32
            | Scalar::Int64
            | Scalar::Uint32
            | Scalar::Uint64
            | Scalar::Float
            | Scalar::Double => 0.into(),
            _ => Value::Null,
        },
        _ => Value::Null,
    };
    Some(value)
}
