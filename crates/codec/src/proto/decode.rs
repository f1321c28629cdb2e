//! Protobuf to the tree.

use super::walk::{self, Sink, TypeMeta};
use crate::scalar::{self, time::Instant};
use crate::{DecodeError, Schema, TypeId};
use serde_json::{Map, Number, Value};

/// Reads a message (the bytes behind the envelope). The tree holds what upstream's JSON would,
/// without nulls; and without `kind` and `apiVersion`, which stand in the envelope.
///
/// # Errors
/// When the bytes are no such message.
pub fn decode_proto(schema: &Schema, root: TypeId, bytes: &[u8]) -> Result<Value, DecodeError> {
    let mut sink = TreeSink::default();
    walk::walk(schema, root, bytes, &TypeMeta::default(), None, &mut sink)?;
    Ok(sink.done.unwrap_or_default())
}

enum Open {
    Object(Map<String, Value>, Option<String>),
    List(Vec<Value>),
}

#[derive(Default)]
struct TreeSink {
    open: Vec<Open>,
    done: Option<Value>,
}

impl TreeSink {
    fn put(&mut self, value: Value) {
        match self.open.last_mut() {
            Some(Open::Object(map, key)) => {
                if let Some(key) = key.take() {
                    map.insert(key, value);
                }
            }
            Some(Open::List(items)) => items.push(value),
            None => self.done = Some(value),
        }
    }
}

impl Sink for TreeSink {
    fn begin_object(&mut self) {
        self.open.push(Open::Object(Map::new(), None));
    }

    fn end_object(&mut self) {
        if let Some(Open::Object(map, _)) = self.open.pop() {
            self.put(Value::Object(map));
        }
    }

    fn begin_list(&mut self) {
        self.open.push(Open::List(Vec::new()));
    }

    fn end_list(&mut self) {
        if let Some(Open::List(items)) = self.open.pop() {
            self.put(Value::Array(items));
        }
    }

    fn name(&mut self, name: &str) {
        self.key(name);
    }

    fn key(&mut self, key: &str) {
        if let Some(Open::Object(_, slot)) = self.open.last_mut() {
            *slot = Some(key.to_owned());
        }
    }

    fn null_field(&mut self, _name: &str) {}

    fn item(&mut self) {}

    fn null(&mut self) {
        self.put(Value::Null);
    }

    fn boolean(&mut self, value: bool) {
        self.put(Value::Bool(value));
    }

    fn int(&mut self, value: i64) {
        self.put(value.into());
    }

    fn uint(&mut self, value: u64) {
        self.put(value.into());
    }

    fn float(&mut self, value: f32) {
        // By way of the shortest digits, so that 0.1 stays 0.1.
        self.double(value.to_string().parse().unwrap_or(f64::from(value)));
    }

    fn double(&mut self, value: f64) {
        self.put(Number::from_f64(value).map_or(Value::Null, Value::Number));
    }

    fn string(&mut self, value: &str) {
        self.put(value.into());
    }

    fn quantity(&mut self, value: &str) -> Result<(), String> {
        self.put(scalar::quantity::canonical(value)?.into());
        Ok(())
    }

    fn bytes(&mut self, value: &[u8]) {
        self.put(scalar::base64(value).into());
    }

    fn time(&mut self, value: Instant, micros: bool) {
        self.put(value.text(micros).into());
    }

    fn embedded(&mut self, json: &[u8]) -> Result<(), String> {
        self.put(serde_json::from_slice(json).map_err(|e| e.to_string())?);
        Ok(())
    }
}
