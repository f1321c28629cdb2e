//! The built-in API groups and how far up discovery they stand.
//!
//! Mirrors `apiVersionPriorities` of `k8s.io/kubernetes/cmd/kube-apiserver/app` and
//! `pkg/controlplane/apiserver`: from these numbers come the order of discovery and the
//! `APIService` objects that the API server registers for itself.

/// A group with one of its versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupPriority {
    /// The API group, empty for core.
    pub group: &'static str,
    /// The version, such as `v1`.
    pub version: &'static str,
    /// `spec.groupPriorityMinimum` of its `APIService`: the higher, the earlier in discovery.
    pub group_priority: i32,
    /// `spec.versionPriority`: the higher, the more preferred within the group.
    pub version_priority: i32,
    /// Served unless it is switched off; the others only when they are asked for.
    pub by_default: bool,
}

/// Every group and version that can be served, in the order of discovery.
pub const ALL: &[GroupPriority] = &[
    at("", "v1", 18000, 1),
    at(AGGREGATION, "v1", 0, 0),
    at("apps", "v1", 17800, 15),
    at("events.k8s.io", "v1", 17750, 15),
    at("authentication.k8s.io", "v1", 17700, 15),
    at("authorization.k8s.io", "v1", 17600, 15),
    at("autoscaling", "v2", 17500, 30),
    at("autoscaling", "v1", 17500, 15),
    at("batch", "v1", 17400, 15),
    at("certificates.k8s.io", "v1", 17300, 15),
    on_demand("certificates.k8s.io", "v1beta1", 17300, 9),
    on_demand("certificates.k8s.io", "v1alpha1", 17300, 1),
    at("networking.k8s.io", "v1", 17200, 15),
    on_demand("networking.k8s.io", "v1beta1", 17200, 9),
    at("policy", "v1", 17100, 15),
    at("rbac.authorization.k8s.io", "v1", 17000, 15),
    // Gone from upstream since 1.22; manifests of that time still name it.
    on_demand("rbac.authorization.k8s.io", "v1beta1", 17000, 12),
    at("storage.k8s.io", "v1", 16800, 15),
    on_demand("storage.k8s.io", "v1beta1", 16800, 9),
    at("admissionregistration.k8s.io", "v1", 16700, 15),
    on_demand("admissionregistration.k8s.io", "v1beta1", 16700, 12),
    on_demand("admissionregistration.k8s.io", "v1alpha1", 16700, 9),
    at("apiextensions.k8s.io", "v1", 16700, 15),
    at("scheduling.k8s.io", "v1", 16600, 15),
    on_demand("scheduling.k8s.io", "v1alpha2", 16600, 2),
    at("coordination.k8s.io", "v1", 16500, 15),
    on_demand("coordination.k8s.io", "v1beta1", 16500, 13),
    on_demand("coordination.k8s.io", "v1alpha2", 16500, 12),
    at("node.k8s.io", "v1", 16300, 15),
    at("discovery.k8s.io", "v1", 16200, 15),
    at("resource.k8s.io", "v1", 16200, 21),
    on_demand("resource.k8s.io", "v1beta2", 16200, 15),
    on_demand("resource.k8s.io", "v1beta1", 16200, 9),
    on_demand("resource.k8s.io", "v1alpha3", 16200, 1),
    at("flowcontrol.apiserver.k8s.io", "v1", 16100, 21),
    on_demand("internal.apiserver.k8s.io", "v1alpha1", 16000, 9),
    on_demand("storagemigration.k8s.io", "v1beta1", 15800, 9),
];

/// The group of the aggregation layer itself. It always comes first and needs no `APIService`.
const AGGREGATION: &str = "apiregistration.k8s.io";

impl GroupPriority {
    /// Whether the API server keeps an `APIService` for it while it is served.
    pub fn is_registered(&self) -> bool {
        self.group != AGGREGATION
    }
}

/// What a custom resource's group gets: after every built-in one.
pub const CUSTOM_GROUP_PRIORITY: i32 = 1000;

/// What a custom resource's versions get; among each other they are ordered by their names.
pub const CUSTOM_VERSION_PRIORITY: i32 = 100;

const fn at(
    group: &'static str,
    version: &'static str,
    group_priority: i32,
    version_priority: i32,
) -> GroupPriority {
    GroupPriority { group, version, group_priority, version_priority, by_default: true }
}

const fn on_demand(
    group: &'static str,
    version: &'static str,
    group_priority: i32,
    version_priority: i32,
) -> GroupPriority {
    GroupPriority { by_default: false, ..at(group, version, group_priority, version_priority) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_kinds_follows_the_groups() {
        let mut groups: Vec<_> = crate::all().iter().map(|kind| kind.group).collect();
        groups.dedup();
        let mut wanted: Vec<_> = ALL.iter().map(|group| group.group).collect();
        wanted.dedup();
        assert_eq!(groups, wanted);
    }

    #[test]
    fn priorities_are_upstreams() {
        let path =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/discovery/apiservices.json");
        let text = std::fs::read_to_string(path).expect("is there");
        let wanted: object::Value = serde_json::from_str(&text).expect("is JSON");
        let mut found: Vec<_> = ALL
            .iter()
            .filter(|at| at.by_default && at.is_registered())
            .map(|at| {
                let mut spec = object::json!({
                    "version": at.version,
                    "groupPriorityMinimum": at.group_priority,
                    "versionPriority": at.version_priority,
                });
                if !at.group.is_empty() {
                    spec["group"] = at.group.into();
                }
                (format!("{}.{}", at.version, at.group), spec)
            })
            .collect();
        found.sort_by(|one, other| one.0.cmp(&other.0));
        let found: object::Map<_, _> = found.into_iter().collect();
        assert_eq!(object::Value::from(found), wanted);
    }

    #[test]
    fn every_version_of_every_kind_has_a_priority() {
        for kind in crate::all() {
            for version in kind.versions {
                assert!(
                    ALL.iter().any(|at| at.group == kind.group && at.version == *version),
                    "{}/{version}",
                    kind.group
                );
            }
        }
    }
}
