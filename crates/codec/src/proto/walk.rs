//! Reads a message through its schema and tells a [`Sink`] what upstream's JSON of it holds, field
//! by field in Go's order.
//!
//! The two sinks, JSON text and the tree, thus agree on what is there. What Go leaves out of JSON
//! (`omitempty`, `omitzero`) is left out here. Unknown fields are passed over, as upstream does.

mod zero;

pub(crate) use zero::is_plain;

use super::message::Messages;
use super::wire::{Payload, Reader};
use crate::DecodeError;
use crate::scalar::time::Instant;
use schema::{Field, Scalar, Schema, Shape, TypeId};
use zero::{field, instant, is_null, is_zero, is_zero_scalar, packed_wire, zero, zero_of};

/// What receives an object as it is read.
pub(crate) trait Sink {
    fn begin_object(&mut self);
    fn end_object(&mut self);
    fn begin_list(&mut self);
    fn end_list(&mut self);
    /// A field's name, which needs no escapes.
    fn name(&mut self, name: &str);
    /// A map's key, which may.
    fn key(&mut self, key: &str);
    /// A field that Go prints as null and that the tree leaves out.
    fn null_field(&mut self, name: &str);
    /// Between the items of a list.
    fn item(&mut self);
    fn null(&mut self);
    fn boolean(&mut self, value: bool);
    fn int(&mut self, value: i64);
    fn uint(&mut self, value: u64);
    fn float(&mut self, value: f32);
    fn double(&mut self, value: f64);
    fn string(&mut self, value: &str);
    fn quantity(&mut self, value: &str) -> Result<(), String>;
    fn bytes(&mut self, value: &[u8]);
    fn time(&mut self, value: Instant, micros: bool);
    /// JSON text that stands in the message as it is.
    fn embedded(&mut self, json: &[u8]) -> Result<(), String>;
}

/// What an object calls itself; protobuf keeps it outside, in the envelope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TypeMeta<'a> {
    /// Such as `apps/v1`; empty for what has none, such as an item of a list.
    pub api_version: &'a str,
    /// Such as `Deployment`; empty likewise.
    pub kind: &'a str,
}

/// Walks one object. `resource_version`, where given, stands in for what metadata says.
pub(crate) fn walk<'a, S: Sink>(
    schema: &'a Schema,
    root: TypeId,
    bytes: &'a [u8],
    type_meta: &TypeMeta<'_>,
    resource_version: Option<&'a str>,
    sink: &mut S,
) -> Result<(), DecodeError> {
    let mut walker =
        Walker { schema, messages: Messages::default(), pairs: Vec::new(), resource_version, sink };
    walker.sink.begin_object();
    for (name, value) in [("kind", type_meta.kind), ("apiVersion", type_meta.api_version)] {
        if !value.is_empty() {
            walker.sink.name(name);
            walker.sink.string(value);
        }
    }
    walker.fields(root, bytes, Level::Root)?;
    walker.sink.end_object();
    Ok(())
}

/// How far from the root a struct is, as far as the resource version cares.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    Root,
    Metadata,
    Inner,
}

struct Walker<'a, 's, S> {
    schema: &'a Schema,
    messages: Messages<'a>,
    /// The pairs of the maps that are open right now.
    pairs: Vec<(&'a str, Payload<'a>)>,
    resource_version: Option<&'a str>,
    sink: &'s mut S,
}

