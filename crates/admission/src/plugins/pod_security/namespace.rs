//! Namespaces whose labels change: labels that can't be read are refused, and pods that would not
//! be made any more are warned of.
//!
//! Mirrors `ValidateNamespace` and `EvaluatePodsInNamespace` of
//! `k8s.io/pod-security-admission/admission`.

use super::pod::{Pod, name};
use super::standard::{LABELS, Level, Policy, Standard};
use super::{PodSecurity, checks};
use crate::limits::{JUDGED_PODS, JUDGING_PODS};
use crate::plugins::pod_parts::{items, text};
use crate::{Operation, Request};
use object::{ApiError, GroupResource, Result, Value};
use runtime::clock;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

impl PodSecurity {
    pub(super) fn namespace(&self, request: &Request<'_>, object: &Value) -> Result<()> {
        let labels = &object["metadata"]["labels"];
        let read = |labels| Policy::of_labels(labels, &self.configuration.defaults);
        let (policy, errors) = read(labels);
        let refuse =
            |errors| Err(ApiError::invalid(&request.kind.group_kind(), request.name, errors));
        let exempt = self.configuration.namespaces.contains(request.name);

        let Some(old) = request.old.filter(|_| request.operation == Operation::Update) else {
            if !errors.is_empty() {
                return refuse(errors);
            }
            if exempt {
                self.warn_of_exemption(request, &policy, labels);
            }
            return Ok(());
        };
        let (before, errors_before) = read(&old["metadata"]["labels"]);
        if !errors.is_empty() && errors != errors_before {
            return refuse(errors);
        }
        let (new, before) = (policy.enforce, before.enforce);
        let relaxed = new.version == before.version && new.level <= before.level;
        if relaxed || new.level == Level::Privileged {
            return Ok(());
        }
        if exempt {
            self.warn_of_exemption(request, &policy, labels);
        } else {
            self.warn_of_pods(request, new);
        }
        Ok(())
    }

    /// Says that labels are ignored, where they ask for something of their own.
    fn warn_of_exemption(&self, request: &Request<'_>, policy: &Policy, labels: &Value) {
        if policy.is_privileged() || policy.asks_as(&self.configuration.defaults) {
            return;
        }
        let modes = ["enforce", "audit", "warn"].into_iter().zip(policy.modes());
        let said: Vec<String> = modes
            .zip(LABELS)
            .filter(|((_, mode), (level, version))| {
                let labelled = labels[*level].is_string() || labels[*version].is_string();
                mode.level != Level::Privileged && labelled
            })
            .map(|((name, mode), _)| format!("{name}={mode}"))
            .collect();
        request.warn(format!(
            "namespace {:?} is exempt from Pod Security, and the policy ({}) will be ignored",
            request.name,
            said.join(", ")
        ));
    }

    /// Says which pods would not be made any more.
    fn warn_of_pods(&self, request: &Request<'_>, enforce: Standard) {
        let until = clock::monotonic() + JUDGING_PODS;
        let pods = self.cluster.list(&GroupResource::new("", "pods"), Some(request.name));
        let pods = self.in_order(&pods);
        let mut judged = 0;
        // Each reason with the first of the pods' names, and their number.
        let mut found: BTreeMap<String, (&str, usize)> = BTreeMap::new();
        for pod in pods.iter().take(JUDGED_PODS) {
            judged += 1;
            let against = checks::findings(enforce, Pod::of(pod));
            if !against.is_empty() {
                let name = name(&pod["metadata"]);
                let (first, count) = found.entry(checks::in_short(&against)).or_insert((name, 0));
                *first = name.min(*first);
                *count += 1;
            }
            if clock::monotonic() > until {
                break;
            }
        }
        if judged < pods.len() {
            let all = pods.len();
            request.warn(format!(
                "new PodSecurity enforce level only checked against the first {judged} of {all} \
                 existing pods"
            ));
        }
        if !found.is_empty() {
            request.warn(format!(
                "existing pods in namespace {:?} violate the new PodSecurity enforce level \
                 \"{enforce}\"",
                request.name
            ));
        }
        let mut lines: Vec<String> = found
            .into_iter()
            .map(|(reasons, (name, count))| match count {
                1 => format!("{name}: {reasons}"),
                2 => format!("{name} (and 1 other pod): {reasons}"),
                more => format!("{name} (and {} other pods): {reasons}", more - 1),
            })
            .collect();
        lines.sort_unstable();
        lines.into_iter().for_each(|line| request.warn(line));
    }

    /// One pod of each controller first: the others are most likely like it.
    fn in_order<'p>(&self, pods: &'p [Arc<Value>]) -> Vec<&'p Value> {
        let mut controllers = HashSet::new();
        let (mut first, mut later): (Vec<&Value>, Vec<&Value>) = pods
            .iter()
            .map(|pod| &**pod)
            .filter(|pod| !self.has_exempt_runtime(Pod::of(pod)))
            .partition(|pod| controller(pod).is_none_or(|uid| controllers.insert(uid.to_owned())));
        first.append(&mut later);
        first
    }
}

/// The UID of what made a pod.
fn controller(pod: &Value) -> Option<&str> {
    let owners = &pod["metadata"]["ownerReferences"];
    items(owners).find(|owner| owner["controller"] == true).map(|owner| text(&owner["uid"]))
}
