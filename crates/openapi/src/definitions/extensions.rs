//! What Kubernetes adds to OpenAPI: how lists, maps and structs merge, which fields exclude each
//! other.

use crate::node::{Fields, Node};
use schema::{Field, Merge, Shape, Type};

/// The unions: type, the field that says which member counts, and the members with the values
/// of that field. Upstream marks them `+union`; nothing reads them but the documents.
#[allow(clippy::type_complexity, reason = "a table that is read once, here")]
const UNIONS: &[(&str, Option<&str>, &[(&str, &str)])] = &[
    (
        "io.k8s.api.core.v1.AppArmorProfile",
        Some("type"),
        &[("localhostProfile", "LocalhostProfile")],
    ),
    ("io.k8s.api.core.v1.PodSchedulingGroup", None, &[("podGroupName", "PodGroupName")]),
    (
        "io.k8s.api.core.v1.SeccompProfile",
        Some("type"),
        &[("localhostProfile", "LocalhostProfile")],
    ),
    ("io.k8s.api.flowcontrol.v1.LimitResponse", Some("type"), &[("queuing", "Queuing")]),
    (
        "io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationSpec",
        Some("type"),
        &[("exempt", "Exempt"), ("limited", "Limited")],
    ),
    (
        "io.k8s.api.flowcontrol.v1.Subject",
        Some("kind"),
        &[("group", "Group"), ("serviceAccount", "ServiceAccount"), ("user", "User")],
    ),
    (
        "io.k8s.api.scheduling.v1alpha2.PodGroupSchedulingPolicy",
        None,
        &[("basic", "Basic"), ("gang", "Gang")],
    ),
    ("io.k8s.api.scheduling.v1alpha2.PodGroupTemplateReference", None, &[("workload", "Workload")]),
];

/// Adds those of a type.
pub(super) fn of_type(name: &str, of: &Type, to: &mut Fields) {
    if of.atomic {
        to.set("x-kubernetes-map-type", "atomic");
    }
    let Some((_, discriminator, members)) = UNIONS.iter().find(|(at, ..)| *at == name) else {
        return;
    };
    let mut union = Fields::new();
    if let Some(discriminator) = discriminator {
        union.set("discriminator", *discriminator);
    }
    let members = members.iter().map(|(field, value)| ((*field).into(), (*value).into()));
    union.set("fields-to-discriminateBy", Fields(members.collect()));
    to.set("x-kubernetes-unions", vec![union]);
}

/// Adds those of a field, in the order of their names.
pub(super) fn of_field(field: &Field, to: &mut Fields) {
    match (&field.merge, &field.shape) {
        (Merge::Default, _) => {}
        (Merge::Keys(keys), _) => {
            to.set("x-kubernetes-list-map-keys", Node::from(keys.as_slice()));
            to.set("x-kubernetes-list-type", "map");
        }
        (Merge::Set, _) => to.set("x-kubernetes-list-type", "set"),
        (Merge::Atomic, Shape::Map(_) | Shape::Struct(_)) => {
            to.set("x-kubernetes-map-type", "atomic");
        }
        (Merge::Atomic, _) => to.set("x-kubernetes-list-type", "atomic"),
        (Merge::Granular, _) => to.set("x-kubernetes-map-type", "granular"),
    }
    if let Some(key) = field.patch_merge_key {
        to.set("x-kubernetes-patch-merge-key", key);
    }
    if let Some(strategy) = field.patch_strategy {
        to.set("x-kubernetes-patch-strategy", strategy);
    }
}
