//! As which kinds a type can stand at the root: `x-kubernetes-group-version-kind`.
//!
//! Mirrors `DefinitionNamer` of `k8s.io/apiserver/pkg/endpoints/openapi`, and for version 3 how
//! a document of one group names of the options only the kinds of that group.

use super::Version;
use crate::node::{Fields, Node};
use object::{GroupVersion, Gvk};
use schema::{Schema, TypeId};
use std::collections::{BTreeSet, HashMap};

/// Kinds that every group has.
const EVERYWHERE: &[&str] = &["DeleteOptions", "WatchEvent"];

/// No groups of objects: kinds that others borrow, and the form of a document.
const NO_GROUPS: &[&str] = &["meta.k8s.io", "apidiscovery.k8s.io"];

pub(super) struct KindsOf {
    kinds: HashMap<TypeId, BTreeSet<(String, String, String)>>,
}

impl KindsOf {
    /// For a document of one group and version, or of all.
    pub(super) fn new(
        schema: &'static Schema,
        version: Version,
        at: Option<&GroupVersion>,
    ) -> Self {
        let mut kinds: HashMap<TypeId, BTreeSet<_>> = HashMap::new();
        let mut add = |id, gvk: &Gvk| {
            let gvk = (gvk.group.to_string(), gvk.version.to_string(), gvk.kind.to_string());
            kinds.entry(id).or_default().insert(gvk);
        };
        let mut places = BTreeSet::new();
        for (gvk, id) in schema.roots().filter(|(gvk, _)| !NO_GROUPS.contains(&&*gvk.group)) {
            places.insert((gvk.group.to_string(), gvk.version.to_string()));
            if !EVERYWHERE.contains(&&*gvk.kind) {
                add(id, gvk);
            }
        }
        let named = |group: &str, version_name: &str| match (version, at) {
            (Version::V2, _) => true,
            (Version::V3, Some(at)) if (group, version_name) == (&*at.group, &*at.version) => true,
            (Version::V3, _) => (group, version_name) == ("", "v1"),
        };
        for (group, version_name) in places {
            if !named(&group, &version_name) {
                continue;
            }
            for kind in EVERYWHERE {
                let gvk = Gvk::new(group.clone(), version_name.clone(), *kind);
                if let Some(id) = schema.root(&gvk) {
                    add(id, &gvk);
                }
            }
        }
        Self { kinds }
    }

    /// Those of a type, sorted.
    pub(super) fn get(&self, id: TypeId) -> Option<Node> {
        let kinds = self.kinds.get(&id)?.iter().map(|(group, version, kind)| {
            let kind = Fields::new().with("group", group.clone()).with("kind", kind.clone());
            kind.with("version", version.clone())
        });
        Some(kinds.collect::<Vec<_>>().into())
    }
}
