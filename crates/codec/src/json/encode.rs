//! The tree to JSON text in Go's order and with Go's omissions.

use super::{fields_v1, text};
use crate::proto::is_plain;
use crate::{EncodeError, Schema, TypeId};
use schema::{Field, Scalar, Shape};
use serde_json::{Map, Value};

/// Writes an object of a known type, with no newline behind it. It begins with its `kind` and
/// `apiVersion`, where it has them, so that [`item_start`] finds what is behind.
///
/// Fields that the schema does not know are left out, as a Go struct would.
///
/// # Errors
/// When a value has another shape than its schema says.
pub fn encode_json(schema: &Schema, root: TypeId, object: &Value) -> Result<Vec<u8>, EncodeError> {
    let encoder = Encoder { schema };
    let mut out = Vec::with_capacity(1024);
    match object {
        Value::Object(map) => encoder.structure(root, Some(map), &mut out)?,
        _ => encoder.mismatch(root, "", "an object")?,
    }
    Ok(out)
}

/// Writes an object that no schema is known for: a custom resource. Keys are sorted, as Go sorts
/// a map's. No newline behind it.
pub fn encode_json_free(object: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    text::push_value(&mut out, object);
    out
}

/// Where in an object's JSON, as [`encode_json`] writes it, the first field behind `kind` and
/// `apiVersion` begins. An item of a list is `{` and what stands from there on.
pub fn item_start(json: &[u8]) -> usize {
    let mut at = 1;
    for name in [&b"\"kind\":\""[..], b"\"apiVersion\":\""] {
        let Some(rest) = json.get(at..).filter(|rest| rest.starts_with(name)) else { continue };
        let value = &rest[name.len()..];
        // Neither a kind nor a version needs escapes.
        let Some(end) = value.iter().position(|byte| *byte == b'"') else { continue };
        at += name.len() + end + 1;
        if json.get(at) == Some(&b',') {
            at += 1;
        }
    }
    at
}

struct Encoder<'s> {
    schema: &'s Schema,
}

type Done = Result<(), EncodeError>;

