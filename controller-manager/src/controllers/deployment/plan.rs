//! What to do for one Deployment: pure. The order of a sync reads top to bottom.
//!
//! Mirrors `syncDeployment` (`pkg/controller/deployment`), with one difference: upstream writes
//! each change as it goes; here the changes of one object are gathered and written once.

use super::bounds::{is_rolling, wanted};
use super::revision::{self, DESIRED, REVISION, note_size, number};
use super::rollback::{self, Rollback};
use super::strategy::{available, new_size, old_sizes, replicas};
use super::{proportion, status};
use crate::context::Telling;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// What is known of a Deployment.
pub(super) struct Snapshot<'a> {
    pub(super) deployment: &'a Deployment,
    /// The ReplicaSets that it controls and selects.
    pub(super) sets: Vec<Arc<ReplicaSet>>,
    /// Those of them with pods that have not finished.
    pub(super) running: Vec<Arc<ReplicaSet>>,
}

/// The answer to a snapshot.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) create: Option<ReplicaSet>,
    pub(super) update: Vec<ReplicaSet>,
    pub(super) delete: Vec<ReplicaSet>,
    pub(super) tell: Vec<Telling>,
    /// The Deployment with its new status and annotations.
    pub(super) status: Option<Deployment>,
    /// What is written instead, where nothing else is to be.
    pub(super) rollback: Option<Rollback>,
    pub(super) look_again: Option<Duration>,
}

/// Plans for `snapshot` at the time `now`.
pub(super) fn plan(snapshot: &Snapshot<'_>, now: Timestamp) -> Plan {
    let mut work = Work::new(snapshot, now);
    let deployment = snapshot.deployment;
    if deployment.metadata.deletion_timestamp.is_some() {
        return work.finish(false);
    }
    status::note_pause(&mut work.deployment, now);
    let is_paused = deployment.spec.as_ref().and_then(|spec| spec.paused) == Some(true);
    work.number_new_set();
    if let Some(revision) = rollback::asked(deployment).filter(|_| !is_paused) {
        return work.roll_back(revision);
    }
    if is_paused || work.has_new_size() {
        work.resize();
        if is_paused {
            work.clean_up();
        }
        return work.finish(false);
    }
    if is_rolling(deployment) {
        work.roll()
    } else {
        work.recreate(snapshot)
    }
    if status::is_complete(deployment, &deployment.status.clone().unwrap_or_default()) {
        work.clean_up();
    }
    work.finish(true)
}

/// Working copies of everything that may change.
struct Work {
    before: Deployment,
    deployment: Deployment,
    new: Option<ReplicaSet>,
    is_created: bool,
    old: Vec<ReplicaSet>,
    sets_before: Vec<Arc<ReplicaSet>>,
    delete: Vec<ReplicaSet>,
    tell: Vec<Telling>,
    now: Timestamp,
}

impl Work {
    fn new(snapshot: &Snapshot<'_>, now: Timestamp) -> Self {
        let (new, old) = revision::split(snapshot.deployment, snapshot.sets.clone());
        Self {
            before: snapshot.deployment.clone(),
            deployment: snapshot.deployment.clone(),
            new,
            is_created: false,
            old,
            sets_before: snapshot.sets.clone(),
            delete: Vec::new(),
            tell: Vec::new(),
            now,
        }
    }

    /// Brings the annotations of the new set, where there is one, and of the Deployment up to date.
    fn number_new_set(&mut self) {
        let next = revision::next(&self.old);
        let Some(new) = &mut self.new else { return };
        revision::annotate(&self.deployment, new, next);
        let min_ready = self.deployment.spec.as_ref().and_then(|spec| spec.min_ready_seconds);
        if let Some(spec) = &mut new.spec
            && spec.min_ready_seconds.unwrap_or(0) != min_ready.unwrap_or(0)
        {
            spec.min_ready_seconds = min_ready;
        }
        let number = revision::annotation(new, REVISION).unwrap_or_default().to_owned();
        let name = new.metadata.name.clone().unwrap_or_default();
        self.number_deployment(number);
        if status::progress_deadline(&self.deployment).is_some()
            && !status::has_progress_condition(&self.deployment)
        {
            let message = format!("Found new replica set {name:?}");
            status::note_progress(&mut self.deployment, "FoundNewReplicaSet", message, self.now);
        }
    }

