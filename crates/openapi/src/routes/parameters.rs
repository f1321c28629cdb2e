//! The parameters of operations: those in paths, and the fields of the options that queries
//! spell out.
//!
//! Names and types come from the schema of the options. Their sentences are our own, except
//! those of `DeleteOptions`, which is a body too and has them among the descriptions.

mod sentences;

use crate::definitions;
use crate::descriptions;
use crate::node::Text;
use schema::{Scalar, Shape};
use sentences::sentence;

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
}

/// A parameter.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    /// Its name.
    pub(crate) name: &'static str,
    /// Where it stands.
    pub(crate) place: Place,
    /// Its type, such as `boolean`.
    pub(crate) kind: &'static str,
    /// The type of options that it is a field of, for its sentence.
    options: &'static str,
    /// Its sentence, where that is said here.
    description: Option<Text>,
}

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";

impl Parameter {
    /// What documents sort by.
    pub(super) fn key(&self) -> (&'static str, Place) {
        (self.name, self.place)
    }

    /// Whether it is the same in name and place.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.key() == other.key()
    }

    /// What it is for.
    pub(crate) fn description(&self) -> Option<Text> {
        self.description.clone().or_else(|| {
            descriptions::of_field(&format!("{META}.{}", self.options), self.name)
                .or_else(|| sentence(self.options, self.name).map(Text::Borrowed))
        })
    }
}

/// The name of an object, in the path.
pub(super) fn name(kind: &str) -> Parameter {
    in_path("name", format!("name of the {kind}").into())
}

/// The namespace, in the path.
pub(super) fn namespace() -> Parameter {
    in_path("namespace", "the namespace in which the objects live".into())
}

/// What follows the resource in the path of a proxy.
pub(super) fn rest_of_path() -> Parameter {
    in_path("path", "path to the resource".into())
}

/// Whether JSON is to be indented.
pub(super) fn pretty() -> Parameter {
    Parameter {
        name: "pretty",
        place: Place::Query,
        kind: "string",
        options: "",
        description: Some(
            "'true': the answer is indented for people to read; browsers, curl and wget get it \
             so without asking."
                .into(),
        ),
    }
}

fn in_path(name: &'static str, description: Text) -> Parameter {
    Parameter {
        name,
        place: Place::Path,
        kind: "string",
        options: "",
        description: Some(description),
    }
}

/// The fields of options as a query has them: those of single values and of lists of such.
pub(super) fn options(type_name: &'static str) -> Vec<Parameter> {
    let schema = schema::builtin();
    let Some(id) = [META, "io.k8s.api.core.v1"]
        .iter()
        .find_map(|package| schema.named(&format!("{package}.{type_name}")))
    else {
        return Vec::new();
    };
    let fields = definitions::fields(schema, id);
    let fields = fields.iter().filter(|field| !matches!(field.name, "kind" | "apiVersion"));
    fields
        .filter_map(|field| {
            Some(Parameter {
                name: field.name,
                place: Place::Query,
                kind: kind(&field.shape)?,
                options: type_name,
                description: None,
            })
        })
        .collect()
}

fn kind(shape: &Shape) -> Option<&'static str> {
    match shape {
        Shape::List(item) => kind(item),
        Shape::Scalar(Scalar::Bool) => Some("boolean"),
        Shape::Scalar(Scalar::Int32 | Scalar::Int64) => Some("integer"),
        Shape::Scalar(Scalar::String) => Some("string"),
        _ => None,
    }
}
