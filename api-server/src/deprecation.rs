//! What clients are told about APIs that will go away one day: the lifecycle markers of the
//! versions, in the words of `k8s.io/apiserver/pkg/endpoints/deprecation`.

use kinds::Kind;
use object::{GroupVersion, Gvk};
use schema::{Lifecycle, builtin};
use std::sync::LazyLock;

/// A version of a kind that clients are warned of.
struct Deprecated {
    kind: &'static Kind,
    version: &'static str,
    sentence: String,
    /// The release that lacks it; empty where none is planned.
    removed: &'static str,
}

/// All of the catalogue's.
static DEPRECATED: LazyLock<Vec<Deprecated>> = LazyLock::new(|| {
    let versions = kinds::all().iter().flat_map(|kind| kind.versions.iter().map(|v| (*kind, *v)));
    let found = versions.filter_map(|(kind, version)| {
        let gvk = kind.gvk(version);
        let life = &builtin().get(builtin().root(&gvk)?).lifecycle;
        let sentence = sentence(&gvk, life)?;
        Some(Deprecated { kind, version, sentence, removed: life.removed.unwrap_or_default() })
    });
    found.collect()
});

/// The sentence for a kind in this version, if it is deprecated.
pub(crate) fn warning(kind: &Kind, version: &str) -> Option<String> {
    deprecated(kind.group, version, kind.plural).map(|found| found.sentence.clone())
}

/// The release that lacks a deprecated resource, empty where none is planned; `None` for one that
/// is not deprecated.
pub(crate) fn removed_release(group: &str, version: &str, resource: &str) -> Option<&'static str> {
    deprecated(group, version, resource).map(|found| found.removed)
}

fn deprecated(group: &str, version: &str, resource: &str) -> Option<&'static Deprecated> {
    let asked = (group, version, resource);
    DEPRECATED.iter().find(|known| (known.kind.group, known.version, known.kind.plural) == asked)
}

fn sentence(gvk: &Gvk, life: &Lifecycle) -> Option<String> {
    let since = life.deprecated.filter(|since| minor(since) <= minor(env!("CARGO_PKG_VERSION")))?;
    let mut text = format!("{} {} is deprecated in v{since}+", gvk.group_version(), gvk.kind);
    if let Some(until) = life.removed {
        text.push_str(&format!(", unavailable in v{until}+"));
    }
    let mut other = life.replacement.unwrap_or_default().split(',');
    if let (Some(group), Some(version), Some(kind)) = (other.next(), other.next(), other.next()) {
        text.push_str(&format!("; use {} {kind}", GroupVersion::new(group, version)));
    }
    Some(text)
}

/// 17 of `1.17` and of `1.17.3`.
fn minor(version: &str) -> u32 {
    version.split('.').nth(1).and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_upstreams() {
        let rbac = "rbac.authorization.k8s.io";
        for (group, version, resource, expected) in [
            ("", "v1", "componentstatuses", Some("v1 ComponentStatus is deprecated in v1.19+")),
            (
                "",
                "v1",
                "endpoints",
                Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"),
            ),
            (
                rbac,
                "v1beta1",
                "roles",
                Some(
                    "rbac.authorization.k8s.io/v1beta1 Role is deprecated in v1.17+, unavailable \
                     in v1.22+; use rbac.authorization.k8s.io/v1 Role",
                ),
            ),
            // From 1.37 on.
            ("admissionregistration.k8s.io", "v1beta1", "mutatingadmissionpolicies", None),
            (rbac, "v1", "roles", None),
        ] {
            let kind = kinds::find(group, version, resource).unwrap();
            assert_eq!(warning(kind, version).as_deref(), expected, "{resource}");
        }
    }
}
