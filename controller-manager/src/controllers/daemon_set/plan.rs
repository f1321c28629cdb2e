//! What to do for one DaemonSet: pure.
//!
//! Mirrors `podsShouldBeOnNode` and `rollingUpdate` of `pkg/controller/daemon`. Of an update with
//! surge: a node gets its new pod beside the old one, which goes when the new one is available.

use super::super::deployment::bounds::scaled;
use super::pod::{fits, is_updated, new_pod, target};
use control::{Action, pods};
use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetStatus};
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use k8s_openapi::jiff::Timestamp;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// Pods made or deleted in one go.
const BURST_PODS: usize = 250;

/// What is known of a DaemonSet.
pub(super) struct Snapshot<'a> {
    pub(super) set: &'a DaemonSet,
    pub(super) nodes: Vec<Arc<Node>>,
    /// The pods that it controls.
    pub(super) pods: Vec<Arc<Pod>>,
    /// The hash of its template.
    pub(super) hash: &'a str,
    /// Whether pods may be made and deleted now.
    pub(super) manage: bool,
    /// The UIDs of failed pods that stay for a while: others failed on their nodes before.
    pub(super) held: HashSet<String>,
}

/// The answer to a snapshot.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) create: Vec<Action>,
    pub(super) delete: Vec<Arc<Pod>>,
    /// Pods to delete because they ended where one should run.
    pub(super) ended: Vec<Arc<Pod>>,
    /// The set with its new status, where that changes.
    pub(super) status: Option<DaemonSet>,
    pub(super) look_again: Option<Duration>,
    /// How many old revisions are kept.
    pub(super) history_limit: usize,
}

/// One node with the set's pods on it, oldest first.
struct Place {
    node: Option<Arc<Node>>,
    name: String,
    should_run: bool,
    may_stay: bool,
    pods: Vec<Arc<Pod>>,
}

/// Plans for `snapshot` at the time `now`.
pub(super) fn plan(snapshot: &Snapshot<'_>, now: Timestamp) -> Plan {
    let places = places(snapshot);
    let spec = snapshot.set.spec.clone().unwrap_or_default();
    let wanted = i32::try_from(places.iter().filter(|place| place.should_run).count());
    let bounds = Bounds::of(snapshot.set, wanted.unwrap_or(i32::MAX));
    let mut plan = Plan {
        history_limit: usize::try_from(spec.revision_history_limit.unwrap_or(10)).unwrap_or(0),
        ..Plan::default()
    };
    let mut nodes = Vec::new();
    if snapshot.manage {
        for place in &places {
            manage(snapshot, place, bounds.surge > 0, &mut nodes, &mut plan, now);
        }
        let is_settled = nodes.is_empty() && plan.delete.is_empty() && plan.ended.is_empty();
        if bounds.is_rolling && is_settled {
            update(snapshot, &places, &bounds, &mut nodes, &mut plan.delete, now);
        }
    }
    nodes.truncate(BURST_PODS);
    plan.ended.truncate(BURST_PODS);
    plan.delete.truncate(BURST_PODS - plan.ended.len());
    plan.create = nodes
        .iter()
        .map(|node| Action::create(&new_pod(snapshot.set, node, snapshot.hash)))
        .collect();
    let min_ready = spec.min_ready_seconds.unwrap_or(0);
    let waits = snapshot.pods.iter().filter_map(|pod| pods::available_in(pod, min_ready, now));
    plan.look_again = waits.filter(|wait| !wait.is_zero()).min();
    let status = status(snapshot, &places, now);
    if snapshot.set.status.as_ref() != Some(&status) {
        plan.status = Some(DaemonSet { status: Some(status), ..snapshot.set.clone() });
    }
    plan
}

