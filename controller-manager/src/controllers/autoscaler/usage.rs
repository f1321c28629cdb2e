//! From what pods use to how many there should be: pure.
//!
//! Mirrors `k8s.io/kubernetes/pkg/controller/podautoscaler/replica_calculator.go` and its
//! `metrics/utilization.go`. All amounts are in thousandths.

use super::requests::Requests;
use control::pods;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What one pod used.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) at: Timestamp,
    pub(super) window: SignedDuration,
    pub(super) milli: i64,
}

/// By the pods' names.
pub(super) type Samples = BTreeMap<String, Sample>;

/// How far a ratio may be from one before anything is done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tolerance {
    pub(super) down: f64,
    pub(super) up: f64,
}

impl Tolerance {
    pub(super) fn covers(self, ratio: f64) -> bool {
        (1.0 - self.down) <= ratio && ratio <= (1.0 + self.up)
    }
}

/// How new pods are judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// `--horizontal-pod-autoscaler-cpu-initialization-period`.
    pub(super) initialization: SignedDuration,
    /// `--horizontal-pod-autoscaler-initial-readiness-delay`.
    pub(super) readiness: SignedDuration,
}

/// What is aimed at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target<'a> {
    /// A share of what pods request, in percent.
    Utilization(i32, &'a Requests),
    /// An average, in thousandths.
    Average(i64),
}

/// How many replicas there should be, and how much is used.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Proposal {
    pub(super) replicas: i32,
    /// In percent of the request; 0 where the target is an average.
    pub(super) utilization: i32,
    /// On average, in thousandths.
    pub(super) average: i64,
}

/// What is known when a metric of pods is judged.
pub(super) struct Scene<'a> {
    pub(super) current: i32,
    pub(super) pods: &'a [Arc<Pod>],
    /// Whether the metric is that of CPU, which pods use while they start.
    pub(super) is_cpu: bool,
    pub(super) tolerance: Tolerance,
    pub(super) patience: Patience,
    pub(super) now: Timestamp,
}

/// Judges `samples` by `target`.
pub(super) fn of_pods(
    scene: &Scene<'_>,
    mut samples: Samples,
    target: Target<'_>,
) -> Result<Proposal, String> {
    if scene.pods.is_empty() {
        return Err("no pods returned by selector while calculating replica count".into());
    }
    let groups = Groups::of(scene, &samples);
    samples.retain(|name, _| !groups.ignored.contains(name) && !groups.unready.contains(name));
    if samples.is_empty() {
        return Err("did not receive metrics for targeted pods (pods might be unready)".into());
    }
    let used = measure(&samples, target)?;
    let answer =
        |replicas| Ok(Proposal { replicas, utilization: used.utilization, average: used.average });
    let waits = !groups.unready.is_empty() && used.ratio > 1.0;
    if !waits && groups.missing.is_empty() {
        return answer(match scene.tolerance.covers(used.ratio) {
            true => scene.current,
            false => ceil(used.ratio * groups.ready as f64),
        });
    }
    // Whoever is not known is taken to speak against a change.
    let mut assume = |name: &String, milli: i64| {
        let sample = Sample { at: scene.now, window: SignedDuration::ZERO, milli };
        samples.insert(name.clone(), sample);
    };
    for name in &groups.missing {
        if used.ratio < 1.0 {
            assume(name, target.of_missing(name));
        } else if used.ratio > 1.0 {
            assume(name, 0);
        }
    }
    if waits {
        groups.unready.iter().for_each(|name| assume(name, 0));
    }
    let again = measure(&samples, target)?.ratio;
    let turns = (used.ratio < 1.0 && again > 1.0) || (used.ratio > 1.0 && again < 1.0);
    if scene.tolerance.covers(again) || turns {
        return answer(scene.current);
    }
    let replicas = ceil(again * samples.len() as f64);
    let backwards =
        (again < 1.0 && replicas > scene.current) || (again > 1.0 && replicas < scene.current);
    answer(if backwards { scene.current } else { replicas })
}

