//! volumeattributesclass-protection-controller: a class stays as long as a volume or a claim names
//! it.
//!
//! Mirrors `k8s.io/kubernetes/pkg/controller/volume/vacprotection`.

use super::protection;
use crate::context::Context;
use control::{Change, Informer, Key, Outcome, Queue, run_workers};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::VolumeAttributesClass;

const FINALIZER: &str = "kubernetes.io/vac-protection";

/// Starts it.
pub(crate) fn start(context: &Context) {
    let classes = context.informers.of::<VolumeAttributesClass>();
    let claims = context.informers.of::<PersistentVolumeClaim>();
    let volumes = context.informers.of::<PersistentVolume>();
    let client = context.client();
    let queue = Queue::named("vacprotection");
    let add = queue.clone();
    classes.on_change(move |change| add.add(Key::of(&**change.object())));
    let add = queue.clone();
    claims.on_change(move |change| tell(&add, change, named_by_claim));
    let add = queue.clone();
    volumes.on_change(move |change| tell(&add, change, named_by_volume));
    let name = "volumeattributesclass-protection-controller";
    run_workers(name, 1, queue, &context.shutdown, move |key: Key| {
        let (classes, claims, volumes) = (classes.clone(), claims.clone(), volumes.clone());
        let client = client.clone();
        async move {
            classes.synced().await;
            claims.synced().await;
            volumes.synced().await;
            let Some(class) = classes.get(&key) else { return Ok(Outcome::Done) };
            let is_used = || is_used(&key.name, &claims, &volumes);
            protection::write(&client, protection::plan(&*class, FINALIZER, is_used)).await
        }
    });
}

/// Looks again at the classes that are no longer named.
fn tell<K>(queue: &Queue<Key>, change: &Change<'_, K>, named: fn(&K) -> Vec<&str>) {
    let (before, after) = match change {
        Change::Added(_) => return,
        Change::Updated(old, new) => (named(old), named(new)),
        Change::Deleted(old) => (named(old), vec![]),
    };
    for class in before.into_iter().filter(|class| !after.contains(class)) {
        queue.add(Key::new("", class));
    }
}

fn is_used(
    class: &str,
    claims: &Informer<PersistentVolumeClaim>,
    volumes: &Informer<PersistentVolume>,
) -> bool {
    volumes.list().iter().any(|volume| named_by_volume(volume).contains(&class))
        || claims.list().iter().any(|claim| named_by_claim(claim).contains(&class))
}

fn named_by_volume(volume: &PersistentVolume) -> Vec<&str> {
    let spec = volume.spec.as_ref();
    spec.and_then(|spec| spec.volume_attributes_class_name.as_deref()).into_iter().collect()
}

/// The class that it wants, the one it has, and the one it is being changed to.
fn named_by_claim(claim: &PersistentVolumeClaim) -> Vec<&str> {
    let wanted = claim.spec.as_ref().and_then(|spec| spec.volume_attributes_class_name.as_deref());
    let status = claim.status.as_ref();
    let current = status.and_then(|status| status.current_volume_attributes_class_name.as_deref());
    let modified = status.and_then(|status| status.modify_volume_status.as_ref());
    let target =
        modified.and_then(|modified| modified.target_volume_attributes_class_name.as_deref());
    [wanted, current, target].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_class_goes_once_nothing_names_it() {
        let gone = json!({"finalizers": [FINALIZER], "deletionTimestamp": "2026-01-01T00:00:00Z"});
        let table = [
            (json!({}), true, Some(1)),
            (json!({"finalizers": [FINALIZER]}), false, None),
            (gone.clone(), true, None),
            (gone, false, Some(0)),
        ];
        for (metadata, used, expected) in table {
            let class = json!({"driverName": "d", "metadata": metadata});
            let class: VolumeAttributesClass = serde_json::from_value(class).expect("a class");
            let finalizers = protection::plan(&class, FINALIZER, || used)
                .and_then(|changed| changed.metadata.finalizers);
            assert_eq!(finalizers.map(|all| all.len()), expected, "{metadata} {used}");
        }
    }

    #[test]
    fn a_claim_names_up_to_three() {
        let claim = serde_json::from_value(json!({
            "spec": {"volumeAttributesClassName": "a"},
            "status": {"currentVolumeAttributesClassName": "b",
                "modifyVolumeStatus": {"status": "Pending", "targetVolumeAttributesClassName": "c"}},
        }))
        .expect("a claim");
        assert_eq!(named_by_claim(&claim), ["a", "b", "c"]);
    }
}
