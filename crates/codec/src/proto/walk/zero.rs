//! What is zero, empty or null in Go, asked of a message's bytes.

use crate::DecodeError;
use crate::proto::wire::{Payload, Reader};
use crate::scalar::time::Instant;
use schema::{Scalar, Schema, Shape, TypeId};

/// The last occurrence of a tag in a small message.
pub(super) fn field<'a>(
    payload: Payload<'a>,
    tag: u32,
    name: &str,
) -> Result<Option<Payload<'a>>, DecodeError> {
    let mut reader = Reader::new(payload.bytes(name)?);
    let mut found = None;
    while let Some(entry) = reader.next()? {
        if entry.tag == tag {
            found = Some(entry.payload);
        }
    }
    Ok(found)
}

/// A time, or `None` for Go's zero time.
pub(super) fn instant(payload: Payload<'_>, name: &str) -> Result<Option<Instant>, DecodeError> {
    let bytes = payload.bytes(name)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut time = Instant { seconds: 0, nanos: 0 };
    let mut reader = Reader::new(bytes);
    while let Some(entry) = reader.next()? {
        match entry.tag {
            1 => time.seconds = entry.payload.varint(name)? as i64,
            2 => time.nanos = (entry.payload.varint(name)? as i32).clamp(0, 999_999_999) as u32,
            _ => {}
        }
    }
    Ok((!Instant { nanos: 0, ..time }.is_zero()).then_some(time))
}

/// The wire type of a scalar that may come packed.
pub(super) fn packed_wire(shape: &Shape) -> Option<u8> {
    match shape {
        Shape::Scalar(scalar) => match zero(*scalar) {
            Payload::Bytes(_) => None,
            other => Some(other.wire()),
        },
        _ => None,
    }
}

pub(super) fn zero_of(shape: &Shape) -> Payload<'static> {
    match shape {
        Shape::Scalar(scalar) => zero(*scalar),
        _ => Payload::Bytes(&[]),
    }
}

/// What stands for a scalar's zero value.
pub(crate) fn zero(scalar: Scalar) -> Payload<'static> {
    use Scalar::{Bool, Double, Float, Int32, Int64, Uint32, Uint64};
    match scalar {
        Bool | Int32 | Int64 | Uint32 | Uint64 => Payload::Varint(0),
        Float => Payload::Fixed32(0),
        Double => Payload::Fixed64(0),
        _ => Payload::Bytes(&[]),
    }
}

/// Whether `omitempty` has a meaning: Go knows no empty struct.
pub(crate) fn is_plain(scalar: Scalar) -> bool {
    use Scalar::{Bool, Bytes, Double, Float, Int32, Int64, String, Uint32, Uint64};
    matches!(scalar, Bool | Int32 | Int64 | Uint32 | Uint64 | Float | Double | String | Bytes)
}

/// Whether a value that is there prints as null.
pub(super) fn is_null(
    scalar: Scalar,
    payload: Payload<'_>,
    name: &str,
) -> Result<bool, DecodeError> {
    Ok(match scalar {
        Scalar::Time | Scalar::MicroTime => instant(payload, name)?.is_none(),
        Scalar::RawExtension | Scalar::FieldsV1 | Scalar::Json => {
            field(payload, 1, name)?.is_none_or(|json| json == Payload::Bytes(&[]))
        }
        Scalar::SchemaOrArray | Scalar::SchemaOrStringArray => payload.bytes(name)?.is_empty(),
        _ => false,
    })
}

/// Whether a scalar has Go's zero value.
pub(super) fn is_zero_scalar(
    scalar: Scalar,
    payload: Payload<'_>,
    name: &str,
) -> Result<bool, DecodeError> {
    Ok(match scalar {
        Scalar::Quantity => {
            field(payload, 1, name)?.is_none_or(|text| matches!(text, Payload::Bytes(b"" | b"0")))
        }
        Scalar::IntOrString => {
            let mut reader = Reader::new(payload.bytes(name)?);
            let mut zero = true;
            while let Some(entry) = reader.next()? {
                zero &= matches!(entry.payload, Payload::Varint(0) | Payload::Bytes(b""));
            }
            zero
        }
        Scalar::Duration => field(payload, 1, name)?.is_none_or(|n| n == Payload::Varint(0)),
        Scalar::Time | Scalar::MicroTime => instant(payload, name)?.is_none(),
        _ => payload == zero(scalar),
    })
}

/// Whether a struct has Go's zero value: what `omitzero` asks.
pub(super) fn is_zero(
    schema: &Schema,
    id: TypeId,
    bytes: &[u8],
    name: &str,
) -> Result<bool, DecodeError> {
    let mut reader = Reader::new(bytes);
    while let Some(entry) = reader.next()? {
        let fields = &schema.get(id).fields;
        let Some(field) = fields.iter().find(|field| field.tag == entry.tag) else { continue };
        let zero = match &field.shape {
            _ if field.pointer => false,
            Shape::Struct(inner) => {
                is_zero(schema, *inner, entry.payload.bytes(name)?, field.name)?
            }
            Shape::Scalar(Scalar::Bytes | Scalar::Strings) => false,
            Shape::Scalar(scalar) => is_zero_scalar(*scalar, entry.payload, field.name)?,
            Shape::List(_) | Shape::Map(_) => false,
        };
        if !zero {
            return Ok(false);
        }
    }
    Ok(true)
}
