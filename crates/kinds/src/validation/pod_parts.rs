//! The parts of a pod that several rules look at.

use super::At;

/// Every container of a pod's spec: init, ordinary, ephemeral.
pub(crate) fn containers<'a>(spec: &At<'a>) -> Vec<At<'a>> {
    ["initContainers", "containers", "ephemeralContainers"]
        .iter()
        .flat_map(|field| spec.get(field).items())
        .collect()
}