fn places(snapshot: &Snapshot<'_>) -> Vec<Place> {
    let mut by_node: BTreeMap<String, Vec<Arc<Pod>>> = BTreeMap::new();
    // What has ended and is being deleted waits for a finalizer, and for nobody here.
    let is_over = |pod: &Pod| pods::is_finished(pod) && pods::is_terminating(pod);
    for pod in snapshot.pods.iter().filter(|pod| !is_over(pod)) {
        by_node.entry(target(pod).unwrap_or_default().to_owned()).or_default().push(pod.clone());
    }
    let mut places: Vec<Place> = snapshot
        .nodes
        .iter()
        .map(|node| {
            let name = node.metadata.name.clone().unwrap_or_default();
            let (should_run, may_stay) = fits(snapshot.set, node);
            let pods = by_node.remove(&name).unwrap_or_default();
            Place { node: Some(node.clone()), name, should_run, may_stay, pods }
        })
        .collect();
    // Pods of nodes that are gone: those that never were bound nobody else collects.
    places.extend(by_node.into_iter().map(|(name, pods)| Place {
        node: None,
        name,
        should_run: false,
        may_stay: true,
        pods: pods.into_iter().filter(|pod| pods::node_name(pod).is_empty()).collect(),
    }));
    for place in &mut places {
        place.pods.sort_by(|a, b| {
            let key = |pod: &Pod| {
                let created = pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
                (pods::node_name(pod).is_empty(), created, pod.metadata.name.clone())
            };
            key(a).cmp(&key(b))
        });
    }
    places
}

/// The right pods on one node, whatever their template.
fn manage(
    snapshot: &Snapshot<'_>,
    place: &Place,
    has_surge: bool,
    nodes: &mut Vec<String>,
    plan: &mut Plan,
    now: Timestamp,
) {
    let alive = || place.pods.iter().filter(|pod| !pods::is_terminating(pod));
    let delete = &mut plan.delete;
    if place.node.is_none() || !place.may_stay {
        delete.extend(alive().cloned());
        return;
    }
    if place.should_run && place.pods.is_empty() {
        nodes.push(place.name.clone());
        return;
    }
    let is_held = |pod: &Pod| pod.metadata.uid.as_ref().is_some_and(|u| snapshot.held.contains(u));
    let ended = alive().filter(|pod| pods::is_finished(pod) && !is_held(pod));
    plan.ended.extend(ended.cloned());
    let running: Vec<&Arc<Pod>> = alive().filter(|pod| !pods::is_finished(pod)).collect();
    if !has_surge {
        delete.extend(running.into_iter().skip(1).cloned());
        return;
    }
    if running.is_empty() && place.should_run {
        nodes.push(place.name.clone());
        return;
    }
    let (new, old): (Vec<_>, Vec<_>) =
        running.into_iter().partition(|pod| is_updated(snapshot.set, pod, snapshot.hash));
    delete.extend(new.iter().skip(1).chain(old.iter().skip(1)).map(|pod| (*pod).clone()));
    if let (Some(new), Some(old)) = (new.first(), old.first())
        && (!pods::is_ready(old) || is_available(snapshot.set, new, now))
    {
        delete.push((*old).clone());
    }
}

/// How far an update may go at a time.
struct Bounds {
    is_rolling: bool,
    surge: usize,
    unavailable: usize,
}

impl Bounds {
    fn of(set: &DaemonSet, wanted: i32) -> Self {
        let strategy = set.spec.as_ref().and_then(|spec| spec.update_strategy.as_ref());
        let is_rolling = strategy.and_then(|s| s.type_.as_deref()) != Some("OnDelete");
        let rolling = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
        let count = |value: Option<&IntOrString>, default| {
            let count = value.map_or(default, |value| scaled(value, wanted, true));
            usize::try_from(count).unwrap_or(0)
        };
        let surge = count(rolling.and_then(|rolling| rolling.max_surge.as_ref()), 0);
        let unavailable = count(rolling.and_then(|r| r.max_unavailable.as_ref()), 1);
        // Neither would be no update at all.
        let unavailable = if surge == 0 { unavailable.max(1) } else { unavailable };
        Self { is_rolling, surge: if is_rolling { surge } else { 0 }, unavailable }
    }
}

/// Moves some nodes on to the present template.
fn update(
    snapshot: &Snapshot<'_>,
    places: &[Place],
    bounds: &Bounds,
    nodes: &mut Vec<String>,
    delete: &mut Vec<Arc<Pod>>,
    now: Timestamp,
) {
    let concerned = places.iter().filter(|place| place.node.is_some());
    let concerned = concerned.filter(|place| place.should_run || !place.pods.is_empty());
    let mut update = Update { is_surge: bounds.surge > 0, ..Update::default() };
    for place in concerned {
        update.look_at(snapshot, place, now);
    }
    let wanted = places.iter().filter(|place| place.should_run).count();
    nodes.append(&mut update.open);
    delete.append(&mut update.down);
    if update.is_surge {
        // Who asked for a surge wants all to serve: what should no longer be where it is goes when
        // others do its work.
        let spare = update.available.saturating_sub(wanted);
        delete.extend(update.misplaced.into_iter().take(spare));
        let room = bounds.surge.saturating_sub(update.busy);
        nodes.extend(update.candidates.into_iter().take(room).map(|(name, _)| name));
    } else {
        let room = bounds.unavailable.saturating_sub(update.busy);
        delete.extend(update.candidates.into_iter().take(room).map(|(_, old)| old));
    }
}

