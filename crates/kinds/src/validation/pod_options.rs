//! What the rules for pods let through because the old object has it already. Mirrors
//! `pkg/api/pod` (`GetValidationOptionsFromPodSpecAndMeta`).

use super::{At, labels, pod_parts, resources};
use object::{Value, names};

/// How strict the rules for a pod or a template are.
#[derive(Clone, Debug, Default)]
pub(crate) struct PodOptions {
    /// It is a pod, not a template of one.
    pub(crate) is_pod: bool,
    /// The pod's name, where it is a pod.
    pub(crate) pod_name: String,
    /// Values that no label can have, in selectors of (anti-)affinity.
    pub(crate) bad_selector_values: bool,
    /// The same in required node affinity.
    pub(crate) bad_node_affinity_values: bool,
    /// Selectors of spread constraints that break the rules.
    pub(crate) bad_spread_selectors: bool,
    /// Amounts of huge pages that don't divide.
    pub(crate) odd_huge_pages: bool,
    /// Paths of projected tokens that lead out of the volume.
    pub(crate) bad_token_paths: bool,
    /// `RestartContainer` of init containers that don't restart.
    pub(crate) init_restart_policies: bool,
    /// A deletion cost that is no number.
    pub(crate) bad_deletion_cost: bool,
}

impl PodOptions {
    /// For a pod, or a template (`is_pod` false) at `spec`, and what it was before.
    pub(crate) fn new(is_pod: bool, old_spec: Option<&Value>) -> Self {
        let mut options = Self { is_pod, ..Self::default() };
        let Some(old) = old_spec.filter(|old| old.is_object()) else { return options };
        let old = At::root(old);
        for kind in ["affinity.podAffinity", "affinity.podAntiAffinity"] {
            for term in terms(&old.get(kind)) {
                options.bad_selector_values |= ["labelSelector", "namespaceSelector"]
                    .iter()
                    .any(|field| labels::has_bad_value(term.get(field).value));
            }
        }
        let required = "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.\
                        nodeSelectorTerms";
        options.bad_node_affinity_values = old.get(required).items().any(|term| {
            term.get("matchExpressions")
                .items()
                .any(|e| e.get("values").texts().any(|v| !names::label_value(v).is_empty()))
        });
        options.bad_spread_selectors = old.get("topologySpreadConstraints").items().any(|c| {
            let mut errors = object::FieldErrors::new();
            labels::selector(&c.get("labelSelector"), false, &mut errors);
            !errors.is_empty()
        });
        options.odd_huge_pages = pod_parts::containers(&old)
            .iter()
            .any(|c| resources::has_odd_huge_pages(&c.get("resources")));
        options.bad_token_paths = old.get("volumes").items().any(|volume| {
            volume.get("projected.sources").items().any(|source| {
                let path = source.get("serviceAccountToken.path").text();
                path.starts_with('/') || path.split('/').any(|part| part.starts_with(".."))
            })
        });
        options.init_restart_policies = old.get("initContainers").items().any(|c| {
            c.get("restartPolicy").text() != "Always"
                && c.get("resizePolicy")
                    .items()
                    .any(|p| p.get("restartPolicy").text() == "RestartContainer")
        });
        options
    }
}

/// All terms of (anti-)affinity, required and preferred.
pub(crate) fn terms<'a>(affinity: &At<'a>) -> Vec<At<'a>> {
    let required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution");
    let preferred = affinity.get("preferredDuringSchedulingIgnoredDuringExecution");
    required.items().chain(preferred.items().map(|w| w.get("podAffinityTerm"))).collect()
}
