//! The tree to protobuf, byte for byte as upstream's generated code writes it: ascending tags,
//! maps sorted by key, and every field that is no pointer in Go written even when it is empty.

use super::wire::{push_bytes, push_message, push_number, push_tag};
use crate::EncodeError;
use crate::scalar::{self, time};
use object::duration;
use schema::{Field, Scalar, Schema, Shape, TypeId};
use serde_json::{Map, Value};

/// Writes the message of an object: what stands behind the envelope.
///
/// Fields that the schema does not know are left out, as a Go struct would.
///
/// # Errors
/// When a value has another shape than its schema says.
pub fn encode_proto(schema: &Schema, root: TypeId, object: &Value) -> Result<Vec<u8>, EncodeError> {
    let Value::Object(map) = object else {
        return Err(EncodeError::Mismatch {
            type_name: schema.get(root).name,
            field: String::new(),
            expected: "an object",
        });
    };
    let mut out = Vec::with_capacity(1024);
    Encoder { schema, order: Vec::new() }.fields(root, Some(map), &mut out)?;
    Ok(out)
}

struct Encoder<'s> {
    schema: &'s Schema,
    /// The fields, by tag, of the structs that are open right now.
    order: Vec<(u32, u16)>,
}

type Done = Result<(), EncodeError>;

impl<'s> Encoder<'s> {
    fn fields(&mut self, id: TypeId, map: Option<&Map<String, Value>>, out: &mut Vec<u8>) -> Done {
        let fields = &self.schema.get(id).fields;
        let base = self.order.len();
        let tags = fields.iter().enumerate().map(|(place, field)| (field.tag, place as u16));
        self.order.extend(tags.filter(|(tag, _)| *tag != 0));
        self.order[base..].sort_unstable();
        let end = self.order.len();
        for place in base..end {
            let field = &fields[usize::from(self.order[place].1)];
            if field.inline
                && let Shape::Struct(inner) = &field.shape
            {
                push_message(out, field.tag, |out| self.fields(*inner, map, out))?;
                continue;
            }
            let value = map.and_then(|map| map.get(field.name)).filter(|value| !value.is_null());
            self.field(id, field, value, out)?;
        }
        self.order.truncate(base);
        Ok(())
    }

    fn field(
        &mut self,
        id: TypeId,
        field: &'s Field,
        value: Option<&Value>,
        out: &mut Vec<u8>,
    ) -> Done {
        let at = Place { id, name: field.name };
        match &field.shape {
            Shape::List(item) => match value {
                Some(Value::Array(items)) => {
                    items.iter().try_for_each(|one| self.element(at, item, one, field.tag, out))
                }
                Some(_) => self.mismatch(at, "a list"),
                None => Ok(()),
            },
            Shape::Map(item) => match value {
                Some(Value::Object(map)) => self.map(at, item, map, field.tag, out),
                Some(_) => self.mismatch(at, "a map"),
                None => Ok(()),
            },
            Shape::Struct(inner) => match value {
                Some(Value::Object(map)) => {
                    push_message(out, field.tag, |out| self.fields(*inner, Some(map), out))
                }
                Some(_) => self.mismatch(at, "an object"),
                None if field.pointer => Ok(()),
                None => push_message(out, field.tag, |out| self.fields(*inner, None, out)),
            },
            Shape::Scalar(scalar) => {
                if value.is_none()
                    && (field.pointer || matches!(scalar, Scalar::Bytes | Scalar::Strings))
                {
                    return Ok(());
                }
                self.scalar(at, *scalar, value, field.tag, out)
            }
        }
    }

    fn map(
        &mut self,
        at: Place,
        item: &'s Shape,
        map: &Map<String, Value>,
        tag: u32,
        out: &mut Vec<u8>,
    ) -> Done {
        for (key, value) in crate::json::text::sorted(map) {
            push_message(out, tag, |out| {
                push_bytes(out, 1, key.as_bytes());
                // A nil `[]byte` is the one value that a map's entry is written without.
                if value.is_null() && *item == Shape::Scalar(Scalar::Bytes) {
                    return Ok(());
                }
                self.element(at, item, value, 2, out)
            })?;
        }
        Ok(())
    }

