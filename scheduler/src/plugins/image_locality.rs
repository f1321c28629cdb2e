//! ImageLocality: a node that has the pod's images already is a little better, the more so the
//! larger they are and the more nodes have them.
//!
//! Mirrors `plugins/imagelocality`.

use crate::limits::SCORE_MAX;
use crate::node::NodeInfo;
use crate::plugin::{Feasible, Normalize, Plugin, Score};
use crate::pod::PodInfo;
use crate::snapshot::Snapshot;
use k8s_openapi::api::core::v1::ContainerImage;

/// Below this many bytes of images there is nothing to gain.
const THRESHOLD_MIN_BYTES: i64 = 23 * 1024 * 1024;
/// For each container, the bytes beyond which more is no better.
const THRESHOLD_MAX_BYTES: i64 = 1000 * 1024 * 1024;

pub(crate) struct ImageLocality;

impl Plugin for ImageLocality {
    fn name(&self) -> &'static str {
        "ImageLocality"
    }

    fn score<'a>(&'a self, pod: &'a PodInfo, nodes: &'a Snapshot, _: Feasible<'_>) -> Score<'a> {
        let spec = pod.spec();
        let init = spec.init_containers.iter().flatten();
        let containers = spec.containers.iter().chain(init);
        let mounted = spec.volumes.iter().flatten().filter_map(|volume| volume.image.as_ref());
        let wanted: Vec<String> = containers
            .filter_map(|container| container.image.as_deref())
            .chain(mounted.filter_map(|image| image.reference.as_deref()))
            .map(normalized)
            .collect();
        let spread: Vec<(String, f64)> = wanted
            .into_iter()
            .filter_map(|image| {
                let having = nodes.iter().filter(|node| find(node, &image).is_some()).count();
                (having > 0).then(|| (image, having as f64 / nodes.len() as f64))
            })
            .collect();
        if spread.is_empty() {
            return Score::Skip;
        }
        let containers = spec.containers.len() + spec.init_containers.iter().flatten().count();
        let count = i64::try_from(containers).unwrap_or(1).max(1);
        let points = move |node: &NodeInfo| {
            let bytes: i64 = spread
                .iter()
                .filter_map(|(image, share)| {
                    let size = find(node, image)?.size_bytes.unwrap_or(0);
                    Some((size as f64 * share) as i64)
                })
                .sum();
            let most = THRESHOLD_MAX_BYTES * count;
            let bytes = bytes.clamp(THRESHOLD_MIN_BYTES, most);
            SCORE_MAX * (bytes - THRESHOLD_MIN_BYTES) / (most - THRESHOLD_MIN_BYTES)
        };
        Score::Points(Box::new(points), Normalize::AsIs)
    }
}

fn find<'a>(node: &'a NodeInfo, image: &str) -> Option<&'a ContainerImage> {
    let images = node.node.status.as_ref()?.images.as_ref()?;
    images.iter().find(|known| known.names.iter().flatten().any(|name| name == image))
}

/// With the tag that an image without one means.
fn normalized(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    if last.contains(':') { image.to_owned() } else { format!("{image}:latest") }
}
