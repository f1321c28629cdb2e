//! Which pods' leaving would break a disruption budget.

use crate::pod::PodInfo;
use crate::surroundings::Shelf;
use control::selector::{Matcher, is_empty};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use std::sync::Arc;

/// Those whose budgets would be broken if all of `pods` left, in this order, and the others.
pub(super) fn split(
    pods: Vec<Arc<PodInfo>>,
    budgets: &Shelf<PodDisruptionBudget>,
) -> (Vec<Arc<PodInfo>>, Vec<Arc<PodInfo>>) {
    let mut open: Vec<(&PodDisruptionBudget, Matcher, i32)> = budgets
        .values()
        .filter_map(|budget| {
            let selector = budget.spec.as_ref()?.selector.as_ref()?;
            let matcher = Matcher::new(selector).ok().filter(|_| !is_empty(selector))?;
            let allowed = budget.status.as_ref().and_then(|status| status.disruptions_allowed);
            let allowed = allowed.unwrap_or(0);
            Some((&**budget, matcher, allowed))
        })
        .collect();
    pods.into_iter().partition(|pod| {
        let mut is_broken = false;
        for (budget, matcher, allowed) in &mut open {
            let is_same_namespace =
                budget.metadata.namespace.as_deref().unwrap_or_default() == pod.class.namespace;
            if pod.class.labels.is_empty()
                || !is_same_namespace
                || !matcher.matches(Some(&pod.class.labels))
            {
                continue;
            }
            let status = budget.status.as_ref();
            let disrupted = status.and_then(|status| status.disrupted_pods.as_ref());
            // The API server has counted these already.
            if disrupted.is_some_and(|disrupted| disrupted.contains_key(&pod.key.name)) {
                continue;
            }
            *allowed -= 1;
            is_broken |= *allowed < 0;
        }
        is_broken
    })
}
