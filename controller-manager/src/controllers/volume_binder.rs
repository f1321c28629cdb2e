//! persistentvolume-binder-controller: claims get volumes, and volumes are taken back.
//!
//! It binds what is there, asks drivers for what is not, and does with a volume whose claim is
//! gone what the volume says. A claim whose class waits for its first pod is left to the
//! scheduler, which gives it a volume or names the node; this controller then completes it.
//! Mirrors `k8s.io/kubernetes/pkg/controller/volume/persistentvolume`.

mod binding;
mod claim;
mod matching;
mod plugins;
mod volume;

use crate::context::Context;
use control::volumes::{claim_class, claims_of, default_class, volume_class, volume_name};
use control::{
    Action, Change, Expectations, Informer, Key, Outcome, Queue, Recorder, SyncError, execute,
    pods, run_workers,
};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::{Api, Client};
use std::collections::HashMap;
use std::path::{Component, Path};
use std::sync::Arc;
use std::time::Duration;
use volume::Then;

struct Controller {
    client: Client,
    volumes: Arc<Informer<PersistentVolume>>,
    claims: Arc<Informer<PersistentVolumeClaim>>,
    classes: Arc<Informer<StorageClass>>,
    pods: Arc<Informer<Pod>>,
    claim_queue: Queue<Key>,
    volume_queue: Queue<Key>,
    /// What was written to volumes and claims and doesn't show yet.
    volumes_written: Expectations,
    claims_written: Expectations,
    recorder: Recorder,
    period: Duration,
    provisions: bool,
}

/// Starts it.
pub(crate) fn start(context: &Context) {
    let controller = Arc::new(Controller {
        client: context.client(),
        volumes: context.informers.of::<PersistentVolume>(),
        claims: context.informers.of::<PersistentVolumeClaim>(),
        classes: context.informers.of::<StorageClass>(),
        pods: context.informers.of::<Pod>(),
        claim_queue: Queue::named("claims"),
        volume_queue: Queue::named("volumes"),
        volumes_written: Expectations::default(),
        claims_written: Expectations::default(),
        recorder: context.recorder_as("persistentvolume-controller"),
        period: context.options.volume_sync_period,
        provisions: context.options.dynamic_provisioning,
    });
    watch(&controller);
    let own = controller.clone();
    let queue = controller.claim_queue.clone();
    run_workers("persistentvolume-binder claims", 1, queue, &context.shutdown, move |key| {
        let controller = own.clone();
        async move {
            controller.synced().await;
            controller.sync_claim(key).await
        }
    });
    let queue = controller.volume_queue.clone();
    run_workers("persistentvolume-binder volumes", 1, queue, &context.shutdown, move |key| {
        let controller = controller.clone();
        async move {
            controller.synced().await;
            controller.sync_volume(key).await
        }
    });
}

fn watch(controller: &Controller) {
    let (add, add_volume) = (controller.claim_queue.clone(), controller.volume_queue.clone());
    let volumes = controller.volumes.clone();
    controller.claims.on_change(move |change| {
        let claim = change.object();
        add.add(Key::of(&**claim));
        if !volume_name(claim).is_empty() {
            add_volume.add(Key::new("", volume_name(claim)));
        }
        if matches!(change, Change::Deleted(_)) {
            // One that was given to it, and that it didn't come to take.
            let all = volumes.list();
            let given = all.iter().filter(|volume| given_to(volume) == Some(Key::of(&**claim)));
            given.for_each(|volume| add_volume.add(Key::of(&**volume)));
        }
    });
    let (add, add_claim) = (controller.volume_queue.clone(), controller.claim_queue.clone());
    let claims = controller.claims.clone();
    controller.volumes.on_change(move |change| {
        let volume = change.object();
        add.add(Key::of(&**volume));
        match given_to(volume) {
            Some(claim) => add_claim.add(claim),
            None => {
                let name = volume.metadata.name.as_deref().unwrap_or_default();
                let waits = |claim: &&Arc<PersistentVolumeClaim>| match volume_name(claim) {
                    "" => claim_class(claim) == volume_class(volume),
                    named => named == name,
                };
                let all = claims.list();
                all.iter().filter(waits).for_each(|claim| add_claim.add(Key::of(&**claim)));
            }
        }
    });
    let (add, claims) = (controller.claim_queue.clone(), controller.claims.clone());
    controller.classes.on_change(move |_| {
        let all = claims.list();
        let waiting = all.iter().filter(|claim| volume_name(claim).is_empty());
        waiting.for_each(|claim| add.add(Key::of(&**claim)));
    });
}

