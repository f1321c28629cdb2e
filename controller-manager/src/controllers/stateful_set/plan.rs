//! What to do for one StatefulSet: pure.
//!
//! Mirrors `updateStatefulSet` of `k8s.io/kubernetes/pkg/controller/statefulset`: in order, each
//! waiting for the one before, unless `podManagementPolicy: Parallel`. An update takes one pod at a
//! time: `maxUnavailable` is behind a gate that is off by default.

use super::pod::{claims, identify, new_pod, ordinal, revision_of};
use super::retention;
use control::{Action, EventType, pods};
use k8s_openapi::api::apps::v1::{
    ControllerRevision, StatefulSet, StatefulSetSpec, StatefulSetStatus,
};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use k8s_openapi::jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What is known of a StatefulSet.
pub(super) struct Snapshot<'a> {
    pub(super) set: &'a StatefulSet,
    /// The pods that it controls.
    pub(super) pods: Vec<Arc<Pod>>,
    /// The revision of its template.
    pub(super) update: &'a ControllerRevision,
    /// The revision that all of its pods last had.
    pub(super) current: &'a ControllerRevision,
    /// The claim of this name.
    pub(super) claim: &'a (dyn Fn(&str) -> Option<Arc<PersistentVolumeClaim>> + Send + Sync),
}

/// The answer to a snapshot.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Claims to make, each with its pod's name.
    pub(super) claims: Vec<(String, PersistentVolumeClaim)>,
    /// Claims with other owners, and pods with their labels put back.
    pub(super) amend: Vec<Action>,
    pub(super) create: Vec<Pod>,
    pub(super) delete: Vec<Arc<Pod>>,
    /// The set with its new status, where that changes.
    pub(super) status: Option<StatefulSet>,
    pub(super) tell: Vec<(EventType, &'static str, String)>,
    pub(super) look_again: Option<Duration>,
}

/// Until a claim that is in the way is looked at again: its end wakes nobody.
const CLAIM_RECHECK: Duration = Duration::from_secs(1);

/// Plans for `snapshot` at the time `now`.
pub(super) fn plan(snapshot: &Snapshot<'_>, now: Timestamp) -> Plan {
    let work = Work::new(snapshot, now);
    let mut plan = Plan::default();
    if snapshot.set.metadata.deletion_timestamp.is_none() {
        work.act(&mut plan);
    }
    let min_ready = work.min_ready;
    let waits = snapshot.pods.iter().filter_map(|pod| pods::available_in(pod, min_ready, now));
    plan.look_again = waits.filter(|wait| !wait.is_zero()).chain(plan.look_again).min();
    let status = work.status(&plan.delete);
    if snapshot.set.status.as_ref() != Some(&status) {
        plan.status = Some(StatefulSet { status: Some(status), ..snapshot.set.clone() });
    }
    plan
}

struct Work<'a> {
    snapshot: &'a Snapshot<'a>,
    spec: StatefulSetSpec,
    /// The pods by their numbers.
    by_ordinal: BTreeMap<i32, Arc<Pod>>,
    first: i32,
    /// One beyond the last wanted.
    end: i32,
    min_ready: i32,
    in_order: bool,
    now: Timestamp,
}

impl<'a> Work<'a> {
    fn new(snapshot: &'a Snapshot<'a>, now: Timestamp) -> Self {
        let spec = snapshot.set.spec.clone().unwrap_or_default();
        let set_name = snapshot.set.metadata.name.as_deref().unwrap_or_default();
        let number = |pod: &Pod| ordinal(set_name, pod.metadata.name.as_deref()?);
        let first = spec.ordinals.as_ref().and_then(|ordinals| ordinals.start).unwrap_or(0);
        Self {
            by_ordinal: snapshot
                .pods
                .iter()
                .filter_map(|pod| Some((number(pod)?, pod.clone())))
                .collect(),
            first,
            end: first + spec.replicas.unwrap_or(1),
            min_ready: spec.min_ready_seconds.unwrap_or(0),
            in_order: spec.pod_management_policy.as_deref() != Some("Parallel"),
            spec,
            snapshot,
            now,
        }
    }

