//! `Pod` of `v1`: its row, columns and rules.

mod columns;
mod status_rules;
mod strategy;
mod update_rules;

use crate::{Kind, Storage, Verb, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "",
    kind: "Pod",
    plural: "pods",
    singular: "pod",
    short_names: &["po"],
    categories: &["all"],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[
        subresource::special(
            "attach",
            Some(("", "v1", "PodAttachOptions")),
            &[Verb::Create, Verb::Get],
        ),
        subresource::special("binding", Some(("", "v1", "Binding")), &[Verb::Create]),
        subresource::part(
            "ephemeralcontainers",
            subresource::PART_VERBS,
            &["spec.ephemeralContainers"],
        ),
        subresource::special("eviction", Some(("policy", "v1", "Eviction")), &[Verb::Create]),
        subresource::special(
            "exec",
            Some(("", "v1", "PodExecOptions")),
            &[Verb::Create, Verb::Get],
        ),
        subresource::special("log", None, &[Verb::Get]),
        subresource::special(
            "portforward",
            Some(("", "v1", "PodPortForwardOptions")),
            &[Verb::Create, Verb::Get],
        ),
        subresource::special(
            "proxy",
            Some(("", "v1", "PodProxyOptions")),
            &[Verb::Create, Verb::Delete, Verb::Get, Verb::Patch, Verb::Update],
        ),
        subresource::part(
            "resize",
            subresource::PART_VERBS,
            &["spec.containers", "spec.initContainers", "spec.resources"],
        ),
        subresource::STATUS,
    ],
    storage: Some(Storage::protobuf("pods", "v1")),
    selectable_fields: &[
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ],
    columns: columns::COLUMNS,
    cells: columns::cells,
    table: columns::TABLE,
    has_generation: true,
    strategy: &strategy::Strategy,
};
