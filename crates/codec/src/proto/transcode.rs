//! Protobuf straight to JSON, with no tree between: the way of every GET and LIST.

use super::walk::{self, Sink};
use crate::json::text;
use crate::scalar::{self, time::Instant};
use crate::{DecodeError, Schema, TypeId};

pub use super::walk::TypeMeta;

/// The JSON of a message (the bytes behind the envelope), with no newline behind it.
///
/// # Errors
/// When the bytes are no such message.
pub fn proto_to_json(
    schema: &Schema,
    root: TypeId,
    bytes: &[u8],
    type_meta: &TypeMeta<'_>,
) -> Result<Vec<u8>, DecodeError> {
    let mut out = Vec::with_capacity(bytes.len() * 5 / 2 + 128);
    push_json(schema, root, bytes, type_meta, None, &mut out)?;
    Ok(out)
}

/// Appends what [`proto_to_json`] gives. `resource_version`, where given, stands in for the empty
/// one of a stored object.
///
/// # Errors
/// When the bytes are no such message. `out` then ends in half an object.
pub fn push_json(
    schema: &Schema,
    root: TypeId,
    bytes: &[u8],
    type_meta: &TypeMeta<'_>,
    resource_version: Option<&str>,
    out: &mut Vec<u8>,
) -> Result<(), DecodeError> {
    walk::walk(schema, root, bytes, type_meta, resource_version, &mut JsonSink { out })
}

struct JsonSink<'o> {
    out: &'o mut Vec<u8>,
}

impl JsonSink<'_> {
    fn comma(&mut self) {
        if !matches!(self.out.last(), Some(b'{')) {
            self.out.push(b',');
        }
    }
}

impl Sink for JsonSink<'_> {
    fn begin_object(&mut self) {
        self.out.push(b'{');
    }

    fn end_object(&mut self) {
        self.out.push(b'}');
    }

    fn begin_list(&mut self) {
        self.out.push(b'[');
    }

    fn end_list(&mut self) {
        self.out.push(b']');
    }

    fn name(&mut self, name: &str) {
        self.comma();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn key(&mut self, key: &str) {
        self.comma();
        text::push_string(self.out, key);
        self.out.push(b':');
    }

    fn null_field(&mut self, name: &str) {
        self.name(name);
        self.null();
    }

    fn item(&mut self) {
        if !matches!(self.out.last(), Some(b'[')) {
            self.out.push(b',');
        }
    }

    fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }

    fn boolean(&mut self, value: bool) {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    fn int(&mut self, value: i64) {
        text::push_int(self.out, value);
    }

    fn uint(&mut self, value: u64) {
        text::push_uint(self.out, value);
    }

    fn float(&mut self, value: f32) {
        text::push_float32(self.out, value);
    }

    fn double(&mut self, value: f64) {
        text::push_float(self.out, value);
    }

    fn string(&mut self, value: &str) {
        text::push_string(self.out, value);
    }

    fn quantity(&mut self, value: &str) -> Result<(), String> {
        // What is stored is canonical: it was decoded into a tree on its way there.
        text::push_string(self.out, value);
        Ok(())
    }

    fn bytes(&mut self, value: &[u8]) {
        self.out.push(b'"');
        scalar::push_base64(self.out, value);
        self.out.push(b'"');
    }

    fn time(&mut self, value: Instant, micros: bool) {
        self.out.push(b'"');
        value.push(self.out, micros);
        self.out.push(b'"');
    }

    fn embedded(&mut self, json: &[u8]) -> Result<(), String> {
        text::push_compact(self.out, json);
        Ok(())
    }
}