    /// An item of a list or a map, which is written whatever it is.
    fn element(
        &mut self,
        at: Place,
        shape: &'s Shape,
        value: &Value,
        tag: u32,
        out: &mut Vec<u8>,
    ) -> Done {
        match (shape, value) {
            (Shape::Scalar(scalar), value) => {
                self.scalar(at, *scalar, (!value.is_null()).then_some(value), tag, out)
            }
            (Shape::Struct(id), Value::Object(map)) => {
                push_message(out, tag, |out| self.fields(*id, Some(map), out))
            }
            (Shape::Struct(id), Value::Null) => {
                push_message(out, tag, |out| self.fields(*id, None, out))
            }
            (Shape::Struct(_), _) => self.mismatch(at, "an object"),
            // Protobuf has no lists of lists: no type of upstream's comes here.
            (Shape::List(_) | Shape::Map(_), _) => self.mismatch(at, "a single value"),
        }
    }

    fn scalar(
        &mut self,
        at: Place,
        scalar: Scalar,
        value: Option<&Value>,
        tag: u32,
        out: &mut Vec<u8>,
    ) -> Done {
        match scalar {
            Scalar::Bool => {
                push_number(out, tag, self.read(at, value, Value::as_bool, "a boolean")?.into());
            }
            Scalar::Int32 | Scalar::Int64 => {
                let number = self.read(at, value, Value::as_i64, "an integer")?;
                push_number(out, tag, number as u64);
            }
            Scalar::Uint32 | Scalar::Uint64 => {
                push_number(out, tag, self.read(at, value, Value::as_u64, "an integer")?);
            }
            Scalar::Float => {
                let number = self.read(at, value, Value::as_f64, "a number")? as f32;
                push_tag(out, tag, 5);
                out.extend_from_slice(&number.to_le_bytes());
            }
            Scalar::Double => {
                let number = self.read(at, value, Value::as_f64, "a number")?;
                push_tag(out, tag, 1);
                out.extend_from_slice(&number.to_le_bytes());
            }
            Scalar::String => push_bytes(out, tag, self.text(at, value)?.as_bytes()),
            Scalar::Bytes => match scalar::unbase64(self.text(at, value)?) {
                Ok(bytes) => push_bytes(out, tag, &bytes),
                Err(_) => return self.mismatch(at, "base64"),
            },
            Scalar::Strings => push_message(out, tag, |out| match value {
                None => Ok(()),
                Some(Value::Array(items)) => items.iter().try_for_each(|one| {
                    push_bytes(out, 1, self.text(at, Some(one))?.as_bytes());
                    Ok(())
                }),
                Some(_) => self.mismatch(at, "a list of texts"),
            })?,
            Scalar::Quantity => {
                let text = if value.is_some() { self.text(at, value)? } else { "0" };
                push_message(out, tag, |out| {
                    push_bytes(out, 1, text.as_bytes());
                    Ok(())
                })?;
            }
            Scalar::IntOrString => self.int_or_string(at, value, tag, out)?,
            Scalar::Time | Scalar::MicroTime => self.time(at, scalar, value, tag, out)?,
            Scalar::Duration => {
                let text = if value.is_some() { self.text(at, value)? } else { "0s" };
                let Ok(nanos) = duration::parse(text) else {
                    return self.mismatch(at, "a duration");
                };
                push_message(out, tag, |out| {
                    push_number(out, 1, nanos as u64);
                    Ok(())
                })?;
            }
            Scalar::RawExtension | Scalar::FieldsV1 | Scalar::Json => {
                push_message(out, tag, |out| {
                    if let Some(value) = value {
                        push_message(out, 1, |out| {
                            match scalar {
                                Scalar::FieldsV1 => crate::json::fields_v1::push(out, value),
                                _ => crate::json::text::push_value(out, value),
                            }
                            Ok(())
                        })?;
                    }
                    Ok(())
                })?
            }
            Scalar::SchemaOrBool | Scalar::SchemaOrArray | Scalar::SchemaOrStringArray => {
                push_message(out, tag, |out| self.schema_or(at, scalar, value, out))?;
            }
        }
        Ok(())
    }

