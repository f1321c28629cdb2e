//! The subresources that many kinds have, in short forms for their rows.

use crate::{Serves, Subresource, Verb};

/// The verbs of a part that is read and written like the object.
pub(crate) const PART_VERBS: &[Verb] = &[Verb::Get, Verb::Patch, Verb::Update];

/// `status`, which only the owner of the object's fate writes.
pub(crate) const STATUS: Subresource = part("status", PART_VERBS, &["status"]);

/// `scale`, over the paths that every built-in kind has in common.
pub(crate) const SCALE: Subresource = Subresource {
    name: "scale",
    body: Some(("autoscaling", "v1", "Scale")),
    verbs: PART_VERBS,
    serves: Serves::Scale {
        replicas: "spec.replicas",
        status_replicas: "status.replicas",
        selector: "spec.selector",
    },
};

/// The object again, of which only these paths can be written.
pub(crate) const fn part(
    name: &'static str,
    verbs: &'static [Verb],
    paths: &'static [&'static str],
) -> Subresource {
    Subresource { name, body: None, verbs, serves: Serves::Part(paths) }
}

/// Served by code of its own. `body`: its group, version and kind where they are not the
/// object's.
pub(crate) const fn special(
    name: &'static str,
    body: Option<(&'static str, &'static str, &'static str)>,
    verbs: &'static [Verb],
) -> Subresource {
    Subresource { name, body, verbs, serves: Serves::Special }
}
