//! Which of the catalogue's kinds a server answers for, and in which versions.
//!
//! The catalogue has all that can be served; a server is told at its start what it is to serve
//! (`--runtime-config`), and everything that clients see of its versions follows from here:
//! paths, discovery, OpenAPI, `APIService` objects. What is stored does not: an object is read
//! and written in the version of its row, served or not.

use crate::Kind;
use crate::groups::{self, GroupPriority};

/// Resources that wait for a feature gate in every version: group, resource and gate. Upstream
/// asks these gates in the `rest` packages of `k8s.io/kubernetes/pkg/registry`.
const GATES: &[(&str, &str, &str)] = &[
    ("certificates.k8s.io", "clustertrustbundles", "ClusterTrustBundle"),
    ("scheduling.k8s.io", "podgroups", "GenericWorkload"),
    ("scheduling.k8s.io", "workloads", "GenericWorkload"),
    ("storagemigration.k8s.io", "storageversionmigrations", "StorageVersionMigrator"),
];

/// The versions that a server answers for, each with its kinds.
#[derive(Clone, Debug)]
pub struct Served {
    versions: Vec<ServedVersion>,
}

/// A version of a group that a server answers for.
#[derive(Clone, Debug)]
pub struct ServedVersion {
    /// Group, version and their places.
    pub at: &'static GroupPriority,
    /// Its kinds, by resource; never empty.
    pub kinds: Vec<&'static Kind>,
}

impl Default for Served {
    fn default() -> Self {
        Self::new(|at, kind| at.by_default && kind.gate().is_none())
    }
}

impl Served {
    /// The kinds and versions that are wanted, in the order of discovery.
    pub fn new(wanted: impl Fn(&GroupPriority, &Kind) -> bool) -> Self {
        let mut versions = Vec::new();
        for at in groups::ALL {
            let of = |kind: &&&Kind| kind.group == at.group && kind.versions.contains(&at.version);
            let wanted = |kind: &&Kind| wanted(at, kind);
            let kinds: Vec<_> = crate::all().iter().filter(of).copied().filter(wanted).collect();
            if !kinds.is_empty() {
                versions.push(ServedVersion { at, kinds });
            }
        }
        Self { versions }
    }

    /// All of them, in the order of discovery.
    pub fn versions(&self) -> &[ServedVersion] {
        &self.versions
    }

    /// Whether any version of a group is served.
    pub fn has_group(&self, group: &str) -> bool {
        self.versions.iter().any(|version| version.at.group == group)
    }

    /// The kind of a resource, if it is served in this version.
    pub fn find(&self, group: &str, version: &str, resource: &str) -> Option<&'static Kind> {
        let kinds = &self.version(group, version)?.kinds;
        kinds.iter().find(|kind| kind.plural == resource).copied()
    }

    /// The kind that an object says it is of, if it is served in this version.
    pub fn find_kind(&self, group: &str, version: &str, kind: &str) -> Option<&'static Kind> {
        let kinds = &self.version(group, version)?.kinds;
        kinds.iter().find(|row| row.kind == kind).copied()
    }

    /// The versions in which a kind is served, the preferred one first.
    pub fn versions_of(&self, kind: &'static Kind) -> impl Iterator<Item = &'static str> {
        kind.versions
            .iter()
            .copied()
            .filter(|version| self.find(kind.group, version, kind.plural).is_some())
    }

    fn version(&self, group: &str, version: &str) -> Option<&ServedVersion> {
        self.versions.iter().find(|found| found.at.group == group && found.at.version == version)
    }
}

impl Kind {
    /// The feature gate without which it is not served.
    pub fn gate(&self) -> Option<&'static str> {
        let own = (self.group, self.plural);
        GATES.iter().find(|(group, plural, _)| (*group, *plural) == own).map(|(.., gate)| *gate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_no_version_is_a_preview() {
        let served = Served::default();
        for version in served.versions() {
            assert!(!version.at.version.contains(['a', 'b']), "{:?}", version.at);
        }
        assert!(served.find("apps", "v1", "deployments").is_some());
        assert!(served.find("rbac.authorization.k8s.io", "v1beta1", "roles").is_none());
        assert!(!served.has_group("internal.apiserver.k8s.io"));
    }

    #[test]
    fn a_group_without_versions_is_not_there() {
        let served = Served::new(|at, _| at.group != "batch" && at.version != "v2");
        assert!(!served.has_group("batch"));
        let hpa = crate::find("autoscaling", "v1", "horizontalpodautoscalers").expect("a kind");
        assert_eq!(served.versions_of(hpa).collect::<Vec<_>>(), ["v1"]);
    }

    #[test]
    fn every_gate_waits_for_a_kind() {
        for (group, plural, _) in GATES {
            let known = |kind: &&Kind| kind.group == *group && kind.plural == *plural;
            assert!(crate::all().iter().copied().any(|kind| known(&kind)), "{plural}");
        }
    }

    #[test]
    fn every_version_that_can_be_served_has_kinds() {
        let all = Served::new(|_, _| true);
        let found: Vec<_> = all.versions().iter().map(|version| version.at).collect();
        assert_eq!(found, groups::ALL.iter().collect::<Vec<_>>());
    }
}
