//! Who owns the claims of a StatefulSet's pods, and so takes them along when it goes: pure.
//!
//! `persistentVolumeClaimRetentionPolicy` decides: a claim that goes with the set is the set's,
//! one that goes when the set shrinks is the pod's, once that is no longer wanted. Mirrors
//! `isClaimOwnerUpToDate` and `updateClaimOwnerRefForSetAndPod` of
//! `k8s.io/kubernetes/pkg/controller/statefulset`.

use control::owner::controller_ref;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::Resource;

/// What a policy says of claims that lose their use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Policy {
    goes_with_set: bool,
    goes_when_scaled: bool,
}

impl Policy {
    fn of(set: &StatefulSet) -> Self {
        let spec = set.spec.as_ref();
        let own = spec.and_then(|spec| spec.persistent_volume_claim_retention_policy.as_ref());
        let goes = |text: Option<&String>| text.is_some_and(|text| text == "Delete");
        Self {
            goes_with_set: goes(own.and_then(|own| own.when_deleted.as_ref())),
            goes_when_scaled: goes(own.and_then(|own| own.when_scaled.as_ref())),
        }
    }

    fn keeps_all(self) -> bool {
        !self.goes_with_set && !self.goes_when_scaled
    }
}

/// The owners that `claim` of `pod` should have, where it has others. `is_wanted`: the set still
/// wants the pod.
pub(super) fn owners(
    claim: &PersistentVolumeClaim,
    set: &StatefulSet,
    pod: &Pod,
    is_wanted: bool,
) -> Option<Vec<OwnerReference>> {
    let refs = claim.metadata.owner_references.clone().unwrap_or_default();
    let own = [controller_ref(set), controller_ref(pod)];
    let is_ours = |reference: &OwnerReference| own.iter().any(|own| is_same(reference, own));
    // Those of a former set or pod of that name go by themselves.
    if refs.iter().any(|found| own.iter().any(|own| is_same(found, own) && found.uid != own.uid)) {
        return None;
    }
    let others: Vec<OwnerReference> =
        refs.iter().filter(|found| !is_ours(found)).cloned().collect();
    let mut wanted = others.clone();
    if !is_managed_elsewhere(claim, set, pod) {
        let policy = Policy::of(set);
        let [of_set, of_pod] = own.clone();
        match (policy.goes_when_scaled, policy.goes_with_set) {
            (true, _) if !is_wanted => wanted.push(of_pod),
            (_, true) => wanted.push(of_set),
            _ => {}
        }
    }
    let is_settled = refs.len() == wanted.len()
        && wanted.iter().all(|wanted| {
            let found = refs.iter().find(|found| found.uid == wanted.uid);
            found.is_some_and(|found| !is_ours(found) || found.controller == Some(true))
        });
    (!is_settled).then_some(wanted)
}

/// Whether somebody else controls `claim`, so that the policy can't be followed.
pub(super) fn is_managed_elsewhere(
    claim: &PersistentVolumeClaim,
    set: &StatefulSet,
    pod: &Pod,
) -> bool {
    let own = [controller_ref(set), controller_ref(pod)];
    let refs = claim.metadata.owner_references.iter().flatten();
    let mut others = refs.filter(|found| !own.iter().any(|own| is_same(found, own)));
    !Policy::of(set).keeps_all() && others.any(|found| found.controller == Some(true))
}

/// Whether `claim` still goes with a former pod named `pod`: a new one has to wait until it has.
pub(super) fn is_stale(claim: &PersistentVolumeClaim, set: &StatefulSet, pod: &Pod) -> bool {
    let own = controller_ref(pod);
    let mut refs = claim.metadata.owner_references.iter().flatten();
    Policy::of(set).goes_when_scaled
        && refs.any(|found| is_same(found, &own) && Some(&found.uid) != pod.meta().uid.as_ref())
}

/// Whether both name the same object, were it of another UID.
fn is_same(one: &OwnerReference, other: &OwnerReference) -> bool {
    one.api_version == other.api_version && one.kind == other.kind && one.name == other.name
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn set(deleted: &str, scaled: &str) -> StatefulSet {
        serde_json::from_value(json!({"metadata": {"name": "db", "uid": "s"}, "spec": {
            "selector": {}, "template": {}, "persistentVolumeClaimRetentionPolicy":
                {"whenDeleted": deleted, "whenScaled": scaled}}}))
        .expect("a set")
    }

    fn pod(uid: Option<&str>) -> Pod {
        serde_json::from_value(json!({"metadata": {"name": "db-0", "uid": uid}})).expect("a pod")
    }

    fn claim(refs: Value) -> PersistentVolumeClaim {
        serde_json::from_value(json!({"metadata": {"name": "c", "ownerReferences": refs}}))
            .expect("a claim")
    }

    fn reference(kind: &str, uid: &str, controller: bool) -> Value {
        let (version, name) = match kind {
            "StatefulSet" => ("apps/v1", "db"),
            "Pod" => ("v1", "db-0"),
            _ => ("example.com/v1", "other"),
        };
        json!({"apiVersion": version, "kind": kind, "name": name, "uid": uid,
            "controller": controller, "blockOwnerDeletion": true})
    }

    #[test]
    fn a_claim_is_its_sets_or_its_pods() {
        let (own, of_pod) = (reference("StatefulSet", "s", true), reference("Pod", "p", true));
        let other = reference("Other", "o", true);
        let loose = reference("StatefulSet", "s", false);
        let former = reference("StatefulSet", "old", true);
        type Row<'a> = (&'a str, &'a str, bool, Vec<&'a Value>, Option<Vec<&'a Value>>);
        let table: Vec<Row<'_>> = vec![
            ("Retain", "Retain", true, vec![], None),
            ("Retain", "Retain", true, vec![&own], Some(vec![])),
            ("Delete", "Retain", true, vec![], Some(vec![&own])),
            ("Delete", "Retain", true, vec![&own], None),
            ("Delete", "Retain", true, vec![&loose], Some(vec![&own])),
            ("Delete", "Retain", false, vec![&own], None),
            ("Retain", "Delete", true, vec![], None),
            ("Retain", "Delete", false, vec![], Some(vec![&of_pod])),
            ("Delete", "Delete", true, vec![&of_pod], Some(vec![&own])),
            ("Delete", "Delete", false, vec![&own], Some(vec![&of_pod])),
            ("Delete", "Delete", false, vec![&of_pod], None),
            ("Delete", "Delete", true, vec![&other], None),
            ("Delete", "Delete", true, vec![&other, &own], Some(vec![&other])),
            ("Delete", "Delete", true, vec![&former], None),
        ];
        for (deleted, scaled, is_wanted, before, after) in table {
            let claim = claim(json!(before));
            let found = owners(&claim, &set(deleted, scaled), &pod(Some("p")), is_wanted);
            let found = found.map(|refs| serde_json::to_value(refs).expect("JSON"));
            let after = after.map(|after| json!(after));
            assert_eq!(found, after, "{deleted} {scaled} {is_wanted} {before:?}");
        }
    }

    #[test]
    fn a_new_pod_waits_for_the_end_of_a_claim_that_goes() {
        let claim = claim(json!([reference("Pod", "p", true)]));
        assert!(is_stale(&claim, &set("Retain", "Delete"), &pod(None)));
        assert!(!is_stale(&claim, &set("Retain", "Delete"), &pod(Some("p"))));
        assert!(!is_stale(&claim, &set("Delete", "Retain"), &pod(None)));
    }
}