    fn act(&self, plan: &mut Plan) {
        let mut is_blocked = false;
        for number in self.first..self.end {
            match self.by_ordinal.get(&number) {
                None => {
                    self.create(number, plan);
                    is_blocked = true;
                }
                Some(pod) if pods::is_finished(pod) => {
                    if !pods::is_terminating(pod) {
                        plan.delete.push(pod.clone());
                    }
                    is_blocked = true;
                }
                Some(pod) => {
                    if pods::phase(pod) == "Pending" {
                        self.make_claims(number, pod, plan);
                        self.settle_claims(number, pod, true, plan);
                    }
                    let is_up = self.is_available(pod) && !pods::is_terminating(pod);
                    if is_up || !self.in_order {
                        self.settle_claims(number, pod, true, plan);
                        plan.amend.extend(identify(pod));
                    }
                    is_blocked |= !is_up;
                }
            }
            if is_blocked && self.in_order {
                return;
            }
        }
        let beyond = |number: &i32| !(self.first..self.end).contains(number);
        for (number, pod) in self.by_ordinal.iter().filter(|(number, _)| beyond(number)) {
            self.settle_claims(*number, pod, false, plan);
        }
        if self.shrink(plan) || (is_blocked && self.in_order) {
            return;
        }
        self.update(plan);
    }

    fn create(&self, number: i32, plan: &mut Plan) {
        let pod = new_pod(self.snapshot.set, self.revision_for(number), number);
        let known = self.claims_of(number);
        if known.iter().any(|claim| retention::is_stale(claim, self.snapshot.set, &pod)) {
            plan.look_again = Some(CLAIM_RECHECK);
            return;
        }
        self.make_claims(number, &pod, plan);
        let ending = known.iter().find(|claim| claim.metadata.deletion_timestamp.is_some());
        if let Some(ending) = ending {
            let name = pod.metadata.name.as_deref().unwrap_or_default();
            let set = self.snapshot.set.metadata.name.as_deref().unwrap_or_default();
            let claim = ending.metadata.name.as_deref().unwrap_or_default();
            let text = format!(
                "Create Pod {name} in StatefulSet {set} failed error: pvc {claim} is being deleted"
            );
            plan.tell.push((EventType::Warning, "FailedCreate", text));
            plan.look_again = Some(CLAIM_RECHECK);
            return;
        }
        plan.create.push(pod);
    }

    /// Those of the claims of the pod number `number` that are there.
    fn claims_of(&self, number: i32) -> Vec<Arc<PersistentVolumeClaim>> {
        let wanted = claims(self.snapshot.set, number);
        let names = wanted.iter().filter_map(|claim| claim.metadata.name.as_deref());
        names.filter_map(|name| (self.snapshot.claim)(name)).collect()
    }

    fn make_claims(&self, number: i32, pod: &Pod, plan: &mut Plan) {
        let pod_name = pod.metadata.name.clone().unwrap_or_default();
        for claim in claims(self.snapshot.set, number) {
            let name = claim.metadata.name.as_deref().unwrap_or_default();
            if (self.snapshot.claim)(name).is_none() {
                plan.claims.push((pod_name.clone(), claim));
            }
        }
    }

    /// Gives the claims of `pod` to whom they go with.
    fn settle_claims(&self, number: i32, pod: &Pod, is_wanted: bool, plan: &mut Plan) {
        let set = self.snapshot.set;
        for claim in self.claims_of(number) {
            let Some(owners) = retention::owners(&claim, set, pod, is_wanted) else { continue };
            if retention::is_managed_elsewhere(&claim, set, pod) {
                let text = format!(
                    "PersistentVolumeClaim {} has a conflicting OwnerReference that acts as a \
                     manging controller, the retention policy is ignored for this claim",
                    claim.metadata.name.as_deref().unwrap_or_default()
                );
                plan.tell.push((EventType::Warning, "ConflictingController", text));
            }
            let mut changed = PersistentVolumeClaim::clone(&claim);
            changed.metadata.owner_references = Some(owners);
            let action = Action::update(&changed);
            if !plan.amend.contains(&action) {
                plan.amend.push(action);
            }
        }
    }

