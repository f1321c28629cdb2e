//! The definition of each type: its fields, how they merge, what they default to.
//!
//! Mirrors what `k8s.io/kube-openapi/pkg/generators` writes for upstream's types, and how
//! `pkg/builder3` and, for version 2, `pkg/handler` (default pruning) show it.

mod extensions;
mod kinds_of;
mod special;

use crate::descriptions;
use crate::node::{Fields, Node, Text};
use kinds_of::KindsOf;
use object::GroupVersion;
use schema::{Field, Scalar, Schema, Shape, TypeId};
use std::collections::BTreeSet;

/// The version of OpenAPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// Swagger 2.0: references stand among their siblings, nothing has a default.
    V2,
    /// OpenAPI 3.0: references have no siblings, zero values of Go are defaults.
    V3,
}

impl Version {
    /// A reference to a definition.
    pub(crate) fn reference(self, name: &str) -> Text {
        match self {
            Version::V2 => format!("#/definitions/{name}").into(),
            Version::V3 => format!("#/components/schemas/{name}").into(),
        }
    }
}

/// Makes definitions for one document.
pub(crate) struct Definitions {
    schema: &'static Schema,
    version: Version,
    kinds: KindsOf,
}

impl Definitions {
    /// `at`: the group and version of the document, which names of the kinds that belong to
    /// every group only its own. `None`: the document has all groups.
    pub(crate) fn new(
        schema: &'static Schema,
        version: Version,
        at: Option<&GroupVersion>,
    ) -> Self {
        Self { schema, version, kinds: KindsOf::new(schema, version, at) }
    }

    /// The names of these definitions and of all that they refer to, sorted.
    pub(crate) fn reachable(&self, from: impl IntoIterator<Item = Text>) -> BTreeSet<Text> {
        let mut found = BTreeSet::new();
        let mut open: Vec<Text> = from.into_iter().collect();
        while let Some(name) = open.pop() {
            if found.contains(&name) {
                continue;
            }
            if let Some(id) = self.schema.named(&name) {
                let fields = fields(self.schema, id);
                open.extend(fields.iter().filter_map(|field| self.referred(&field.shape)));
            }
            found.insert(name);
        }
        found
    }

    /// The definition of a type.
    pub(crate) fn define(&self, name: &str) -> Fields {
        let mut definition = Fields::new();
        if let Some(text) = descriptions::of_type(name) {
            definition.set("description", text);
        }
        if let Some(id) = self.schema.named(name).filter(|_| !special::is(name)) {
            self.define_struct(name, id, &mut definition);
        } else {
            special::define(name, self.version, &mut definition);
        }
        definition
    }

    fn define_struct(&self, name: &str, id: TypeId, definition: &mut Fields) {
        definition.set("type", "object");
        let mut fields = fields(self.schema, id);
        let required: Vec<&'static str> =
            fields.iter().filter(|field| field.required).map(|field| field.name).collect();
        if !required.is_empty() {
            definition.set("required", required);
        }
        fields.sort_by_key(|field| field.name);
        let mut properties = Fields::new();
        for field in fields {
            properties.set(field.name, self.property(name, field));
        }
        if !properties.is_empty() {
            definition.set("properties", properties);
        }
        if let Some(kinds) = self.kinds.get(id) {
            definition.set("x-kubernetes-group-version-kind", kinds);
        }
        extensions::of_type(name, self.schema.get(id), definition);
    }

    fn property(&self, owner: &str, field: &'static Field) -> Fields {
        let mut property = Fields::new();
        let values = self.schema.enum_values(field);
        let text = descriptions::of_field(owner, field.name);
        let text = text.map(|text| descriptions::with_values(text, values));
        if let Some(text) = text {
            property.set("description", text);
        }
        let default = match field.default {
            Some(default) => serde_json::from_str(default).ok().map(|value| Node::of(&value)),
            None if field.pointer => None,
            None => self.zero(&field.shape, field.omit_empty),
        };
        self.shape(&field.shape, default, values, &mut property);
        extensions::of_field(field, &mut property);
        property
    }

