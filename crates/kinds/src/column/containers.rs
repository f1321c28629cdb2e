//! The names and images of a template's containers, for `-o wide`.

use super::{Cell, Column, items, text_of, wide};
use object::Value;

pub(crate) const CONTAINERS: Column = wide("Containers", "The template's containers, by name.");
pub(crate) const IMAGES: Column = wide("Images", "The images that those containers run.");

/// The cells of [`CONTAINERS`] and [`IMAGES`] for a pod's spec.
pub(crate) fn containers(pod_spec: &Value) -> [Cell; 2] {
    let all = |field: &str| {
        let texts = items(&pod_spec["containers"]).map(|container| text_of(&container[field]));
        texts.collect::<Vec<_>>().join(",").into()
    };
    [all("name"), all("image")]
}
