//! Why a pod has no node, kept whole, and the sentence that is made of it.
//!
//! Mirrors `FitError` and `Diagnosis` (`k8s.io/kubernetes/pkg/scheduler/framework/types.go`).

use crate::plugin::Events;
use std::collections::BTreeMap;

/// Why none fits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusal {
    pub(crate) nodes: usize,
    /// The reason against all nodes at once, where there is one.
    pub(crate) at_once: Option<String>,
    /// Each node's refusal: the plugin that spoke it, and its reasons.
    pub(crate) verdicts: Vec<NodeVerdict>,
    /// What may change a refusing plugin's mind.
    pub(crate) wants: Events,
    /// What came of looking for pods to put aside, where that is a sentence.
    pub(crate) preemption: Option<String>,
}

/// One node's refusal.
#[derive(Clone, Debug)]
pub(crate) struct NodeVerdict {
    pub(crate) node: String,
    pub(crate) plugin: &'static str,
    pub(crate) reasons: Vec<String>,
    pub(crate) resolvable: bool,
}

impl Refusal {
    /// The sentence for people, in upstream's words.
    pub(crate) fn message(&self) -> String {
        if self.nodes == 0 {
            return "no nodes available to schedule pods".into();
        }
        let mut text = match &self.at_once {
            Some(reason) => format!("{} {reason}.", head(self.nodes)),
            None => counted(self.nodes, self.verdicts.iter().flat_map(|own| &own.reasons)),
        };
        if let Some(preemption) = &self.preemption {
            text.push(' ');
            text.push_str(preemption);
        }
        text
    }
}

/// How many of `nodes` have which reason, in upstream's order.
pub(crate) fn counted<'a>(nodes: usize, reasons: impl Iterator<Item = &'a String>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in reasons {
        *counts.entry(reason).or_default() += 1;
    }
    let mut parts: Vec<String> =
        counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    parts.sort();
    match parts.is_empty() {
        true => head(nodes),
        false => format!("{} {}.", head(nodes), parts.join(", ")),
    }
}

fn head(nodes: usize) -> String {
    format!("0/{nodes} nodes are available:")
}
