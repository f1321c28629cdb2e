//! A pod's wishes about other pods, compiled once.
//!
//! Mirrors `AffinityTerm` (`k8s.io/kube-scheduler/framework`). What `matchLabelKeys` asks for is
//! in the selectors already: the API server puts it there.

use control::selector::{Labels, Matcher};
use k8s_openapi::api::core::v1::{Pod, PodAffinityTerm};
use std::collections::BTreeSet;

/// Which pods are meant, and what "together" means.
#[derive(Clone, Debug)]
pub(crate) struct Term {
    namespaces: BTreeSet<String>,
    /// `None` selects no namespace.
    namespace_selector: Option<Matcher>,
    /// `None` selects no pod.
    selector: Option<Matcher>,
    pub(crate) topology_key: String,
    /// How much it counts, where it is only preferred.
    pub(crate) weight: i64,
}

/// All terms of one pod.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    pub(crate) required: Vec<Term>,
    pub(crate) required_anti: Vec<Term>,
    pub(crate) preferred: Vec<Term>,
    pub(crate) preferred_anti: Vec<Term>,
}

impl Terms {
    pub(crate) fn of(pod: &Pod) -> Self {
        let Some(affinity) = pod.spec.as_ref().and_then(|spec| spec.affinity.as_ref()) else {
            return Self::default();
        };
        let own = pod.metadata.namespace.as_deref().unwrap_or_default();
        let mut terms = Self::default();
        if let Some(pods) = &affinity.pod_affinity {
            let required = pods.required_during_scheduling_ignored_during_execution.iter();
            terms.required = required.flatten().map(|term| Term::new(term, own, 0)).collect();
            let preferred = pods.preferred_during_scheduling_ignored_during_execution.iter();
            terms.preferred = preferred
                .flatten()
                .map(|one| Term::new(&one.pod_affinity_term, own, one.weight))
                .collect();
        }
        if let Some(pods) = &affinity.pod_anti_affinity {
            let required = pods.required_during_scheduling_ignored_during_execution.iter();
            terms.required_anti = required.flatten().map(|term| Term::new(term, own, 0)).collect();
            let preferred = pods.preferred_during_scheduling_ignored_during_execution.iter();
            terms.preferred_anti = preferred
                .flatten()
                .map(|one| Term::new(&one.pod_affinity_term, own, one.weight))
                .collect();
        }
        terms
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Term> {
        let required = self.required.iter().chain(&self.required_anti);
        required.chain(&self.preferred).chain(&self.preferred_anti)
    }
}

impl Term {
    fn new(term: &PodAffinityTerm, own_namespace: &str, weight: i32) -> Self {
        let mut namespaces: BTreeSet<String> = term.namespaces.iter().flatten().cloned().collect();
        if namespaces.is_empty() && term.namespace_selector.is_none() {
            namespaces.insert(own_namespace.to_owned());
        }
        let compiled = |selector| Matcher::new(selector).ok();
        Self {
            namespaces,
            namespace_selector: term.namespace_selector.as_ref().and_then(compiled),
            selector: term.label_selector.as_ref().and_then(compiled),
            topology_key: term.topology_key.clone(),
            weight: weight.into(),
        }
    }

    /// Whether it means a pod with `labels` in `namespace`, whose own labels are
    /// `namespace_labels`.
    pub(crate) fn means(
        &self,
        namespace: &str,
        labels: &Labels,
        namespace_labels: Option<&Labels>,
    ) -> bool {
        let in_namespace = self.namespaces.contains(namespace)
            || self.namespace_selector.as_ref().is_some_and(|one| one.matches(namespace_labels));
        in_namespace && self.selector.as_ref().is_some_and(|one| one.matches(Some(labels)))
    }
}
