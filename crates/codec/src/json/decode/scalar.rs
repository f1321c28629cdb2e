//! Single values, each as its Go type reads it.

use super::context::Context;
use crate::scalar::{quantity as quantities, time, unbase64};
use object::duration;
use schema::Scalar;
use serde::Deserialize as _;
use serde::de::{Deserializer, Error};
use serde_json::value::RawValue;
use serde_json::{Number, Value};
use std::borrow::Cow;

type Read<E> = Result<Option<Value>, E>;

const NO_SCHEMA: &str = "boolean or JSON schema expected";

/// How Go prints a scalar's type.
pub(super) fn go_type(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Bool => "bool",
        Scalar::Int32 | Scalar::IntOrString => "int32",
        Scalar::Int64 => "int64",
        Scalar::Uint32 => "uint32",
        Scalar::Uint64 => "uint64",
        Scalar::Float => "float32",
        Scalar::Double => "float64",
        Scalar::Bytes => "[]uint8",
        Scalar::Strings => "[]string",
        Scalar::String | Scalar::Time | Scalar::MicroTime | Scalar::Duration => "string",
        Scalar::Quantity => "resource.Quantity",
        Scalar::RawExtension => "runtime.RawExtension",
        Scalar::FieldsV1 => "v1.FieldsV1",
        Scalar::Json => "v1.JSON",
        Scalar::SchemaOrBool => "v1.JSONSchemaPropsOrBool",
        Scalar::SchemaOrArray => "v1.JSONSchemaPropsOrArray",
        Scalar::SchemaOrStringArray => "v1.JSONSchemaPropsOrStringArray",
    }
}

/// Gives up: a kind of value that the scalar never takes.
pub(super) fn wrong<E: Error>(context: &mut Context<'_>, scalar: Scalar, value: &str) -> E {
    match scalar {
        Scalar::Quantity => match quantities::canonical(value) {
            Ok(_) => context.wrong_type(value, go_type(scalar)),
            Err(why) => context.fail(why),
        },
        Scalar::SchemaOrBool => context.fail(NO_SCHEMA.to_owned()),
        _ => context.wrong_type(value, go_type(scalar)),
    }
}

/// A quantity by its own text, whatever JSON calls it: Go reads `1e3` as a quantity, too.
pub(super) fn quantity<'de, D: Deserializer<'de>>(
    context: &mut Context<'_>,
    deserializer: D,
) -> Read<D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?.get();
    match raw.as_bytes().first() {
        Some(b'n') => Ok(None),
        Some(b'"') => {
            let text: Cow<'_, str> = serde_json::from_str(raw).map_err(D::Error::custom)?;
            text_quantity(context, &text)
        }
        _ => text_quantity(context, raw),
    }
}

fn text_quantity<E: Error>(context: &mut Context<'_>, text: &str) -> Read<E> {
    quantities::canonical(text).map(|text| Some(text.into())).map_err(|why| context.fail(why))
}

/// A number for a scalar field.
pub(super) fn number<E: Error>(
    context: &mut Context<'_>,
    scalar: Scalar,
    number: Number,
) -> Read<E> {
    let fits = match scalar {
        Scalar::Int32 | Scalar::IntOrString => {
            number.as_i64().is_some_and(|n| i32::try_from(n).is_ok())
        }
        Scalar::Int64 => number.is_i64(),
        Scalar::Uint32 => number.as_u64().is_some_and(|n| u32::try_from(n).is_ok()),
        Scalar::Uint64 => number.is_u64(),
        Scalar::Float | Scalar::Double => {
            let float = number.as_f64().unwrap_or_default();
            if scalar == Scalar::Double || (float as f32).is_finite() {
                return Ok(Number::from_f64(float).map(Value::Number));
            }
            false
        }
        Scalar::Quantity => return text_quantity(context, &number.to_string()),
        Scalar::SchemaOrArray | Scalar::SchemaOrStringArray => return Ok(None),
        _ => return Err(wrong(context, scalar, "number")),
    };
    if fits {
        return Ok(Some(Value::Number(number)));
    }
    Err(context.wrong_type(&format!("number {number}"), go_type(scalar)))
}

/// A text for a scalar field.
pub(super) fn text<E: Error>(
    context: &mut Context<'_>,
    scalar: Scalar,
    text: Cow<'_, str>,
) -> Read<E> {
    match scalar {
        Scalar::String | Scalar::IntOrString => Ok(Some(text.into_owned().into())),
        Scalar::Bytes => match unbase64(&text) {
            Ok(_) if !text.contains(['\n', '\r']) => Ok(Some(text.into_owned().into())),
            Ok(bytes) => Ok(Some(crate::scalar::base64(&bytes).into())),
            Err(why) => Err(context.fail(why)),
        },
        Scalar::Quantity => text_quantity(context, &text),
        Scalar::Time | Scalar::MicroTime => {
            let micros = scalar == Scalar::MicroTime;
            match time::parse(&text, micros) {
                Ok(time) if time.is_zero() => Ok(None),
                Ok(time) => Ok(Some(time.text(micros).into())),
                Err(why) => Err(context.fail(why)),
            }
        }
        Scalar::Duration => match duration::parse(&text) {
            Ok(nanos) => Ok(Some(duration::print(nanos).into())),
            Err(why) => Err(context.fail(why.to_string())),
        },
        Scalar::SchemaOrArray | Scalar::SchemaOrStringArray => Ok(None),
        _ => Err(wrong(context, scalar, "string")),
    }
}