/// How many replicas a ratio of use means, by the pods that are ready; from zero, the ratio itself.
pub(super) fn by_ratio(
    current: i32,
    ratio: f64,
    tolerance: Tolerance,
    pods: &[Arc<Pod>],
) -> Result<i32, String> {
    if current == 0 {
        return Ok(ceil(ratio));
    }
    if tolerance.covers(ratio) {
        return Ok(current);
    }
    if pods.is_empty() {
        return Err("unable to calculate ready pods: no pods returned by selector while \
                    calculating replica count"
            .into());
    }
    let ready = pods.iter().filter(|pod| pods::phase(pod) == "Running" && pods::is_ready(pod));
    Ok(ceil(ratio * ready.count() as f64))
}

/// How many replicas it takes for each to have no more than `target` of `total`, and how much each
/// has now.
pub(super) fn per_pod(current: i32, total: i64, target: i64, tolerance: Tolerance) -> (i32, i64) {
    let ratio = total as f64 / (target as f64 * f64::from(current));
    let replicas = match tolerance.covers(ratio) {
        true => current,
        false => ceil(total as f64 / target as f64),
    };
    (replicas, (total as f64 / f64::from(current)).ceil() as i64)
}

/// Rounds up, into the bounds of what it becomes.
fn ceil(count: f64) -> i32 {
    count.ceil() as i32
}

impl Target<'_> {
    /// What a pod is taken to use when it says nothing and the others use little.
    fn of_missing(self, name: &str) -> i64 {
        match self {
            Self::Average(milli) => milli,
            Self::Utilization(percent, requests) => {
                requests.get(name).copied().unwrap_or(0) * i64::from(percent.max(100)) / 100
            }
        }
    }
}

struct Used {
    ratio: f64,
    utilization: i32,
    average: i64,
}

fn measure(samples: &Samples, target: Target<'_>) -> Result<Used, String> {
    match target {
        Target::Average(milli) => {
            let total: i64 = samples.values().map(|sample| sample.milli).sum();
            let average = total / samples.len() as i64;
            Ok(Used { ratio: average as f64 / milli as f64, utilization: 0, average })
        }
        Target::Utilization(percent, requests) => {
            let (mut total, mut requested, mut count) = (0, 0, 0);
            for (name, sample) in samples {
                if let Some(request) = requests.get(name) {
                    total += sample.milli;
                    requested += request;
                    count += 1;
                }
            }
            if requested == 0 {
                return Err("no metrics returned matched known pods".into());
            }
            let utilization = i32::try_from(total * 100 / requested).unwrap_or(i32::MAX);
            let ratio = f64::from(utilization) / f64::from(percent);
            Ok(Used { ratio, utilization, average: total / count })
        }
    }
}

/// Pods by what their samples are good for.
#[derive(Debug, Default)]
struct Groups {
    ready: usize,
    unready: BTreeSet<String>,
    missing: BTreeSet<String>,
    ignored: BTreeSet<String>,
}

impl Groups {
    fn of(scene: &Scene<'_>, samples: &Samples) -> Self {
        let mut groups = Self::default();
        for pod in scene.pods {
            let name = pod.metadata.name.clone().unwrap_or_default();
            if pods::is_terminating(pod) || pods::phase(pod) == "Failed" {
                groups.ignored.insert(name);
            } else if pods::phase(pod) == "Pending" {
                groups.unready.insert(name);
            } else if let Some(sample) = samples.get(&name) {
                if scene.is_cpu && is_starting(scene, pod, sample) {
                    groups.unready.insert(name);
                } else {
                    groups.ready += 1;
                }
            } else {
                groups.missing.insert(name);
            }
        }
        groups
    }
}

/// Whether what the pod uses is still that of its start.
fn is_starting(scene: &Scene<'_>, pod: &Pod, sample: &Sample) -> bool {
    let started = pod.status.as_ref().and_then(|status| status.start_time.as_ref());
    let (Some(started), Some(ready)) = (started, pods::condition(pod, "Ready")) else {
        return true;
    };
    let is_unready = ready.status == "False";
    let changed = ready.last_transition_time.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0);
    if started.0 + scene.patience.initialization > scene.now {
        is_unready || sample.at < changed + sample.window
    } else {
        is_unready && started.0 + scene.patience.readiness > changed
    }
}

#[cfg(test)]
mod tests;
