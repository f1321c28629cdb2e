//! An object with the members that upstream's JSON of it has: structs and required fields that are
//! always there are filled in, and what `omitempty` hides is left out.
//!
//! Upstream compares its Go structs, which have every such member. Without this, who creates an
//! object would own structs for merely being there, and who sets an empty list would own it.

use object::{Gvk, Map, Value};
use schema::{Field, Scalar, Schema, Shape, TypeId};

type Members = Map<String, Value>;

/// The object that Go makes of nothing.
pub(super) fn nothing(schema: &Schema, root: TypeId, gvk: &Gvk) -> Value {
    let mut members = Members::new();
    members.insert("apiVersion".to_owned(), gvk.group_version().to_string().into());
    members.insert("kind".to_owned(), gvk.kind.to_string().into());
    shown(schema, root, &Value::Object(members))
}

/// The object as upstream's JSON shows it. What the schema doesn't know stays.
pub(super) fn shown(schema: &Schema, root: TypeId, object: &Value) -> Value {
    match object {
        Value::Object(members) => Value::Object(structure(schema, root, members)),
        other => other.clone(),
    }
}

/// The object without null members: an object tree has none.
pub(super) fn without_nulls(schema: &Schema, root: TypeId, object: Value) -> Value {
    bare(schema, &Shape::Struct(root), object)
}

fn bare(schema: &Schema, shape: &Shape, given: Value) -> Value {
    match (shape, given) {
        (Shape::Struct(id), Value::Object(members)) => members
            .into_iter()
            .filter(|(_, member)| !member.is_null())
            .map(|(name, member)| match schema.field(*id, &name) {
                Some(field) => {
                    let member = bare(schema, &field.shape, member);
                    (name, member)
                }
                None => (name, member),
            })
            .collect(),
        (Shape::List(item), Value::Array(items)) => {
            items.into_iter().map(|one| bare(schema, item, one)).collect()
        }
        (Shape::Map(item), Value::Object(members)) => members
            .into_iter()
            .filter(|(_, member)| !member.is_null())
            .map(|(key, member)| (key, bare(schema, item, member)))
            .collect(),
        (_, other) => other,
    }
}

fn structure(schema: &Schema, id: TypeId, members: &Members) -> Members {
    let unknown = members.iter().filter(|(name, _)| schema.field(id, name).is_none());
    let mut out: Members = unknown.map(|(name, value)| (name.clone(), value.clone())).collect();
    declared(schema, id, members, &mut out);
    out
}

fn declared(schema: &Schema, id: TypeId, members: &Members, out: &mut Members) {
    for field in &schema.get(id).fields {
        if let (true, Shape::Struct(inner)) = (field.inline, &field.shape) {
            declared(schema, *inner, members, out);
            continue;
        }
        let given = members.get(field.name).filter(|value| !value.is_null());
        let value = match (given, &field.shape) {
            (Some(value), shape) => self::value(schema, shape, value),
            (None, Shape::Struct(inner)) if !field.pointer => {
                Value::Object(structure(schema, *inner, &Members::new()))
            }
            (None, Shape::Scalar(scalar)) if !field.pointer => zero(*scalar),
            (None, _) => Value::Null,
        };
        if !is_hidden(schema, field, &value) {
            out.insert(field.name.to_owned(), value);
        }
    }
}

fn value(schema: &Schema, shape: &Shape, given: &Value) -> Value {
    match (shape, given) {
        (Shape::Struct(id), Value::Object(members)) => {
            Value::Object(structure(schema, *id, members))
        }
        (Shape::List(item), Value::Array(items)) => {
            items.iter().map(|one| value(schema, item, one)).collect()
        }
        (Shape::Map(item), Value::Object(members)) => {
            members.iter().map(|(key, one)| (key.clone(), value(schema, item, one))).collect()
        }
        _ => given.clone(),
    }
}

/// `omitempty` hides what is empty in Go's sense, never a struct; `omitzero` hides those too.
fn is_hidden(schema: &Schema, field: &Field, value: &Value) -> bool {
    let is_empty = match (&field.shape, value) {
        (Shape::Scalar(scalar), Value::Null) if !field.pointer => {
            field.omit_zero || is_plain(*scalar)
        }
        (_, Value::Null) => true,
        (Shape::List(_) | Shape::Scalar(Scalar::Strings), Value::Array(items)) => items.is_empty(),
        (Shape::Map(_), Value::Object(members)) => members.is_empty(),
        (Shape::Scalar(Scalar::Bytes), Value::String(text)) => text.is_empty(),
        _ if field.pointer => false,
        (Shape::Struct(id), value) => field.omit_zero && is_zero(schema, *id, value),
        (Shape::Scalar(scalar), value) => {
            (field.omit_zero || is_plain(*scalar)) && *value == zero(*scalar)
        }
        _ => false,
    };
    is_empty && (field.omit_empty || field.omit_zero)
}

fn is_zero(schema: &Schema, id: TypeId, value: &Value) -> bool {
    let nothing = structure(schema, id, &Members::new());
    value.as_object().is_none_or(|members| *members == nothing)
}

/// Whether Go has it as a plain value, which `omitempty` can hide, and not as a struct.
fn is_plain(scalar: Scalar) -> bool {
    !matches!(
        scalar,
        Scalar::Quantity
            | Scalar::IntOrString
            | Scalar::Time
            | Scalar::MicroTime
            | Scalar::Duration
            | Scalar::RawExtension
            | Scalar::FieldsV1
            | Scalar::Json
    )
}

fn zero(scalar: Scalar) -> Value {
    match scalar {
        Scalar::Bool => false.into(),
        Scalar::String => "".into(),
        Scalar::Int32
        | Scalar::Int64
        | Scalar::Uint32
        | Scalar::Uint64
        | Scalar::Float
        | Scalar::Double
        | Scalar::IntOrString => 0.into(),
        Scalar::Quantity => "0".into(),
        Scalar::Duration => "0s".into(),
        _ => Value::Null,
    }
}