    fn int_or_string(
        &mut self,
        at: Place,
        value: Option<&Value>,
        tag: u32,
        out: &mut Vec<u8>,
    ) -> Done {
        let (kind, number, text) = match value {
            None => (0, 0, ""),
            Some(Value::String(text)) => (1, 0, text.as_str()),
            Some(other) => match other.as_i64() {
                Some(number) => (0, number, ""),
                None => return self.mismatch(at, "an integer or a text"),
            },
        };
        push_message(out, tag, |out| {
            push_number(out, 1, kind);
            push_number(out, 2, number as u64);
            push_bytes(out, 3, text.as_bytes());
            Ok(())
        })
    }

    fn time(
        &mut self,
        at: Place,
        scalar: Scalar,
        value: Option<&Value>,
        tag: u32,
        out: &mut Vec<u8>,
    ) -> Done {
        let micros = scalar == Scalar::MicroTime;
        let instant = match value {
            None => None,
            Some(_) => match time::parse(self.text(at, value)?, micros) {
                Ok(instant) => Some(instant),
                Err(_) => return self.mismatch(at, "a time"),
            },
        };
        push_message(out, tag, |out| {
            if let Some(instant) = instant.filter(|instant| !instant.is_zero()) {
                let nanos = if micros { instant.nanos / 1000 * 1000 } else { 0 };
                push_number(out, 1, instant.seconds as u64);
                push_number(out, 2, nanos.into());
            }
            Ok(())
        })
    }

    fn schema_or(
        &mut self,
        at: Place,
        scalar: Scalar,
        value: Option<&Value>,
        out: &mut Vec<u8>,
    ) -> Done {
        let (schema_tag, list) = match scalar {
            Scalar::SchemaOrBool => (2, None),
            Scalar::SchemaOrArray => (1, Some(Shape::Struct(at.id))),
            _ => (1, Some(Shape::Scalar(Scalar::String))),
        };
        if list.is_none() {
            let allows = value.is_some_and(|value| value != &Value::Bool(false));
            push_number(out, 1, allows.into());
        }
        match (value, list) {
            (Some(Value::Object(map)), _) => {
                push_message(out, schema_tag, |out| self.fields(at.id, Some(map), out))
            }
            (Some(Value::Array(items)), Some(Shape::Struct(id))) => {
                items.iter().try_for_each(|one| match one {
                    Value::Object(map) => {
                        push_message(out, 2, |out| self.fields(id, Some(map), out))
                    }
                    _ => self.mismatch(at, "a list of schemas"),
                })
            }
            (Some(Value::Array(items)), Some(_)) => items.iter().try_for_each(|one| {
                push_bytes(out, 2, self.text(at, Some(one))?.as_bytes());
                Ok(())
            }),
            (None, _) | (Some(Value::Bool(_)), None) => Ok(()),
            _ => self.mismatch(at, "a schema"),
        }
    }

    fn text<'v>(&self, at: Place, value: Option<&'v Value>) -> Result<&'v str, EncodeError> {
        self.read(at, value, Value::as_str, "a text")
    }

    /// A scalar, or its zero value where it is absent.
    fn read<'v, T: Default>(
        &self,
        at: Place,
        value: Option<&'v Value>,
        read: impl FnOnce(&'v Value) -> Option<T>,
        expected: &'static str,
    ) -> Result<T, EncodeError> {
        match value.map(read) {
            None => Ok(T::default()),
            Some(Some(read)) => Ok(read),
            Some(None) => self.mismatch(at, expected),
        }
    }

    fn mismatch<T>(&self, at: Place, expected: &'static str) -> Result<T, EncodeError> {
        let type_name = self.schema.get(at.id).name;
        Err(EncodeError::Mismatch { type_name, field: at.name.to_owned(), expected })
    }
}

/// Which field is being written.
#[derive(Clone, Copy)]
struct Place {
    id: TypeId,
    name: &'static str,
}
