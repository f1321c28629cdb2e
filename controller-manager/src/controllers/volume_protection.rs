//! persistentvolume-protection-controller: a volume stays as long as it is bound.
//!
//! Mirrors `k8s.io/kubernetes/pkg/controller/volume/pvprotection`.

use super::protection;
use crate::context::Context;
use control::{Key, Queue, run_workers};
use k8s_openapi::api::core::v1::PersistentVolume;

const FINALIZER: &str = "kubernetes.io/pv-protection";

/// Starts it.
pub(crate) fn start(context: &Context) {
    let volumes = context.informers.of::<PersistentVolume>();
    let client = context.client();
    let queue = Queue::named("pvprotection");
    let add = queue.clone();
    volumes.on_change(move |change| add.add(Key::of(&**change.object())));
    run_workers("persistentvolume-protection", 1, queue, &context.shutdown, move |key: Key| {
        let (volumes, client) = (volumes.clone(), client.clone());
        async move {
            volumes.synced().await;
            let changed = volumes.get(&key).and_then(|volume| plan(&volume));
            protection::write(&client, changed).await
        }
    });
}

/// The volume as it should be, where that is another.
fn plan(volume: &PersistentVolume) -> Option<PersistentVolume> {
    let phase = volume.status.as_ref().and_then(|status| status.phase.as_deref());
    protection::plan(volume, FINALIZER, || phase == Some("Bound"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_volume_goes_once_it_is_bound_no_more() {
        let gone = json!("2026-01-01T00:00:00Z");
        let table = [
            (json!({"metadata": {}}), Some(vec![FINALIZER])),
            (json!({"metadata": {"finalizers": [FINALIZER]}}), None),
            (
                json!({"metadata": {"finalizers": [FINALIZER], "deletionTimestamp": gone},
                    "status": {"phase": "Bound"}}),
                None,
            ),
            (
                json!({"metadata": {"finalizers": ["x", FINALIZER], "deletionTimestamp": gone},
                    "status": {"phase": "Released"}}),
                Some(vec!["x"]),
            ),
        ];
        for (value, expected) in table {
            let volume = serde_json::from_value(value.clone()).expect("a volume");
            let finalizers = plan(&volume).and_then(|changed| changed.metadata.finalizers);
            let finalizers = finalizers.map(|all| all.iter().map(String::clone).collect());
            let expected: Option<Vec<String>> =
                expected.map(|all| all.into_iter().map(str::to_owned).collect());
            assert_eq!(finalizers, expected, "{value}");
        }
    }
}
