//! The paths of discovery, and those that belong to no group.

use super::{Operation, Paths, names};
use crate::node::Text;

/// A path that belongs to no group.
#[derive(Debug)]
pub(crate) struct Fixed {
    /// With the slash at its end that documents show.
    pub(super) path: &'static str,
    operation: &'static str,
    tag: &'static str,
    description: &'static str,
    consumes: &'static [&'static str],
    produces: &'static str,
    /// `None`: a string.
    answer: Option<&'static str>,
}

/// All of them.
pub(super) const ALL: &[Fixed] = &[
    Fixed {
        path: "/.well-known/openid-configuration/",
        operation: "getServiceAccountIssuerOpenIDConfiguration",
        tag: "WellKnown",
        description: "get what OpenID Connect clients have to know of the issuer of service \
                      account tokens",
        consumes: &[],
        produces: "application/json",
        answer: None,
    },
    Fixed {
        path: "/openid/v1/jwks/",
        operation: "getServiceAccountIssuerOpenIDKeyset",
        tag: "openid",
        description: "get the public keys with which service account tokens can be verified",
        consumes: &[],
        produces: "application/jwk-set+json",
        answer: None,
    },
    Fixed {
        path: "/version/",
        operation: "getCodeVersion",
        tag: "version",
        description: "get the version information for this server",
        consumes: &["application/json"],
        produces: "application/json",
        answer: Some("io.k8s.apimachinery.pkg.version.Info"),
    },
];

/// The media types in which objects are read and written.
pub(super) const MEDIA_TYPES: &[&str] =
    &["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

const OK: &[(&str, &str)] = &[("200", "OK")];

/// Adds one of them.
pub(super) fn other(fixed: &'static Fixed, to: &mut Paths) {
    let (id, _) = names::operation(fixed.path, fixed.operation);
    let operation = Operation {
        method: "get",
        id,
        tag: fixed.tag.to_owned(),
        description: fixed.description.into(),
        action: None,
        consumes: fixed.consumes,
        produces: vec![fixed.produces],
        body: None,
        answer: fixed.answer.map(Text::Borrowed),
        codes: OK,
        parameters: Vec::new(),
    };
    to.entry(fixed.path.to_owned()).or_default().operations.push(operation);
}

/// Adds a path of discovery, which ends in a slash.
pub(super) fn discovery(path: &str, to: &mut Paths) {
    let parts = path.trim_matches('/').split('/').count();
    let (name, description, kind) = match (path.starts_with("/api/"), parts) {
        (true, 1) => ("getAPIVersions", "get available API versions", "APIVersions"),
        (false, 1) => ("getAPIVersions", "get available API versions", "APIGroupList"),
        (false, 2) => ("getAPIGroup", "get information of a group", "APIGroup"),
        _ => ("getAPIResources", "get available resources", "APIResourceList"),
    };
    let (id, tag) = names::operation(path, name);
    let operation = Operation {
        method: "get",
        id,
        tag,
        description: description.into(),
        action: None,
        consumes: MEDIA_TYPES,
        produces: MEDIA_TYPES.to_vec(),
        body: None,
        answer: Some(format!("io.k8s.apimachinery.pkg.apis.meta.v1.{kind}").into()),
        codes: OK,
        parameters: Vec::new(),
    };
    to.entry(path.to_owned()).or_default().operations.push(operation);
}
