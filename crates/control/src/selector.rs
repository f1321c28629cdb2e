//! Label selectors, as controllers match pods and other objects with them.
//!
//! Mirrors `metav1.LabelSelectorAsSelector` (`k8s.io/apimachinery/pkg/apis/meta/v1`).

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::{Selector, SelectorExt};
use std::collections::BTreeMap;

/// Labels of an object.
pub type Labels = BTreeMap<String, String>;

static NO_LABELS: Labels = Labels::new();

/// A selector that is known to be sound.
#[derive(Clone, Debug)]
pub struct Matcher(Selector);

impl Matcher {
    /// Compiles `selector`; an empty one matches everything.
    ///
    /// # Errors
    /// The sentence that says what is wrong with it.
    pub fn new(selector: &LabelSelector) -> Result<Self, String> {
        Selector::try_from(selector.clone()).map(Self).map_err(|error| error.to_string())
    }

    /// Whether `labels` are selected.
    pub fn matches(&self, labels: Option<&Labels>) -> bool {
        self.0.matches(labels.unwrap_or(&NO_LABELS))
    }
}

/// Whether every entry of `wanted` is in `labels`; an empty `wanted` matches everything.
pub fn matches_all(wanted: &Labels, labels: Option<&Labels>) -> bool {
    let labels = labels.unwrap_or(&NO_LABELS);
    wanted.iter().all(|(name, value)| labels.get(name) == Some(value))
}

/// Whether `selector` asks for anything at all.
pub fn is_empty(selector: &LabelSelector) -> bool {
    selector.match_labels.as_ref().is_none_or(BTreeMap::is_empty)
        && selector.match_expressions.as_ref().is_none_or(Vec::is_empty)
}
