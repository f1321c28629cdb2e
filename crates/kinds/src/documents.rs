//! The documents of discovery: what clients read to learn which resources there are.
//!
//! Pure functions from groups to trees. The groups of built-in kinds come from [`builtin`];
//! those of custom resources are made by whoever keeps them, and given along.
//!
//! Mirrors `k8s.io/apiserver/pkg/endpoints/discovery`: the old documents of one group or
//! version each, and the aggregated one of `apidiscovery.k8s.io/v2` (its `v2beta1` form is no
//! longer served).

use crate::{Kind, Served, ServedVersion, Verb};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use object::{Map, Value, json};
use sha2::{Digest, Sha256};

/// A group with its versions, the preferred one first.
#[derive(Clone, Debug)]
pub struct Group {
    /// The API group, empty for core.
    pub name: String,
    /// Its versions; never empty.
    pub versions: Vec<Version>,
}

/// A version of a group.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its name, such as `v1`.
    pub name: String,
    /// What it serves.
    pub resources: Vec<Resource>,
    /// Whether the resources are known to be of now; not so while the server behind does not
    /// answer.
    pub current: bool,
}

/// A resource in one version.
#[derive(Clone, Debug)]
pub struct Resource {
    /// The plural, such as `pods`.
    pub name: String,
    /// The singular, such as `pod`.
    pub singular: String,
    /// The kind of its objects.
    pub kind: String,
    /// Group and version of that kind as the aggregated document shows them: empty for
    /// built-in ones, where they are the document's.
    pub response: (String, String),
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// What can be done with it.
    pub verbs: &'static [Verb],
    /// What kubectl also takes.
    pub short_names: Vec<String>,
    /// The sets that it belongs to.
    pub categories: Vec<String>,
    /// [`storage_version_hash`]; empty where nothing is stored.
    pub storage_version_hash: String,
    /// Its parts.
    pub subresources: Vec<Part>,
}

/// A subresource.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its name in the path, such as `status`.
    pub name: String,
    /// Group, version and kind of its body; group and version are empty where they are the
    /// document's. `None`: the resource's own kind.
    pub body: Option<(String, String, String)>,
    /// What can be done with it.
    pub verbs: &'static [Verb],
}

/// The built-in groups that are served, in the order of discovery, core first.
pub fn builtin(served: &Served) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for ServedVersion { at, kinds } in served.versions() {
        let resources = kinds.iter().map(|kind| Resource::of(kind, at.version)).collect();
        let version = Version { name: at.version.to_owned(), resources, current: true };
        match groups.last_mut() {
            Some(group) if group.name == at.group => group.versions.push(version),
            _ => groups.push(Group { name: at.group.to_owned(), versions: vec![version] }),
        }
    }
    groups
}

impl Resource {
    /// A built-in kind in one of its versions.
    pub fn of(kind: &Kind, version: &str) -> Self {
        let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        Self {
            name: kind.plural.to_owned(),
            singular: kind.singular.to_owned(),
            kind: kind.kind.to_owned(),
            response: Default::default(),
            namespaced: kind.namespaced,
            verbs: kind.verbs,
            short_names: texts(kind.short_names),
            categories: texts(kind.categories),
            storage_version_hash: kind
                .storage
                .map(|storage| storage_version_hash(storage.group_version, kind.kind))
                .unwrap_or_default(),
            subresources: kind
                .subresources
                .iter()
                .map(|part| Part {
                    name: part.name.to_owned(),
                    body: part.body.map(|(g, v, k)| {
                        let own = g == kind.group && v == version;
                        let (g, v) = if own { ("", "") } else { (g, v) };
                        (g.to_owned(), v.to_owned(), k.to_owned())
                    }),
                    verbs: part.verbs,
                })
                .collect(),
        }
    }
}

/// What tells clients that a resource is stored in another form than before: eight bytes of a
/// hash over group, version and kind of that form, in base64.
pub fn storage_version_hash(group_version: &str, kind: &str) -> String {
    let (group, version) = group_version.split_once('/').unwrap_or(("", group_version));
    let hash = Sha256::digest(format!("{group}/{version}/{kind}"));
    STANDARD.encode(&hash[..8])
}

/// `/api`: `APIVersions`, with the address under which clients reach this server, such as
/// `192.0.2.2:6443`.
pub fn api_versions(server_address: &str) -> Value {
    json!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [
            {"clientCIDR": "0.0.0.0/0", "serverAddress": server_address},
        ],
    })
}

