//! DefaultPreemption: where could an important pod go if less important ones made room?
//!
//! Pure: says which node, and which pods would have to go; doing it is the driver's. Mirrors
//! `plugins/defaultpreemption` and `framework/preemption` of `k8s.io/kubernetes/pkg/scheduler`.

mod budgets;

use crate::judge::Judge;
use crate::plugin_args::Candidates;
use crate::plugins::Row;
use crate::pod::PodInfo;
use crate::refusal::{Refusal, counted};
use crate::snapshot::Snapshot;
use k8s_openapi::jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

const NOT_HELPFUL: &str = "Preemption is not helpful for scheduling";
/// What upstream's DynamicResources says first, since no claim of the pod's can be given back.
const NO_CLAIMS: &str = "no new claims to deallocate";
/// What it says when it wasn't asked, since another plugin refused all nodes at once before; then
/// nobody looks for victims.
const NOT_ASKED: &str = "not found";
const NO_VICTIMS: &str = "No preemption victims found for incoming pod";

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) enum Preemption {
    /// Nothing: the sentence that says why, and whether room made earlier is given up.
    Nothing { sentence: String, gives_up: bool },
    /// `victims`, the most important one first, are to leave `node`.
    Room { node: String, victims: Vec<Arc<PodInfo>> },
}

/// A node with those who would have to go.
struct Candidate {
    node: String,
    victims: Vec<Arc<PodInfo>>,
    violations: usize,
}

/// Looks for room for `pod`, which `refusal` has no node for. `tries`: on how many nodes, `None`
/// where nobody is ever pushed out. `chance` decides where to begin.
pub(crate) fn preempt(
    pod: &PodInfo,
    nodes: &Snapshot,
    rows: &[Row],
    refusal: &Refusal,
    tries: Option<Candidates>,
    chance: u64,
) -> Preemption {
    if refusal.at_once.is_some() {
        return Preemption::Nothing { sentence: NOT_ASKED.into(), gives_up: false };
    }
    let Some(tries) = tries else {
        return Preemption::Nothing { sentence: NO_CLAIMS.into(), gives_up: false };
    };
    if let Some(reason) = ineligible(pod, nodes, refusal) {
        let sentence = format!("{NO_CLAIMS}, preemption: {reason}");
        return Preemption::Nothing { sentence, gives_up: false };
    }
    let promising: Vec<&str> = refusal
        .verdicts
        .iter()
        .filter(|verdict| verdict.resolvable)
        .map(|verdict| verdict.node.as_str())
        .collect();
    let enough = candidates_max(promising.len(), tries);
    let start = match u64::try_from(promising.len()) {
        Ok(count) if count > 0 => usize::try_from(chance % count).unwrap_or(0),
        _ => 0,
    };
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut refused: HashMap<&str, Vec<String>> = HashMap::new();
    for offset in 0..promising.len() {
        let node = promising[(start + offset) % promising.len()];
        match candidate(pod, nodes, rows, node) {
            Ok(candidate) => candidates.push(candidate),
            Err(reasons) => drop(refused.insert(node, reasons)),
        }
        let has_clean = candidates.iter().any(|candidate| candidate.violations == 0);
        if has_clean && candidates.len() >= enough {
            break;
        }
    }
    if let Some(Candidate { node, victims, .. }) = best(candidates) {
        return Preemption::Room { node, victims };
    }
    let not_helpful = vec![NOT_HELPFUL.to_owned()];
    let reasons =
        nodes.iter().flat_map(|node| refused.get(node.name.as_str()).unwrap_or(&not_helpful));
    let sentence = format!("{NO_CLAIMS}, preemption: {}", counted(nodes.len(), reasons));
    Preemption::Nothing { sentence, gives_up: true }
}