impl Encoder<'_> {
    fn structure(&self, id: TypeId, map: Option<&Map<String, Value>>, out: &mut Vec<u8>) -> Done {
        out.push(b'{');
        self.fields(id, map, out)?;
        out.push(b'}');
        Ok(())
    }

    fn fields(&self, id: TypeId, map: Option<&Map<String, Value>>, out: &mut Vec<u8>) -> Done {
        for field in &self.schema.get(id).fields {
            if field.inline
                && let Shape::Struct(inner) = &field.shape
            {
                self.fields(*inner, map, out)?;
                continue;
            }
            let value = map.and_then(|map| map.get(field.name)).filter(|value| !value.is_null());
            if self.is_omitted(field, value) {
                continue;
            }
            if out.last() != Some(&b'{') {
                out.push(b',');
            }
            out.push(b'"');
            out.extend_from_slice(field.name.as_bytes());
            out.extend_from_slice(b"\":");
            match (value, &field.shape) {
                (Some(value), shape) => self.value(id, field.name, shape, value, out)?,
                (None, Shape::Struct(inner)) if !field.pointer => {
                    self.structure(*inner, None, out)?;
                }
                (None, Shape::Scalar(scalar)) if !field.pointer => zero(*scalar, out),
                (None, _) => out.extend_from_slice(b"null"),
            }
        }
        Ok(())
    }

    fn is_omitted(&self, field: &Field, value: Option<&Value>) -> bool {
        if !field.omit_empty && !field.omit_zero {
            return false;
        }
        let Some(value) = value else {
            return match &field.shape {
                _ if field.pointer => true,
                Shape::Struct(_) => field.omit_zero,
                Shape::Scalar(scalar) => field.omit_zero || is_plain(*scalar),
                Shape::List(_) | Shape::Map(_) => true,
            };
        };
        match (&field.shape, value) {
            (Shape::List(_) | Shape::Scalar(Scalar::Strings), Value::Array(items)) => {
                field.omit_empty && items.is_empty()
            }
            (Shape::Map(_), Value::Object(map)) => field.omit_empty && map.is_empty(),
            (Shape::Scalar(Scalar::Bytes), Value::String(text)) => {
                field.omit_empty && text.is_empty()
            }
            _ if field.pointer => false,
            (Shape::Struct(id), value) => field.omit_zero && self.is_zero(*id, value),
            (Shape::Scalar(scalar), value) => {
                (field.omit_zero || is_plain(*scalar)) && is_zero_scalar(value)
            }
            _ => false,
        }
    }

    fn is_zero(&self, id: TypeId, value: &Value) -> bool {
        self.schema.get(id).fields.iter().all(|field| {
            if let (true, Shape::Struct(inner)) = (field.inline, &field.shape) {
                return self.is_zero(*inner, value);
            }
            match (&field.shape, &value[field.name]) {
                (_, Value::Null) => true,
                _ if field.pointer => false,
                (Shape::Struct(inner), value) => self.is_zero(*inner, value),
                (Shape::Scalar(_), value) => is_zero_scalar(value),
                _ => false,
            }
        })
    }

    fn value(
        &self,
        id: TypeId,
        name: &str,
        shape: &Shape,
        value: &Value,
        out: &mut Vec<u8>,
    ) -> Done {
        match (shape, value) {
            (Shape::Scalar(scalar), value) => self.scalar(id, name, *scalar, value, out)?,
            (Shape::Struct(inner), Value::Object(map)) => {
                self.structure(*inner, Some(map), out)?;
            }
            (_, Value::Null) => out.extend_from_slice(b"null"),
            (Shape::Struct(_), _) => return self.mismatch(id, name, "an object"),
            (Shape::List(item), Value::Array(items)) => {
                out.push(b'[');
                for (place, one) in items.iter().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    self.value(id, name, item, one, out)?;
                }
                out.push(b']');
            }
            (Shape::List(_), _) => return self.mismatch(id, name, "a list"),
            (Shape::Map(item), Value::Object(map)) => {
                out.push(b'{');
                for (place, (key, one)) in text::sorted(map).enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    text::push_string(out, key);
                    out.push(b':');
                    self.value(id, name, item, one, out)?;
                }
                out.push(b'}');
            }
            (Shape::Map(_), _) => return self.mismatch(id, name, "a map"),
        }
        Ok(())
    }

    fn scalar(
        &self,
        id: TypeId,
        name: &str,
        scalar: Scalar,
        value: &Value,
        out: &mut Vec<u8>,
    ) -> Done {
        let expected = match (scalar, value) {
            (Scalar::FieldsV1, _) => {
                fields_v1::push(out, value);
                return Ok(());
            }
            (Scalar::RawExtension | Scalar::Json, _) | (_, Value::Null) => None,
            (Scalar::Bool, Value::Bool(_)) => None,
            (Scalar::Bool, _) => Some("a boolean"),
            (Scalar::Float, Value::Number(number)) => {
                text::push_float32(out, number.as_f64().unwrap_or_default() as f32);
                return Ok(());
            }
            (Scalar::Double, Value::Number(number)) => {
                text::push_float(out, number.as_f64().unwrap_or_default());
                return Ok(());
            }
            (Scalar::Float | Scalar::Double, _) => Some("a number"),
            (Scalar::Int32 | Scalar::Int64 | Scalar::Uint32 | Scalar::Uint64, Value::Number(n))
                if !n.is_f64() =>
            {
                None
            }
            (Scalar::Int32 | Scalar::Int64 | Scalar::Uint32 | Scalar::Uint64, _) => {
                Some("an integer")
            }
            (Scalar::IntOrString, Value::Number(_) | Value::String(_)) => None,
            (Scalar::IntOrString, _) => Some("an integer or a text"),
            (Scalar::Strings, Value::Array(_)) => None,
            (Scalar::Strings, _) => Some("a list of texts"),
            (Scalar::SchemaOrBool, Value::Bool(_)) => None,
            (
                Scalar::SchemaOrBool | Scalar::SchemaOrArray | Scalar::SchemaOrStringArray,
                Value::Object(map),
            ) => return self.structure(id, Some(map), out),
            (Scalar::SchemaOrArray, Value::Array(_)) => {
                let list = Shape::List(Box::new(Shape::Struct(id)));
                return self.value(id, name, &list, value, out);
            }
            (Scalar::SchemaOrStringArray, Value::Array(_)) => None,
            (Scalar::SchemaOrBool, _) => Some("a schema or a boolean"),
            (Scalar::SchemaOrArray | Scalar::SchemaOrStringArray, _) => Some("a schema or a list"),
            (_, Value::String(_)) => None,
            _ => Some("a text"),
        };
        match expected {
            Some(expected) => self.mismatch(id, name, expected),
            None => {
                text::push_value(out, value);
                Ok(())
            }
        }
    }

    fn mismatch(&self, id: TypeId, name: &str, expected: &'static str) -> Done {
        let type_name = self.schema.get(id).name;
        Err(EncodeError::Mismatch { type_name, field: name.to_owned(), expected })
    }
}

fn is_zero_scalar(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(_) | Value::Object(_) => false,
    }
}

/// What Go prints for a scalar that is absent and no pointer.
fn zero(scalar: Scalar, out: &mut Vec<u8>) {
    use Scalar::{Bool, Double, Duration, Float, Int32, Int64, IntOrString, Quantity};
    use Scalar::{SchemaOrBool, String, Uint32, Uint64};
    out.extend_from_slice(match scalar {
        Bool | SchemaOrBool => b"false",
        Int32 | Int64 | Uint32 | Uint64 | Float | Double | IntOrString => b"0",
        String => b"\"\"",
        Quantity => b"\"0\"",
        Duration => b"\"0s\"",
        _ => b"null",
    });
}
