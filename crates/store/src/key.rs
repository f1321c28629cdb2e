//! Where things lie: the keys of etcd as upstream lays them out.
//!
//! | key | value | written by |
//! |---|---|---|
//! | `/registry/<resource>/<namespace>/<name>` | a namespaced object | the registry |
//! | `/registry/<resource>/<name>` | an object without a namespace | the registry |
//! | `/registry/<group>/<resource>/...` | custom resources, and the built-in groups that upstream keeps so | the registry |
//! | `compact_rev_key` | the revision of the last compaction, as decimal text | [`crate::compact`] |
//!
//! `<resource>` is the resource's storage prefix and may hold a slash, such as `services/specs`:
//! the catalogue of kinds knows it. Mirrors `k8s.io/apiserver/pkg/registry/generic/registry`
//! (`NamespaceKeyFunc`, `NoNamespaceKeyFunc`) and `storage/storagebackend`.

/// What all keys of a cluster begin with, unless `--etcd-prefix` says otherwise.
pub const DEFAULT_PREFIX: &str = "/registry";

/// Where every API server that shares an etcd agrees on compaction. Outside the prefix.
pub const COMPACTION: &str = "compact_rev_key";

/// Resources whose old versions nobody asks for: only their newest is kept on a disk of ours.
const WITHOUT_HISTORY: [&str; 2] = ["events", "leases"];

/// The key of one object.
pub fn object(prefix: &str, resource: &str, namespace: Option<&str>, name: &str) -> String {
    let mut key = collection(prefix, resource, namespace);
    key.push_str(name);
    key
}

/// What the keys of a resource's objects begin with, in one namespace or in all; ends in `/`, so
/// that the namespace `a` does not take in the namespace `ab`.
pub fn collection(prefix: &str, resource: &str, namespace: Option<&str>) -> String {
    let prefix = prefix.trim_matches('/');
    match namespace {
        Some(namespace) => format!("/{prefix}/{resource}/{namespace}/"),
        None => format!("/{prefix}/{resource}/"),
    }
}

/// The beginnings of the keys whose old versions a disk need not keep.
pub fn without_history(prefix: &str) -> Vec<String> {
    WITHOUT_HISTORY.iter().map(|resource| collection(prefix, resource, None)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_upstreams() {
        for (made, expected) in [
            (object("/registry", "pods", Some("default"), "web"), "/registry/pods/default/web"),
            (object("registry/", "namespaces", None, "default"), "/registry/namespaces/default"),
            (
                object("/registry", "services/specs", Some("default"), "kubernetes"),
                "/registry/services/specs/default/kubernetes",
            ),
            (collection("/a/b", "apps/x", None), "/a/b/apps/x/"),
            (collection("/registry", "pods", Some("a")), "/registry/pods/a/"),
        ] {
            assert_eq!(made, expected);
        }
    }
}
