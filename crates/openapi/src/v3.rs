//! A document of OpenAPI 3.0, piece by piece.
//!
//! Mirrors how `k8s.io/kube-openapi/pkg/{builder3,spec3}` print it.

use crate::definitions::{Definitions, Version};
use crate::document::Writer;
use crate::node::{Fields, Node, Text};
use crate::routes::{Operation, Parameter, Part, Path, Place};

/// Writes the document of one part of the server.
pub(crate) fn write(part: &Part, to: &mut dyn Writer) {
    let paths = part.paths();
    let at = part.group_version();
    let definitions = Definitions::new(schema::builtin(), Version::V3, at.as_ref());
    to.field("openapi", "3.0.0".into());
    to.field("info", crate::document::info());
    to.open("paths");
    for (template, path) in &paths {
        to.field(template, path_item(path).into());
    }
    to.close();
    to.open("components");
    let names = definitions.reachable(paths.values().flat_map(Path::definitions));
    if !names.is_empty() {
        to.open("schemas");
        for name in names {
            to.field(&name, definitions.define(&name).into());
        }
        to.close();
    }
    let token = Fields::new()
        .with("type", "apiKey")
        .with("description", crate::document::TOKEN_DESCRIPTION)
        .with("name", "authorization")
        .with("in", "header");
    to.field("securitySchemes", Fields::new().with("BearerToken", token).into());
    to.close();
}

fn path_item(path: &Path) -> Fields {
    let mut item = Fields::new();
    for operation in &path.operations {
        item.set(operation.method, self::operation(operation));
    }
    if !path.parameters.is_empty() {
        item.set("parameters", parameters(&path.parameters));
    }
    item
}

fn operation(of: &Operation) -> Fields {
    let mut operation = Fields::new()
        .with("tags", vec![of.tag.clone()])
        .with("description", of.description.clone())
        .with("operationId", of.id.clone());
    if !of.parameters.is_empty() {
        operation.set("parameters", parameters(&of.parameters));
    }
    if let Some((name, required)) = &of.body {
        let mut types = of.consumes.to_vec();
        types.sort_unstable();
        let mut body = Fields::new().with("content", content(&types, Some(name)));
        if *required {
            body.set("required", true);
        }
        operation.set("requestBody", body);
    }
    operation.set("responses", responses(of));
    if let Some((action, kind)) = of.action {
        operation.set("x-kubernetes-action", action);
        let kind = Fields::new()
            .with("group", kind.group)
            .with("version", kind.version)
            .with("kind", kind.kind);
        operation.set("x-kubernetes-group-version-kind", kind);
    }
    operation
}

fn responses(of: &Operation) -> Fields {
    let mut types = of.produces.clone();
    types.sort_unstable();
    let mut responses = Fields::new();
    for (code, text) in of.codes {
        let response = Fields::new()
            .with("description", *text)
            .with("content", content(&types, of.answer.as_ref()));
        responses.set(*code, response);
    }
    responses.with("401", Fields::new().with("description", "Unauthorized"))
}

fn content(types: &[&'static str], name: Option<&Text>) -> Fields {
    let schema = match name {
        Some(name) => Fields::new().with("$ref", Version::V3.reference(name)),
        None => Fields::new().with("type", "string"),
    };
    let mut content = Fields::new();
    for media_type in types {
        content.set(*media_type, Fields::new().with("schema", schema.clone()));
    }
    content
}

fn parameters(all: &[Parameter]) -> Node {
    let parameters = all.iter().map(|of| {
        let place = if of.place == Place::Path { "path" } else { "query" };
        let mut parameter = Fields::new().with("name", of.name).with("in", place);
        if let Some(text) = of.description() {
            parameter.set("description", text);
        }
        if of.place == Place::Path {
            parameter.set("required", true);
        }
        parameter.with("schema", Fields::new().with("type", of.kind).with("uniqueItems", true))
    });
    parameters.collect::<Vec<_>>().into()
}
