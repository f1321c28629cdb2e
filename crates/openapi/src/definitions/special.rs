//! The definitions of types that are no structs in JSON: times, quantities, any JSON.
//!
//! Upstream's types say these by hand (`OpenAPISchemaType`, `OpenAPIV3OneOfTypes`).

use super::Version;
use crate::node::{Fields, Node};
use schema::{Scalar, Shape};

/// How such a type looks.
enum Look {
    /// Anything.
    Any,
    /// Any object.
    Object,
    /// A string of this format.
    Formatted(&'static str),
    /// A string; version 3 says which types it may have.
    OneOf(Option<&'static str>, &'static [&'static str]),
}

const ALL: &[(Scalar, &str, Look)] = &[
    (
        Scalar::Quantity,
        "io.k8s.apimachinery.pkg.api.resource.Quantity",
        Look::OneOf(None, &["string", "number"]),
    ),
    (
        Scalar::IntOrString,
        "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
        Look::OneOf(Some("int-or-string"), &["integer", "string"]),
    ),
    (Scalar::Time, "io.k8s.apimachinery.pkg.apis.meta.v1.Time", Look::Formatted("date-time")),
    (
        Scalar::MicroTime,
        "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime",
        Look::Formatted("date-time"),
    ),
    (Scalar::RawExtension, "io.k8s.apimachinery.pkg.runtime.RawExtension", Look::Object),
    (Scalar::FieldsV1, "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1", Look::Object),
    (Scalar::Json, "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON", Look::Any),
    (
        Scalar::SchemaOrBool,
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool",
        Look::Any,
    ),
    (
        Scalar::SchemaOrArray,
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray",
        Look::Any,
    ),
    (
        Scalar::SchemaOrStringArray,
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray",
        Look::Any,
    ),
];

/// Whether a definition is one of these.
pub(super) fn is(name: &str) -> bool {
    ALL.iter().any(|(_, at, _)| *at == name)
}

/// The definition of a scalar, if it has one.
pub(super) fn name(scalar: Scalar) -> Option<&'static str> {
    ALL.iter().find(|(at, ..)| *at == scalar).map(|(_, name, _)| *name)
}

/// The default of a scalar with a definition: none.
pub(super) fn zero(_shape: &Shape) -> Option<Node> {
    None
}

/// Adds how it looks. Other types without fields are objects.
pub(super) fn define(name: &str, version: Version, to: &mut Fields) {
    match ALL.iter().find(|(_, at, _)| *at == name).map_or(&Look::Object, |(.., look)| look) {
        Look::Any => {}
        Look::Object => to.set("type", "object"),
        Look::Formatted(format) => {
            to.set("type", "string");
            to.set("format", *format);
        }
        Look::OneOf(format, types) => {
            if version == Version::V2 {
                to.set("type", "string");
            }
            if let Some(format) = format {
                to.set("format", *format);
            }
            if version == Version::V3 {
                let types = types.iter().map(|name| Fields::new().with("type", *name));
                to.set("oneOf", types.collect::<Vec<_>>());
            }
        }
    }
}