    fn number_deployment(&mut self, number: String) {
        let annotations = self.deployment.metadata.annotations.get_or_insert_default();
        annotations.insert(REVISION.into(), number);
    }

    /// Whether the Deployment was given another size since its sets were sized.
    fn has_new_size(&self) -> bool {
        self.sets().filter(|set| replicas(set) > 0).any(|set| {
            number(set, DESIRED).is_some_and(|desired| desired != wanted(&self.deployment))
        })
    }

    fn sets(&self) -> impl Iterator<Item = &ReplicaSet> {
        self.old.iter().chain(&self.new)
    }

    /// A change of size, or a pause: no rollout, every set keeps its share.
    fn resize(&mut self) {
        let wanted = wanted(&self.deployment);
        let active: Vec<String> =
            self.sets().filter(|set| replicas(set) > 0).filter_map(name).collect();
        if active.len() < 2 {
            let latest = || self.new.as_ref().or(self.old.last()).and_then(name);
            if let Some(only) = active.into_iter().next().or_else(latest) {
                self.scale(&only, wanted, false);
            }
            return;
        }
        let is_saturated = self.new.as_ref().is_some_and(|new| {
            replicas(new) == wanted
                && number(new, DESIRED) == Some(wanted)
                && available(new) == wanted
        });
        if is_saturated {
            for set in self.old.iter().filter_map(name).collect::<Vec<_>>() {
                self.scale(&set, 0, false);
            }
        } else if is_rolling(&self.deployment) {
            let sets: Vec<_> = self.sets().filter(|set| replicas(set) > 0).collect();
            let sizes = proportion::shares(&self.deployment, &sets);
            for (set, size) in active.iter().zip(sizes) {
                self.scale(set, size, true);
            }
        }
    }

    fn roll(&mut self) {
        self.ensure_new_set();
        let others = self.old.iter().map(replicas).sum();
        let Some(new) = &self.new else { return };
        let size = new_size(&self.deployment, new, others);
        // Up first, and down only when nothing could go up: no step does both.
        if size != replicas(new) {
            if let Some(name) = name(new) {
                self.scale(&name, size, false);
            }
            return;
        }
        let sizes = old_sizes(&self.deployment, new, &self.old);
        let names: Vec<_> = self.old.iter().filter_map(name).collect();
        for (set, size) in names.iter().zip(sizes) {
            self.scale(set, size, false);
        }
    }

    fn recreate(&mut self, snapshot: &Snapshot<'_>) {
        let up: Vec<_> = self.old.iter().filter(|set| replicas(set) > 0).filter_map(name).collect();
        for set in &up {
            self.scale(set, 0, false);
        }
        let new_uid = self.new.as_ref().and_then(|set| set.metadata.uid.clone());
        let is_running = snapshot.running.iter().any(|set| set.metadata.uid != new_uid)
            || self.old.iter().any(|s| s.status.as_ref().is_some_and(|s| s.replicas > 0));
        if !up.is_empty() || is_running {
            return;
        }
        self.ensure_new_set();
        if let Some(set) = self.new.as_ref().and_then(name) {
            self.scale(&set, wanted(&self.deployment), false);
        }
    }

    /// Makes the new set, where there is none, with as many pods as may be.
    fn ensure_new_set(&mut self) {
        if self.new.is_some() {
            return;
        }
        let number = revision::next(&self.old);
        let mut set = revision::new_set(&self.deployment, number);
        let others = self.old.iter().map(replicas).sum();
        let size = new_size(&self.deployment, &set, others);
        if let Some(spec) = &mut set.spec {
            spec.replicas = Some(size);
        }
        let name = name(&set).unwrap_or_default();
        if size > 0 {
            let message = format!("Scaled up replica set {name} from 0 to {size}");
            self.tell.push(Telling::normal("ScalingReplicaSet", message));
        }
        self.new = Some(set);
        self.is_created = true;
        self.number_deployment(number.to_string());
        if status::progress_deadline(&self.deployment).is_some() {
            let message = format!("Created new replica set {name:?}");
            status::note_progress(&mut self.deployment, "NewReplicaSetCreated", message, self.now);
        }
    }

