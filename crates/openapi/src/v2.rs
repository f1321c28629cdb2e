//! The one document of OpenAPI 2.0, piece by piece.
//!
//! Mirrors how `k8s.io/kube-openapi/pkg/builder` prints it, with the parameters that many
//! operations have in a place of their own.

use crate::definitions::{Definitions, Version};
use crate::document::Writer;
use crate::node::{Fields, Node, Text};
use crate::routes::{Operation, Parameter, Part, Path, Paths, Place};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use std::collections::{BTreeMap, BTreeSet};

/// Writes it.
pub(crate) fn write(parts: &[Part], to: &mut dyn Writer) {
    let mut paths = Paths::new();
    let mut names = BTreeSet::new();
    for part in parts {
        paths.append(&mut part.paths());
    }
    let definitions = Definitions::new(schema::builtin(), Version::V2, None);
    let mut shared = Shared::default();
    to.field("swagger", "2.0".into());
    to.field("info", crate::document::info());
    to.open("paths");
    for (template, path) in &paths {
        to.field(template, path_item(path, &mut shared).into());
        names.extend(path.definitions());
    }
    to.close();
    to.open("definitions");
    for name in definitions.reachable(names) {
        to.field(&name, definitions.define(&name).into());
    }
    to.close();
    to.field("parameters", Fields(shared.by_name.into_iter().collect()).into());
    let token = Fields::new()
        .with("description", crate::document::TOKEN_DESCRIPTION)
        .with("type", "apiKey")
        .with("name", "authorization")
        .with("in", "header");
    to.field("securityDefinitions", Fields::new().with("BearerToken", token).into());
    let nothing = Node::List(Vec::new());
    to.field("security", vec![Fields::new().with("BearerToken", nothing)].into());
}

/// Parameters that stand at one place and are referred to from all others.
#[derive(Default)]
struct Shared {
    by_name: BTreeMap<Text, Node>,
}

impl Shared {
    /// A reference to a parameter, which is kept under its name and a hash of all it says.
    fn refer(&mut self, parameter: Fields) -> Fields {
        let own_name = parameter.get("name").and_then(Node::as_text).unwrap_or("param");
        let json = serde_json::to_string(&parameter).unwrap_or_default();
        let name = format!("{own_name}-{}", hash(&json));
        self.by_name.insert(name.clone().into(), parameter.into());
        Fields::new().with("$ref", format!("#/parameters/{name}"))
    }
}

/// Six bytes of FNV-1, as Go's `hash/fnv` has it, over the JSON as Go escapes it.
fn hash(json: &str) -> String {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let json = json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    let hash = json.bytes().fold(OFFSET, |hash, byte| hash.wrapping_mul(PRIME) ^ u64::from(byte));
    URL_SAFE.encode(&hash.to_be_bytes()[..6])
}

fn path_item(path: &Path, shared: &mut Shared) -> Fields {
    let mut item = Fields::new();
    for operation in &path.operations {
        item.set(operation.method, self::operation(operation, shared));
    }
    if !path.parameters.is_empty() {
        let parameters = path.parameters.iter().map(|of| parameter(of, shared));
        item.set("parameters", parameters.collect::<Vec<_>>());
    }
    item
}

fn operation(of: &Operation, shared: &mut Shared) -> Fields {
    let mut operation = Fields::new().with("description", of.description.clone());
    if !of.consumes.is_empty() {
        operation.set("consumes", of.consumes);
    }
    operation.set("produces", of.produces.as_slice());
    operation.set("schemes", vec!["https"]);
    operation.set("tags", vec![of.tag.clone()]);
    operation.set("operationId", of.id.clone());
    let body = of.body.as_ref().map(|(name, required)| body(name, *required, shared));
    let others = of.parameters.iter().map(|of| parameter(of, shared));
    // By name, as they are; only these two stand before `body`.
    let (before, after): (Vec<_>, Vec<_>) =
        of.parameters.iter().zip(others.collect::<Vec<_>>()).partition(|(of, _)| of.name < "body");
    let parts = [before, after].map(|part| part.into_iter().map(|(_, node)| node));
    let [before, after] = parts;
    let parameters: Vec<Fields> = before.chain(body).chain(after).collect();
    if !parameters.is_empty() {
        operation.set("parameters", parameters);
    }
    operation.set("responses", responses(of));
    if let Some((action, kind)) = of.action {
        operation.set("x-kubernetes-action", action);
        let kind = Fields::new()
            .with("group", kind.group)
            .with("kind", kind.kind)
            .with("version", kind.version);
        operation.set("x-kubernetes-group-version-kind", kind);
    }
    operation
}

fn responses(of: &Operation) -> Fields {
    let schema = match &of.answer {
        Some(name) => Fields::new().with("$ref", Version::V2.reference(name)),
        None => Fields::new().with("type", "string"),
    };
    let mut responses = Fields::new();
    for (code, text) in of.codes {
        let response = Fields::new().with("description", *text).with("schema", schema.clone());
        responses.set(*code, response);
    }
    responses.with("401", Fields::new().with("description", "Unauthorized"))
}

/// The body as a parameter. Those that are no kind of the path's own are shared.
fn body(name: &Text, required: bool, shared: &mut Shared) -> Fields {
    let mut body = Fields::new().with("name", "body").with("in", "body");
    if required {
        body.set("required", true);
    }
    body.set("schema", Fields::new().with("$ref", Version::V2.reference(name)));
    if name.starts_with("io.k8s.apimachinery") { shared.refer(body) } else { body }
}

/// A parameter. All are shared but three: the name, whose sentence has the kind in it, and two
/// by which older clients tell what a server can do.
fn parameter(of: &Parameter, shared: &mut Shared) -> Fields {
    let mut parameter = Fields::new().with("uniqueItems", true).with("type", of.kind);
    if let Some(text) = of.description() {
        parameter.set("description", text);
    }
    parameter.set("name", of.name);
    match of.place {
        Place::Path => {
            parameter.set("in", "path");
            parameter.set("required", true);
        }
        Place::Query => parameter.set("in", "query"),
    }
    let own = matches!(of.name, "name" | "fieldValidation" | "dryRun");
    if own { parameter } else { shared.refer(parameter) }
}