impl<'a, S: Sink> Walker<'a, '_, S> {
    /// The fields of a struct, into the object that is open.
    fn fields(&mut self, id: TypeId, bytes: &'a [u8], level: Level) -> Result<(), DecodeError> {
        let mut message = self.messages.open(bytes)?;
        let schema = self.schema;
        for field in &schema.get(id).fields {
            if field.tag == 0 {
                continue;
            }
            let run = self.messages.run(&mut message, field.tag);
            let last = (!run.is_empty()).then(|| self.messages.at(run.end - 1).payload);
            match &field.shape {
                Shape::Struct(inner) if field.inline => {
                    let bytes = last.map_or(Ok(&[][..]), |p| p.bytes(field.name))?;
                    self.fields(*inner, bytes, Level::Inner)?;
                }
                Shape::List(item) => {
                    if run.is_empty() {
                        self.absent(field);
                        continue;
                    }
                    self.sink.name(field.name);
                    self.list(item, id, field.name, run)?;
                }
                Shape::Map(item) => {
                    if run.is_empty() {
                        self.absent(field);
                        continue;
                    }
                    self.sink.name(field.name);
                    self.map(item, id, field.name, run)?;
                }
                Shape::Struct(inner) => {
                    let level = match level {
                        Level::Root if field.name == "metadata" => Level::Metadata,
                        _ => Level::Inner,
                    };
                    let bytes = match last {
                        Some(payload) => payload.bytes(field.name)?,
                        None if field.pointer => {
                            self.absent(field);
                            continue;
                        }
                        None => &[],
                    };
                    let spliced = level == Level::Metadata && self.resource_version.is_some();
                    if field.omit_zero
                        && !field.pointer
                        && !spliced
                        && is_zero(schema, *inner, bytes, field.name)?
                    {
                        continue;
                    }
                    self.sink.name(field.name);
                    self.sink.begin_object();
                    self.fields(*inner, bytes, level)?;
                    self.sink.end_object();
                }
                Shape::Scalar(scalar) => {
                    if level == Level::Metadata
                        && field.name == "resourceVersion"
                        && let Some(version) = self.resource_version
                    {
                        if !version.is_empty() {
                            self.sink.name(field.name);
                            self.sink.string(version);
                        }
                        continue;
                    }
                    self.scalar_field(field, *scalar, id, last)?;
                }
            }
        }
        self.messages.close(message);
        Ok(())
    }

    /// A field of which the message says nothing and that has no zero value to print.
    fn absent(&mut self, field: &Field) {
        if !field.omit_empty && !field.omit_zero {
            self.sink.null_field(field.name);
        }
    }

    fn scalar_field(
        &mut self,
        field: &'a Field,
        scalar: Scalar,
        owner: TypeId,
        last: Option<Payload<'a>>,
    ) -> Result<(), DecodeError> {
        let nullable = field.pointer || matches!(scalar, Scalar::Bytes | Scalar::Strings);
        let Some(payload) = last.or_else(|| (!nullable).then(|| zero(scalar))) else {
            self.absent(field);
            return Ok(());
        };
        let empty = match scalar {
            Scalar::Bytes | Scalar::Strings => field.omit_empty && payload == Payload::Bytes(&[]),
            _ if field.pointer => false,
            _ if field.omit_zero => is_zero_scalar(scalar, payload, field.name)?,
            _ => {
                field.omit_empty && is_plain(scalar) && is_zero_scalar(scalar, payload, field.name)?
            }
        };
        if empty {
            return Ok(());
        }
        if is_null(scalar, payload, field.name)? {
            self.sink.null_field(field.name);
            return Ok(());
        }
        self.sink.name(field.name);
        self.scalar(scalar, owner, field.name, payload)
    }

    fn list(
        &mut self,
        item: &'a Shape,
        owner: TypeId,
        name: &'a str,
        run: std::ops::Range<usize>,
    ) -> Result<(), DecodeError> {
        self.sink.begin_list();
        for place in run {
            let payload = self.messages.at(place).payload;
            match (packed_wire(item), payload) {
                (Some(wire), Payload::Bytes(bytes)) => {
                    let mut reader = Reader::new(bytes);
                    while reader.left() > 0 {
                        let one = match wire {
                            0 => Payload::Varint(reader.varint()?),
                            1 => Payload::Fixed64(u64::from_le_bytes(reader.array()?)),
                            _ => Payload::Fixed32(u32::from_le_bytes(reader.array()?)),
                        };
                        self.sink.item();
                        self.value(item, owner, name, one)?;
                    }
                }
                _ => {
                    self.sink.item();
                    self.value(item, owner, name, payload)?;
                }
            }
        }
        self.sink.end_list();
        Ok(())
    }

    fn map(
        &mut self,
        item: &'a Shape,
        owner: TypeId,
        name: &'a str,
        run: std::ops::Range<usize>,
    ) -> Result<(), DecodeError> {
        let base = self.pairs.len();
        let mut sorted = true;
        for place in run {
            let mut pair = ("", zero_of(item));
            let mut reader = Reader::new(self.messages.at(place).payload.bytes(name)?);
            while let Some(entry) = reader.next()? {
                match entry.tag {
                    1 => pair.0 = entry.payload.text(name)?,
                    2 => pair.1 = entry.payload,
                    _ => {}
                }
            }
            sorted &= self.pairs.len() == base || self.pairs[self.pairs.len() - 1].0 < pair.0;
            self.pairs.push(pair);
        }
        if !sorted {
            self.pairs[base..].sort_by_key(|pair| pair.0);
        }
        self.sink.begin_object();
        let end = self.pairs.len();
        for place in base..end {
            let (key, payload) = self.pairs[place];
            if place + 1 < end && self.pairs[place + 1].0 == key {
                continue;
            }
            self.sink.key(key);
            self.value(item, owner, name, payload)?;
        }
        self.sink.end_object();
        self.pairs.truncate(base);
        Ok(())
    }

    /// One value that is there: an item of a list or map.
    fn value(
        &mut self,
        shape: &'a Shape,
        owner: TypeId,
        name: &'a str,
        payload: Payload<'a>,
    ) -> Result<(), DecodeError> {
        match shape {
            Shape::Scalar(scalar) => self.scalar(*scalar, owner, name, payload),
            Shape::Struct(id) => {
                let bytes = payload.bytes(name)?;
                self.sink.begin_object();
                self.fields(*id, bytes, Level::Inner)?;
                self.sink.end_object();
                Ok(())
            }
            // Protobuf has no lists of lists: no type of upstream's comes here.
            Shape::List(_) | Shape::Map(_) => Err(payload.mismatch(name)),
        }
    }

    fn scalar(
        &mut self,
        scalar: Scalar,
        owner: TypeId,
        name: &'a str,
        payload: Payload<'a>,
    ) -> Result<(), DecodeError> {
        match scalar {
            Scalar::Bool => self.sink.boolean(payload.varint(name)? != 0),
            Scalar::Int32 => self.sink.int(payload.varint(name)? as i32 as i64),
            Scalar::Int64 => self.sink.int(payload.varint(name)? as i64),
            Scalar::Uint32 => self.sink.uint(payload.varint(name)? as u32 as u64),
            Scalar::Uint64 => self.sink.uint(payload.varint(name)?),
            Scalar::Float => match payload {
                Payload::Fixed32(bits) => self.sink.float(f32::from_bits(bits)),
                other => return Err(other.mismatch(name)),
            },
            Scalar::Double => match payload {
                Payload::Fixed64(bits) => self.sink.double(f64::from_bits(bits)),
                other => return Err(other.mismatch(name)),
            },
            Scalar::String => self.sink.string(payload.text(name)?),
            Scalar::Bytes => self.sink.bytes(payload.bytes(name)?),
            Scalar::Strings => self.strings(name, payload)?,
            Scalar::Quantity => {
                let text = field(payload, 1, name)?.map_or(Ok("0"), |p| p.text(name))?;
                self.sink
                    .quantity(text)
                    .map_err(|why| DecodeError::Embedded { field: name.to_owned(), why })?;
            }
            Scalar::IntOrString => self.int_or_string(name, payload)?,
            Scalar::Time | Scalar::MicroTime => match instant(payload, name)? {
                Some(time) => self.sink.time(time, scalar == Scalar::MicroTime),
                None => self.sink.null(),
            },
            Scalar::Duration => {
                let nanos = field(payload, 1, name)?.map_or(Ok(0), |p| p.varint(name))?;
                self.sink.string(&object::duration::print(nanos as i64));
            }
            Scalar::RawExtension | Scalar::FieldsV1 | Scalar::Json => {
                match field(payload, 1, name)?.map(|p| p.bytes(name)).transpose()? {
                    Some(json) if !json.is_empty() => self
                        .sink
                        .embedded(json)
                        .map_err(|why| DecodeError::Embedded { field: name.to_owned(), why })?,
                    _ => self.sink.null(),
                }
            }
            Scalar::SchemaOrBool => {
                let allows = field(payload, 1, name)?.map_or(Ok(0), |p| p.varint(name))? != 0;
                match field(payload, 2, name)? {
                    Some(schema) => self.struct_value(owner, name, schema)?,
                    None => self.sink.boolean(allows),
                }
            }
            Scalar::SchemaOrArray | Scalar::SchemaOrStringArray => {
                self.schema_or_list(scalar, owner, name, payload)?;
            }
        }
        Ok(())
    }

    fn struct_value(
        &mut self,
        id: TypeId,
        name: &'a str,
        payload: Payload<'a>,
    ) -> Result<(), DecodeError> {
        let bytes = payload.bytes(name)?;
        self.sink.begin_object();
        self.fields(id, bytes, Level::Inner)?;
        self.sink.end_object();
        Ok(())
    }

    fn strings(&mut self, name: &'a str, payload: Payload<'a>) -> Result<(), DecodeError> {
        self.sink.begin_list();
        let mut reader = Reader::new(payload.bytes(name)?);
        while let Some(entry) = reader.next()? {
            if entry.tag == 1 {
                self.sink.item();
                self.sink.string(entry.payload.text(name)?);
            }
        }
        self.sink.end_list();
        Ok(())
    }

    fn int_or_string(&mut self, name: &'a str, payload: Payload<'a>) -> Result<(), DecodeError> {
        let (mut is_text, mut number, mut text) = (false, 0, "");
        let mut reader = Reader::new(payload.bytes(name)?);
        while let Some(entry) = reader.next()? {
            match entry.tag {
                1 => is_text = entry.payload.varint(name)? != 0,
                2 => number = entry.payload.varint(name)? as i32,
                3 => text = entry.payload.text(name)?,
                _ => {}
            }
        }
        if is_text {
            self.sink.string(text);
        } else {
            self.sink.int(number.into());
        }
        Ok(())
    }

    fn schema_or_list(
        &mut self,
        scalar: Scalar,
        owner: TypeId,
        name: &'a str,
        payload: Payload<'a>,
    ) -> Result<(), DecodeError> {
        let mut message = self.messages.open(payload.bytes(name)?)?;
        let schema = self.messages.last(&mut message, 1);
        let run = self.messages.run(&mut message, 2);
        if !run.is_empty() {
            self.sink.begin_list();
            for place in run {
                let payload = self.messages.at(place).payload;
                self.sink.item();
                if scalar == Scalar::SchemaOrArray {
                    self.struct_value(owner, name, payload)?;
                } else {
                    self.sink.string(payload.text(name)?);
                }
            }
            self.sink.end_list();
        } else if let Some(schema) = schema {
            self.struct_value(owner, name, schema.payload)?;
        } else {
            self.sink.null();
        }
        self.messages.close(message);
        Ok(())
    }
}