    /// Gives the set `set` the size `size`. With `always`, the size of the Deployment is noted in
    /// it even when its own size stays.
    fn scale(&mut self, set: &str, size: i32, always: bool) {
        let deployment = self.deployment.clone();
        let mut sets = self.old.iter_mut().chain(&mut self.new);
        let Some(set) = sets.find(|found| found.metadata.name.as_deref() == Some(set)) else {
            return;
        };
        let before = replicas(set);
        if before == size && !always {
            return;
        }
        note_size(&deployment, set);
        if before == size {
            return;
        }
        let name = name(set).unwrap_or_default();
        if let Some(spec) = &mut set.spec {
            spec.replicas = Some(size);
        }
        let way = if before < size { "up" } else { "down" };
        let message = format!("Scaled {way} replica set {name} from {before} to {size}");
        self.tell.push(Telling::normal("ScalingReplicaSet", message));
    }

    /// Deletes the oldest empty sets beyond `revisionHistoryLimit`.
    fn clean_up(&mut self) {
        let limit = self.deployment.spec.as_ref().and_then(|spec| spec.revision_history_limit);
        let Some(limit) = limit.filter(|limit| *limit != i32::MAX) else { return };
        let mut alive: Vec<&ReplicaSet> =
            self.old.iter().filter(|set| set.metadata.deletion_timestamp.is_none()).collect();
        let surplus = alive.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
        alive.sort_by(|a, b| {
            revision::revision(a)
                .cmp(&revision::revision(b))
                .then_with(|| revision::by_creation(a, b))
        });
        let is_empty = |set: &&ReplicaSet| {
            let status = set.status.clone().unwrap_or_default();
            replicas(set) == 0
                && status.replicas == 0
                && status.observed_generation >= set.metadata.generation
        };
        let gone: Vec<_> = alive.into_iter().take(surplus).filter(is_empty).cloned().collect();
        self.delete = gone;
    }

    /// Sees to it that every set has its number, and rolls back when they have.
    fn roll_back(mut self, revision: i64) -> Plan {
        self.ensure_new_set();
        let sets: Vec<&ReplicaSet> = self.sets().collect();
        let rollback = rollback::roll_back(&self.deployment, &sets, revision);
        let numbers = self.written();
        let is_numbered =
            numbers.create.is_none() && numbers.update.is_empty() && numbers.status.is_none();
        Plan { rollback: is_numbered.then_some(rollback), ..numbers }
    }

    fn finish(mut self, is_rollout: bool) -> Plan {
        let status = if is_rollout {
            status::rollout(&self.deployment, &self.old, self.new.as_ref(), self.now)
        } else {
            status::counted(&self.deployment, &self.old, self.new.as_ref(), self.now)
        };
        let look_again =
            if is_rollout { status::recheck(&self.deployment, &status, self.now) } else { None };
        self.deployment.status = Some(status);
        Plan { look_again, ..self.written() }
    }

    /// All that is to be written.
    fn written(mut self) -> Plan {
        let create = self.new.take_if(|_| self.is_created);
        let before = |set: &ReplicaSet| self.sets_before.iter().any(|old| **old == *set);
        let update = self.old.iter().chain(&self.new).filter(|set| !before(set)).cloned().collect();
        Plan {
            create,
            update,
            delete: self.delete,
            tell: self.tell,
            status: Some(self.deployment).filter(|new| *new != self.before),
            ..Plan::default()
        }
    }
}

fn name(set: &ReplicaSet) -> Option<String> {
    set.metadata.name.clone()
}

#[cfg(test)]
mod tests;