    /// A pod that is made anew while an update is under way is made old below the partition, and
    /// where the update has not come to yet.
    fn revision_for(&self, number: i32) -> &'a ControllerRevision {
        let is_rolling = self.strategy() != "OnDelete";
        let old_pods = self.snapshot.set.status.as_ref().and_then(|status| status.current_replicas);
        let below = match self.partition() {
            Some(partition) => number - self.first < partition,
            None => number - self.first < old_pods.unwrap_or(0),
        };
        if is_rolling && below { self.snapshot.current } else { self.snapshot.update }
    }

    /// Whether a pod beyond the wanted ones is on its way out. In order, the highest goes first, and
    /// only when none below it is unavailable.
    fn shrink(&self, plan: &mut Plan) -> bool {
        let beyond = |number: &&i32| !(self.first..self.end).contains(*number);
        let condemned: Vec<i32> = self.by_ordinal.keys().filter(beyond).copied().collect();
        let down = |number: &&i32| {
            let pod = &self.by_ordinal[*number];
            pods::is_terminating(pod) || !self.is_available(pod)
        };
        let first_down = condemned.iter().find(down);
        for number in condemned.iter().rev() {
            let pod = &self.by_ordinal[number];
            let waits = self.in_order && !self.is_available(pod) && first_down != Some(number);
            if !pods::is_terminating(pod) && !waits {
                plan.delete.push(pod.clone());
            }
            if self.in_order {
                return true;
            }
        }
        false
    }

    /// The highest pod of an old revision goes, unless one above it is on its way.
    fn update(&self, plan: &mut Plan) {
        if self.strategy() == "OnDelete" {
            return;
        }
        let lowest = self.first + self.partition().unwrap_or(0);
        for number in (lowest..self.end).rev() {
            let Some(pod) = self.by_ordinal.get(&number) else { return };
            let is_old = revision_of(pod) != self.snapshot.update.metadata.name;
            if is_old && !pods::is_terminating(pod) {
                plan.delete.push(pod.clone());
                return;
            }
            if pods::is_terminating(pod) || !self.is_available(pod) {
                return;
            }
        }
    }

    fn strategy(&self) -> &str {
        let strategy = self.spec.update_strategy.as_ref();
        strategy.and_then(|strategy| strategy.type_.as_deref()).unwrap_or("RollingUpdate")
    }

    fn partition(&self) -> Option<i32> {
        let rolling = self.spec.update_strategy.as_ref()?.rolling_update.as_ref()?;
        rolling.partition
    }

    fn is_available(&self, pod: &Pod) -> bool {
        pods::phase(pod) == "Running" && pods::is_available(pod, self.min_ready, self.now)
    }

    /// Pods that this plan deletes are of no revision any more.
    fn status(&self, deleted: &[Arc<Pod>]) -> StatefulSetStatus {
        let old = self.snapshot.set.status.clone().unwrap_or_default();
        let name = |revision: &ControllerRevision| revision.metadata.name.clone();
        let (mut current, update) = (name(self.snapshot.current), name(self.snapshot.update));
        let count = |test: &dyn Fn(&Pod) -> bool| {
            let alive = self.by_ordinal.values().filter(|pod| test(pod));
            i32::try_from(alive.count()).unwrap_or(i32::MAX)
        };
        let is_of = |pod: &Pod, revision: &Option<String>| {
            let goes = deleted.iter().any(|one| {
                one.metadata.uid == pod.metadata.uid && one.metadata.name == pod.metadata.name
            });
            !goes && !pods::is_terminating(pod) && revision_of(pod) == *revision
        };
        let ready = count(&|pod| pods::phase(pod) == "Running" && pods::is_ready(pod));
        let replicas = count(&|_| true);
        let updated = count(&|pod| is_of(pod, &update));
        let mut of_current = count(&|pod| is_of(pod, &current));
        let available = count(&|pod| self.is_available(pod));
        let is_complete = self.strategy() != "OnDelete"
            && updated == replicas
            && ready == replicas
            && replicas == self.end - self.first;
        if is_complete {
            current.clone_from(&update);
            of_current = updated;
        }
        let some = |count: i32| Some(count).filter(|count| *count != 0);
        StatefulSetStatus {
            observed_generation: self.snapshot.set.metadata.generation,
            replicas,
            ready_replicas: some(ready),
            current_replicas: some(of_current),
            updated_replicas: some(updated),
            available_replicas: Some(available),
            current_revision: current,
            update_revision: update,
            collision_count: Some(old.collision_count.unwrap_or(0)),
            conditions: old.conditions,
        }
    }
}

#[cfg(test)]
mod tests;