/// The claim that `volume` names.
fn given_to(volume: &PersistentVolume) -> Option<Key> {
    let given = volume.spec.as_ref()?.claim_ref.as_ref()?;
    Some(Key::new(given.namespace.clone().unwrap_or_default(), given.name.clone()?))
}

impl Controller {
    async fn synced(&self) {
        self.volumes.synced().await;
        self.claims.synced().await;
        self.classes.synced().await;
        self.pods.synced().await;
    }

    /// Whether all that was written for `key` shows.
    fn is_up_to_date(&self, key: &Key) -> bool {
        self.volumes_written.are_met(key, &self.volumes)
            && self.claims_written.are_met(key, &self.claims)
    }

    async fn sync_claim(&self, key: Key) -> Result<Outcome, SyncError> {
        if !self.is_up_to_date(&key) {
            return Ok(Outcome::Again(control::limits::EXPECTATION_RECHECK));
        }
        let Some(claim) = self.claims.get(&key) else { return Ok(Outcome::Done) };
        let snapshot = claim::Snapshot {
            claim: &claim,
            volumes: &self.volumes.list(),
            class: self.classes.get(&Key::new("", claim_class(&claim))),
            default_class: default_class(self.classes.list()),
            waiting_pods: self.waiting_pods(&key),
            provisions: self.provisions,
        };
        let plan = claim::plan(&snapshot).map_err(SyncError::Other)?;
        let is_changed = !plan.actions.is_empty();
        self.write(&key, &plan.actions).await?;
        for (kind, reason, text) in plan.tell {
            self.recorder.tell(&*claim, kind, reason, text);
        }
        // What changes without a word to this controller: pods that begin to wait.
        let is_waiting = volume_name(&claim).is_empty() && !is_changed;
        Ok(if is_waiting { Outcome::Again(self.period) } else { Outcome::Done })
    }

    fn waiting_pods(&self, claim: &Key) -> Vec<String> {
        let waits = |pod: &Arc<Pod>| {
            !pods::is_finished(pod)
                && pods::node_name(pod).is_empty()
                && claims_of(pod).any(|(key, _)| key == *claim)
        };
        let all = self.pods.list_in(&claim.namespace).into_iter().filter(waits);
        all.filter_map(|pod| pod.metadata.name.clone()).collect()
    }

    async fn sync_volume(&self, key: Key) -> Result<Outcome, SyncError> {
        if !self.is_up_to_date(&key) {
            return Ok(Outcome::Again(control::limits::EXPECTATION_RECHECK));
        }
        let Some(volume) = self.volumes.get(&key) else { return Ok(Outcome::Done) };
        let claim = self.claim_of(&volume).await?;
        let plan = volume::plan(&volume, claim.as_deref());
        self.execute(&key, &volume, claim.as_deref(), &plan).await?;
        match plan.then {
            Then::Nothing => Ok(Outcome::Done),
            Then::Claim => {
                given_to(&volume).into_iter().for_each(|claim| self.claim_queue.add(claim));
                Ok(Outcome::Done)
            }
            Then::Delete(directory) => self.delete(&key, &directory).await,
        }
    }

