//! `Node` of `v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};
use object::Value;

pub(crate) static KIND: Kind = Kind {
    group: "",
    kind: "Node",
    plural: "nodes",
    singular: "node",
    short_names: &["no"],
    categories: &[],
    namespaced: false,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[
        subresource::special(
            "proxy",
            Some(("", "v1", "NodeProxyOptions")),
            &[Verb::Create, Verb::Delete, Verb::Get, Verb::Patch, Verb::Update],
        ),
        subresource::STATUS,
    ],
    storage: Some(Storage::protobuf("minions", "v1")),
    selectable_fields: &["spec.unschedulable"],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Status", "Whether it takes pods."),
    column::text("Roles", "What it is for, as its labels say."),
    column::AGE,
    column::text("Version", "The version of its kubelet."),
    column::wide("Internal-IP", "The first address inside the cluster."),
    column::wide("External-IP", "The first address from outside."),
    column::wide("OS-Image", "Its operating system."),
    column::wide("Kernel-Version", "The version of its kernel."),
    column::wide("Container-Runtime", "What runs its containers, with the version."),
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let info = &row.object["status"]["nodeInfo"];
    let text = |field: &str| column::or(column::text_of(&info[field]), "<unknown>").to_owned();
    let mut kernel = text("kernelVersion");
    let architecture = column::text_of(&info["architecture"]);
    if !architecture.is_empty() {
        kernel.push_str(&format!(" ({architecture})"));
    }
    vec![
        column::name(row),
        status(row.object).into(),
        roles(row.object).into(),
        column::age(row),
        column::text_of(&info["kubeletVersion"]).into(),
        address(row.object, "InternalIP").into(),
        address(row.object, "ExternalIP").into(),
        text("osImage").into(),
        kernel.into(),
        text("containerRuntimeVersion").into(),
    ]
}

fn status(node: &Value) -> String {
    // The last one counts, should there be several.
    let ready = column::items(&node["status"]["conditions"]).rfind(|c| c["type"] == "Ready");
    let status = match ready {
        None => "Unknown",
        Some(ready) if ready["status"] == "True" => "Ready",
        Some(_) => "NotReady",
    };
    match column::flag_of(&node["spec"]["unschedulable"]) {
        true => format!("{status},SchedulingDisabled"),
        false => status.to_owned(),
    }
}

/// From `node-role.kubernetes.io/<role>` and `kubernetes.io/role=<role>`.
fn roles(node: &Value) -> String {
    let mut roles: Vec<_> = object::meta::labels(node)
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role),
            None => (key == "kubernetes.io/role").then_some(value),
        })
        .filter(|role| !role.is_empty())
        .collect();
    roles.sort_unstable();
    roles.dedup();
    column::or(&roles.join(","), "<none>").to_owned()
}

fn address<'a>(node: &'a Value, kind: &str) -> &'a str {
    column::items(&node["status"]["addresses"])
        .find(|address| address["type"] == kind)
        .map_or("<none>", |address| column::text_of(&address["address"]))
}