/// Why `pod` may not push others out.
fn ineligible(pod: &PodInfo, nodes: &Snapshot, refusal: &Refusal) -> Option<&'static str> {
    if pod.spec().preemption_policy.as_deref() == Some("Never") {
        return Some("not eligible due to preemptionPolicy=Never.");
    }
    let name = nodes.nomination(pod)?;
    let is_hopeless =
        refusal.verdicts.iter().any(|verdict| verdict.node == name && !verdict.resolvable);
    let node = nodes.node(name).filter(|_| !is_hopeless)?;
    let is_leaving =
        node.pods.iter().any(|other| other.priority < pod.priority && is_preempted(other));
    is_leaving.then_some("not eligible due to a terminating pod on the nominated node.")
}

/// Whether a scheduler pushed `pod` out, and it is on its way.
fn is_preempted(pod: &PodInfo) -> bool {
    control::pods::is_terminating(&pod.pod)
        && control::pods::condition(&pod.pod, "DisruptionTarget").is_some_and(|target| {
            target.status == "True" && target.reason.as_deref() == Some("PreemptionByScheduler")
        })
}

fn candidates_max(nodes: usize, tries: Candidates) -> usize {
    (nodes * tries.percent / 100).max(tries.min).min(nodes)
}

/// The fewest pods that would have to leave `node`.
///
/// # Errors
/// Why nobody's leaving helps.
fn candidate(
    pod: &PodInfo,
    nodes: &Snapshot,
    rows: &[Row],
    node: &str,
) -> Result<Candidate, Vec<String>> {
    let mut what_if = nodes.clone();
    let others = nodes.node(node).map(|info| info.pods.as_slice()).unwrap_or_default();
    let mut lesser: Vec<Arc<PodInfo>> =
        others.iter().filter(|other| other.priority < pod.priority).cloned().collect();
    if lesser.is_empty() {
        return Err(vec![NO_VICTIMS.to_owned()]);
    }
    for other in &lesser {
        what_if.remove_pod(&other.uid, node);
    }
    if let Some(reasons) = reasons_against(pod, &what_if, rows, node) {
        return Err(reasons);
    }
    lesser.sort_by_key(|other| importance(other));
    // Those whose budgets would be broken are kept first, then the more important ones.
    let (guarded, free) = budgets::split(lesser, &nodes.around.budgets);
    let mut victims = Vec::new();
    let mut violations = 0;
    let guarded_count = guarded.len();
    for (index, other) in guarded.into_iter().chain(free).enumerate() {
        what_if.add_pod(other.clone(), node);
        if reasons_against(pod, &what_if, rows, node).is_some() {
            what_if.remove_pod(&other.uid, node);
            violations += usize::from(index < guarded_count);
            victims.push(other);
        }
    }
    victims.sort_by_key(|other| importance(other));
    Ok(Candidate { node: node.to_owned(), victims, violations })
}

fn reasons_against(
    pod: &PodInfo,
    nodes: &Snapshot,
    rows: &[Row],
    node: &str,
) -> Option<Vec<String>> {
    match Judge::new(pod, nodes, rows) {
        Err((_, reason)) => Some(vec![reason]),
        Ok(judge) => judge.refusal(nodes.node(node)?).map(|refused| refused.reasons),
    }
}

/// The more important first: by priority, then by age. Who hasn't started is the youngest.
fn importance(pod: &PodInfo) -> (Reverse<i32>, Timestamp) {
    (Reverse(pod.priority), started(pod))
}

fn started(pod: &PodInfo) -> Timestamp {
    let status = pod.pod.status.as_ref();
    status.and_then(|status| status.start_time.as_ref()).map_or(Timestamp::MAX, |time| time.0)
}

/// The one that hurts least: the fewest broken budgets, then the least important victims, then
/// the fewest, then the youngest.
fn best(candidates: Vec<Candidate>) -> Option<Candidate> {
    candidates.into_iter().filter(|candidate| !candidate.victims.is_empty()).min_by_key(|one| {
        let highest = one.victims[0].priority;
        let sum: i64 = one
            .victims
            .iter()
            .map(|victim| i64::from(victim.priority) + i64::from(i32::MAX) + 1)
            .sum();
        let oldest =
            one.victims.iter().filter(|victim| victim.priority == highest).map(|v| started(v));
        (one.violations, highest, sum, one.victims.len(), Reverse(oldest.min()))
    })
}

#[cfg(test)]
mod tests;