    /// The claim with the UID that `volume` names. The server is asked before it is said that
    /// there is none, since a volume's data depend on it.
    async fn claim_of(
        &self,
        volume: &PersistentVolume,
    ) -> Result<Option<Arc<PersistentVolumeClaim>>, SyncError> {
        let Some(key) = given_to(volume) else { return Ok(None) };
        let given = volume.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref());
        let uid = given.and_then(|given| given.uid.clone()).filter(|uid| !uid.is_empty());
        let known = self.claims.get(&key).filter(|claim| claim.metadata.uid == uid);
        if known.is_some() || uid.is_none() {
            return Ok(known);
        }
        let api: Api<PersistentVolumeClaim> = Api::namespaced(self.client.clone(), &key.namespace);
        let fresh = api.get_opt(&key.name).await?;
        Ok(fresh.filter(|claim| claim.metadata.uid == uid).map(Arc::new))
    }

    async fn execute(
        &self,
        key: &Key,
        volume: &PersistentVolume,
        claim: Option<&PersistentVolumeClaim>,
        plan: &volume::Plan,
    ) -> Result<(), SyncError> {
        self.write(key, &plan.actions).await?;
        if let Some((kind, reason, text)) = &plan.tell {
            self.recorder.tell(volume, *kind, reason, text.as_str());
        }
        if let (Some((kind, reason, text)), Some(claim)) = (&plan.tell_claim, claim) {
            self.recorder.tell(claim, *kind, reason, text.as_str());
        }
        Ok(())
    }

    /// Executes `actions` in order; a later one on the same object goes on from the answer to the
    /// earlier.
    async fn write(&self, key: &Key, actions: &[Action]) -> Result<(), SyncError> {
        let mut versions: HashMap<String, serde_json::Value> = HashMap::new();
        for action in actions {
            let mut action = action.clone();
            let Action::Update { path, body } = &mut action else { continue };
            let object = path.trim_end_matches("/status").to_owned();
            if let Some(version) = versions.get(&object) {
                body["metadata"]["resourceVersion"] = version.clone();
            }
            let answer = execute(&self.client, &action).await?;
            if let Some(answer) = &answer {
                versions.insert(object.clone(), answer["metadata"]["resourceVersion"].clone());
            }
            if object.contains("/persistentvolumeclaims/") {
                self.claims_written.wrote(key, &self.claims, &[answer]);
            } else {
                self.volumes_written.wrote(key, &self.volumes, &[answer]);
            }
        }
        Ok(())
    }

    /// Deletes the volume named `key` with what lies in `directory`, if its claim is still gone.
    async fn delete(&self, key: &Key, directory: &str) -> Result<Outcome, SyncError> {
        let api: Api<PersistentVolume> = Api::all(self.client.clone());
        let Some(mut volume) = api.get_opt(&key.name).await? else { return Ok(Outcome::Done) };
        let claim = given_to(&volume).and_then(|claim| self.claims.get(&claim));
        if !volume::is_released(&volume, claim.as_deref()) {
            return Ok(Outcome::Done);
        }
        if let Err(why) = remove(directory) {
            let plan = volume::failed(&volume, "VolumeFailedDelete", why);
            self.execute(key, &volume, None, &plan).await?;
            return Ok(Outcome::Again(self.period));
        }
        if let Some(finalizers) = plugins::finalizers_after_deletion(&volume) {
            volume.metadata.finalizers = Some(finalizers);
            execute(&self.client, &Action::update(&volume)).await?;
        }
        if volume.metadata.deletion_timestamp.is_none() {
            execute(&self.client, &Action::delete(&volume)).await?;
        }
        Ok(Outcome::Done)
    }
}

/// Deletes what lies at `path` on this machine, which has to be below `/tmp`.
///
/// # Errors
/// Why it is not deleted.
fn remove(path: &str) -> Result<(), String> {
    let own = Path::new(path);
    let is_plain = own.components().all(|part| part != Component::ParentDir);
    let is_below = own.strip_prefix("/tmp").is_ok_and(|rest| rest != Path::new(""));
    if !is_plain || !is_below {
        return Err(format!(
            "host_path deleter only supports /tmp/.+ but received provided {path}"
        ));
    }
    let removed = match std::fs::symlink_metadata(own) {
        Ok(what) if what.is_dir() => std::fs::remove_dir_all(own),
        Ok(_) => std::fs::remove_file(own),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{path}: {error}"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_below_tmp_is_deleted() {
        for path in ["/", "/tmp", "/tmp/", "/data/tmp/x", "/tmp/../etc", "tmp/x", ""] {
            assert!(remove(path).is_err(), "{path}");
        }
        assert_eq!(remove("/tmp/there/is/no/such/directory"), Ok(()));
        let folder = tempfile::tempdir_in("/tmp").expect("a folder");
        let inner = folder.path().join("volume");
        std::fs::create_dir_all(inner.join("deep")).expect("a folder");
        assert_eq!(remove(inner.to_str().expect("a path of letters")), Ok(()));
        assert!(!inner.exists() && folder.path().exists());
    }
}