/// `/apis`: `APIGroupList`. The core group is not among them.
pub fn api_group_list(groups: &[Group]) -> Value {
    let groups: Vec<_> = groups.iter().filter(|group| !group.name.is_empty()).map(group).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/<group>`: `APIGroup`.
pub fn api_group(of: &Group) -> Value {
    let mut tree = group(of);
    tree["kind"] = "APIGroup".into();
    tree["apiVersion"] = "v1".into();
    tree
}

/// `/api/v1`, `/apis/<group>/<version>`: `APIResourceList`.
pub fn api_resource_list(group: &str, version: &Version) -> Value {
    let mut resources = Vec::new();
    for resource in &version.resources {
        resources.push(listed(resource));
        resources.extend(resource.subresources.iter().map(|part| listed_part(resource, part)));
    }
    let mut tree = json!({
        "kind": "APIResourceList",
        "groupVersion": group_version(group, &version.name),
        "resources": resources,
    });
    // The core group's document has never had one.
    if !group.is_empty() {
        tree["apiVersion"] = "v1".into();
    }
    tree
}

/// `/api` and `/apis` for clients that ask for everything at once: `APIGroupDiscoveryList` of
/// `apidiscovery.k8s.io/v2`. `/api` has the core group alone, `/apis` all others.
pub fn aggregated<'a>(groups: impl IntoIterator<Item = &'a Group>) -> Value {
    let items: Vec<_> = groups.into_iter().map(discovered_group).collect();
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    })
}

fn group_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

fn group(of: &Group) -> Value {
    let version = |version: &Version| {
        json!({
            "groupVersion": group_version(&of.name, &version.name),
            "version": version.name,
        })
    };
    json!({
        "name": of.name,
        "versions": of.versions.iter().map(version).collect::<Vec<_>>(),
        "preferredVersion": of.versions.first().map(version),
    })
}

fn verbs(verbs: &[Verb]) -> Value {
    verbs.iter().map(|verb| verb.as_str()).collect()
}

fn listed(resource: &Resource) -> Value {
    let mut tree = json!({
        "name": resource.name,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": verbs(resource.verbs),
    });
    set_names(&mut tree, resource);
    if !resource.storage_version_hash.is_empty() {
        tree["storageVersionHash"] = resource.storage_version_hash.as_str().into();
    }
    tree
}

fn listed_part(resource: &Resource, part: &Part) -> Value {
    let mut tree = json!({
        "name": format!("{}/{}", resource.name, part.name),
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": verbs(part.verbs),
    });
    if let Some((group, version, kind)) = &part.body {
        tree["kind"] = kind.as_str().into();
        if !group.is_empty() {
            tree["group"] = group.as_str().into();
        }
        if !version.is_empty() {
            tree["version"] = version.as_str().into();
        }
    }
    tree
}

fn set_names(tree: &mut Value, resource: &Resource) {
    if !resource.short_names.is_empty() {
        tree["shortNames"] = resource.short_names.clone().into();
    }
    if !resource.categories.is_empty() {
        tree["categories"] = resource.categories.clone().into();
    }
}

fn discovered_group(of: &Group) -> Value {
    let versions: Vec<_> = of
        .versions
        .iter()
        .map(|version| {
            json!({
                "version": version.name,
                "resources": version.resources.iter().map(discovered).collect::<Vec<_>>(),
                "freshness": if version.current { "Current" } else { "Stale" },
            })
        })
        .collect();
    let mut metadata = Map::new();
    if !of.name.is_empty() {
        metadata.insert("name".to_owned(), of.name.as_str().into());
    }
    json!({"metadata": metadata, "versions": versions})
}

fn discovered(resource: &Resource) -> Value {
    let response = |body: &Option<(String, String, String)>| match body {
        Some((group, version, kind)) => json!({"group": group, "version": version, "kind": kind}),
        None => {
            let (group, version) = &resource.response;
            json!({"group": group, "version": version, "kind": resource.kind})
        }
    };
    let mut tree = json!({
        "resource": resource.name,
        "responseKind": response(&None),
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular,
        "verbs": verbs(resource.verbs),
    });
    set_names(&mut tree, resource);
    if !resource.subresources.is_empty() {
        tree["subresources"] = resource
            .subresources
            .iter()
            .map(|part| {
                json!({
                    "subresource": part.name,
                    "responseKind": response(&part.body),
                    "verbs": verbs(part.verbs),
                })
            })
            .collect();
    }
    tree
}

#[cfg(test)]
mod tests;
