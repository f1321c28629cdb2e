//! Objects made out of the schema alone, to ask upstream about: nothing but the kind, or every part
//! present and empty. Since they name no kind, a new one is asked about from its first day.

use schema::{Field, Scalar, Schema, Shape, TypeId};
use serde_json::{Map, Value, json};

/// How much of an object is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    /// Only its kind.
    Nothing,
    /// Every struct, and one item in every list and map; no single values.
    Parts,
    /// The same, with the value of this place, counted round, in every field that has a fixed set.
    Choice(usize),
}

impl Fill {
    /// All that are asked about, with the names they have in the goldens.
    pub(super) const ALL: [(&str, Self); 6] = [
        ("nothing", Self::Nothing),
        ("parts", Self::Parts),
        ("choice-0", Self::Choice(0)),
        ("choice-1", Self::Choice(1)),
        ("choice-2", Self::Choice(2)),
        ("choice-3", Self::Choice(3)),
    ];
}

/// An object of a type, without `apiVersion` and `kind`.
pub(super) fn object(schema: &Schema, root: TypeId, fill: Fill) -> Map<String, Value> {
    let mut object = Map::new();
    if fill != Fill::Nothing {
        fields(schema, root, fill, &mut vec![], &mut object);
    }
    object
}

fn fields(
    schema: &Schema,
    id: TypeId,
    fill: Fill,
    way: &mut Vec<TypeId>,
    object: &mut Map<String, Value>,
) {
    // A type that holds itself ends at its first copy.
    if way.contains(&id) {
        return;
    }
    way.push(id);
    for field in &schema.get(id).fields {
        match &field.shape {
            Shape::Struct(inner) if field.inline => fields(schema, *inner, fill, way, object),
            shape => {
                if let Some(value) = value(schema, field, shape, fill, way) {
                    object.insert(field.name.to_owned(), value);
                }
            }
        }
    }
    way.pop();
}

fn value(
    schema: &Schema,
    field: &Field,
    shape: &Shape,
    fill: Fill,
    way: &mut Vec<TypeId>,
) -> Option<Value> {
    match shape {
        Shape::Struct(id) => {
            let mut object = Map::new();
            fields(schema, *id, fill, way, &mut object);
            Some(Value::Object(object))
        }
        Shape::List(item) => Some(json!([value(schema, field, item, fill, way)?])),
        Shape::Map(item) => match **item {
            // Finer than a thousandth, to see it rounded.
            Shape::Scalar(Scalar::Quantity) => Some(json!({"cpu": "100500u", "memory": "1Gi"})),
            Shape::Scalar(Scalar::String) => Some(json!({"key": "value"})),
            _ => Some(json!({"key": value(schema, field, item, fill, way)?})),
        },
        Shape::Scalar(_) => {
            let Fill::Choice(place) = fill else { return None };
            let values = schema.enum_values(field);
            Some(values.get(place % values.len().max(1))?.to_owned().into())
        }
    }
}