/// How far the nodes have come.
#[derive(Default)]
struct Update {
    is_surge: bool,
    /// Nodes that count against what may be missing, or be there in addition.
    busy: usize,
    /// Nodes with a pod that is available, old or new.
    available: usize,
    /// Old pods that serve nobody: their going costs nothing.
    down: Vec<Arc<Pod>>,
    /// With surge: nodes whose old pod serves nobody get the new one at once.
    open: Vec<String>,
    /// Nodes with an old pod that serves.
    candidates: Vec<(String, Arc<Pod>)>,
    /// With surge: old pods that serve where they should no longer be.
    misplaced: Vec<Arc<Pod>>,
}

impl Update {
    fn look_at(&mut self, snapshot: &Snapshot<'_>, place: &Place, now: Timestamp) {
        let alive = place.pods.iter().filter(|pod| !pods::is_terminating(pod));
        let (new, old): (Vec<_>, Vec<_>) =
            alive.partition(|pod| is_updated(snapshot.set, pod, snapshot.hash));
        if new.len() > 1 || old.len() > 1 {
            // The surplus goes first.
            self.busy += 1;
            return;
        }
        let serves = |pod: &Arc<Pod>| is_available(snapshot.set, pod, now);
        self.available += usize::from(old.first().or(new.first()).is_some_and(|pod| serves(pod)));
        match (new.first(), old.first()) {
            (Some(new), None) => self.busy += usize::from(!self.is_surge && !serves(new)),
            (None, None) => self.busy += usize::from(!self.is_surge),
            // With surge the old one goes when the new one serves: see `manage`.
            (Some(new), Some(_)) => self.busy += usize::from(!self.is_surge || !serves(new)),
            (None, Some(old)) => match (serves(old), self.is_surge) {
                (false, true) if place.should_run => self.open.push(place.name.clone()),
                (false, is_surge) => {
                    self.down.push((*old).clone());
                    self.busy += usize::from(!is_surge);
                }
                (true, true) if !place.should_run => self.misplaced.push((*old).clone()),
                (true, _) => self.candidates.push((place.name.clone(), (*old).clone())),
            },
        }
    }
}

fn is_available(set: &DaemonSet, pod: &Pod, now: Timestamp) -> bool {
    let min_ready = set.spec.as_ref().and_then(|spec| spec.min_ready_seconds).unwrap_or(0);
    pods::is_available(pod, min_ready, now)
}

fn status(snapshot: &Snapshot<'_>, places: &[Place], now: Timestamp) -> DaemonSetStatus {
    let old = snapshot.set.status.clone().unwrap_or_default();
    let mut status = DaemonSetStatus {
        observed_generation: snapshot.set.metadata.generation,
        collision_count: old.collision_count,
        conditions: old.conditions,
        ..DaemonSetStatus::default()
    };
    let (mut updated, mut available) = (0, 0);
    for place in places.iter().filter(|place| place.node.is_some()) {
        let first = place.pods.first();
        if !place.should_run {
            status.number_misscheduled += i32::from(first.is_some());
            continue;
        }
        status.desired_number_scheduled += 1;
        if let Some(pod) = first {
            status.current_number_scheduled += 1;
            status.number_ready += i32::from(pods::is_ready(pod));
            available += i32::from(is_available(snapshot.set, pod, now));
            updated += i32::from(is_updated(snapshot.set, pod, snapshot.hash));
        }
    }
    let some = |count: i32| Some(count).filter(|count| *count != 0);
    status.updated_number_scheduled = some(updated);
    status.number_available = some(available);
    status.number_unavailable = some(status.desired_number_scheduled - available);
    status
}

#[cfg(test)]
mod tests;
