//! JSON text exactly as Go's `encoding/json` prints a typed value: fields in the order of the
//! struct, empty ones left out or not as their tags say.
//!
//! Annotations that carry a part of an object hold such text; everything that goes over the
//! wire is the `codec` crate's.

use object::Value;
use schema::{Scalar, Schema, Shape, TypeId};

/// A list of values of a built-in type, such as `io.k8s.api.autoscaling.v1.MetricSpec`.
pub(super) fn list(type_name: &str, items: &[Value]) -> String {
    let schema = schema::builtin();
    let mut out = String::from("[");
    if let Some(id) = schema.named(type_name) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            write_struct(schema, id, item, &mut out);
        }
    }
    out.push(']');
    out
}

/// A text in quotes, with the escapes that Go uses so that HTML may embed it.
pub(super) fn text(text: &str, out: &mut String) {
    let quoted = Value::from(text).to_string();
    for c in quoted.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
}

fn write_struct(schema: &Schema, id: TypeId, value: &Value, out: &mut String) {
    out.push('{');
    write_fields(schema, id, value, out);
    out.push('}');
}

fn write_fields(schema: &Schema, id: TypeId, value: &Value, out: &mut String) {
    for field in &schema.get(id).fields {
        if field.inline {
            if let Shape::Struct(inner) = &field.shape {
                write_fields(schema, *inner, value, out);
            }
            continue;
        }
        let told = value.get(field.name).filter(|value| !value.is_null());
        let never_empty = is_go_struct(&field.shape) && !field.pointer;
        if told.is_none() && (field.omit_zero || field.omit_empty && !never_empty) {
            continue;
        }
        if !out.ends_with('{') {
            out.push(',');
        }
        text(field.name, out);
        out.push(':');
        match told {
            Some(value) => write_value(schema, &field.shape, value, out),
            None if field.pointer => out.push_str("null"),
            None => write_zero(schema, &field.shape, out),
        }
    }
}

/// What is a struct in Go is never empty, and so never left out.
fn is_go_struct(shape: &Shape) -> bool {
    use Scalar::{Duration, FieldsV1, IntOrString, Json, MicroTime, Quantity, RawExtension, Time};
    match shape {
        Shape::Struct(_) => true,
        // A duration is a struct around a number.
        Shape::Scalar(scalar) => matches!(
            scalar,
            Duration | FieldsV1 | IntOrString | Json | MicroTime | Quantity | RawExtension | Time
        ),
        Shape::List(_) | Shape::Map(_) => false,
    }
}

fn write_value(schema: &Schema, shape: &Shape, value: &Value, out: &mut String) {
    match (shape, value) {
        (Shape::Struct(id), _) => write_struct(schema, *id, value, out),
        (Shape::List(inner), Value::Array(items)) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(schema, inner, item, out);
            }
            out.push(']');
        }
        (Shape::Map(inner), Value::Object(map)) => {
            out.push('{');
            for (index, (key, value)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                text(key, out);
                out.push(':');
                write_value(schema, inner, value, out);
            }
            out.push('}');
        }
        (_, Value::String(string)) => text(string, out),
        _ => out.push_str(&value.to_string()),
    }
}

/// What Go prints for a value that was never set.
fn write_zero(schema: &Schema, shape: &Shape, out: &mut String) {
    match shape {
        Shape::Struct(id) => write_struct(schema, *id, &Value::Null, out),
        Shape::List(_) | Shape::Map(_) => out.push_str("null"),
        Shape::Scalar(scalar) => out.push_str(match scalar {
            Scalar::Bool => "false",
            Scalar::String => "\"\"",
            Scalar::Quantity => "\"0\"",
            Scalar::Duration => "\"0s\"",
            Scalar::Int32
            | Scalar::Int64
            | Scalar::Uint32
            | Scalar::Uint64
            | Scalar::Float
            | Scalar::Double
            | Scalar::IntOrString => "0",
            _ => "null",
        }),
    }
}