    /// Adds what says how a value looks.
    fn shape(
        &self,
        shape: &Shape,
        default: Option<Node>,
        values: &'static [&'static str],
        to: &mut Fields,
    ) {
        let default = default.filter(|_| self.version == Version::V3);
        if let Some(name) = self.referred_by(shape) {
            return self.refer(&name, default, to);
        }
        match shape {
            Shape::List(item) => {
                to.set("type", "array");
                set_default(default, to);
                to.set("items", self.element(item, values));
            }
            Shape::Map(value) => {
                to.set("type", "object");
                set_default(default, to);
                to.set("additionalProperties", self.element(value, values));
            }
            Shape::Scalar(Scalar::Strings) => {
                to.set("type", "array");
                to.set("items", self.element(&Shape::Scalar(Scalar::String), &[]));
            }
            Shape::Scalar(scalar) => {
                let (name, format) = type_and_format(*scalar);
                to.set("type", name);
                if let Some(format) = format {
                    to.set("format", format);
                }
                set_default(default, to);
                if !values.is_empty() {
                    to.set("enum", values);
                }
            }
            Shape::Struct(_) => {}
        }
    }

    fn element(&self, shape: &Shape, values: &'static [&'static str]) -> Fields {
        let mut element = Fields::new();
        self.shape(shape, self.zero(shape, false), values, &mut element);
        element
    }

    fn refer(&self, name: &str, default: Option<Node>, to: &mut Fields) {
        let target = Node::from(self.version.reference(name));
        if self.version == Version::V2 || (to.is_empty() && default.is_none()) {
            return to.set("$ref", target);
        }
        set_default(default, to);
        to.set("allOf", vec![Fields::new().with("$ref", target)]);
    }

    /// What Go makes of a value that is absent, where that is said: for structs always, for
    /// scalars unless they may be left out.
    fn zero(&self, shape: &Shape, may_be_left_out: bool) -> Option<Node> {
        match shape {
            Shape::Struct(_) => Some(Fields::new().into()),
            Shape::Scalar(_) if self.referred_by(shape).is_some() => special::zero(shape),
            Shape::Scalar(Scalar::Strings | Scalar::Bytes) => None,
            Shape::Scalar(_) if may_be_left_out => None,
            Shape::Scalar(Scalar::Bool) => Some(false.into()),
            Shape::Scalar(Scalar::String) => Some("".into()),
            Shape::Scalar(_) => Some(Node::Int(0)),
            Shape::List(_) | Shape::Map(_) => None,
        }
    }

    /// The definition that a shape is, if it has one of its own.
    fn referred_by(&self, shape: &Shape) -> Option<Text> {
        match shape {
            Shape::Struct(id) => Some(self.schema.get(*id).name.into()),
            Shape::Scalar(scalar) => special::name(*scalar).map(Text::Borrowed),
            Shape::List(_) | Shape::Map(_) => None,
        }
    }

    /// The definition that a shape refers to somewhere.
    fn referred(&self, shape: &Shape) -> Option<Text> {
        match shape {
            Shape::List(inner) | Shape::Map(inner) => self.referred(inner),
            shape => self.referred_by(shape),
        }
    }
}

fn set_default(default: Option<Node>, to: &mut Fields) {
    if let Some(default) = default {
        to.set("default", default);
    }
}

fn type_and_format(scalar: Scalar) -> (&'static str, Option<&'static str>) {
    match scalar {
        Scalar::Bool => ("boolean", None),
        Scalar::Int32 => ("integer", Some("int32")),
        Scalar::Int64 | Scalar::Uint32 | Scalar::Uint64 => ("integer", Some("int64")),
        Scalar::Float => ("number", Some("float")),
        Scalar::Double => ("number", Some("double")),
        Scalar::Bytes => ("string", Some("byte")),
        _ => ("string", None),
    }
}

/// The fields of a type as JSON has them, those of inline structs among the others.
pub(crate) fn fields(schema: &'static Schema, id: TypeId) -> Vec<&'static Field> {
    let mut found = Vec::new();
    for field in &schema.get(id).fields {
        match &field.shape {
            Shape::Struct(inner) if field.inline => found.extend(fields(schema, *inner)),
            _ => found.push(field),
        }
    }
    found
}
