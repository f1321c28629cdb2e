//! `PodGroup` of `scheduling.k8s.io/v1alpha2`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};
use object::Value;

pub(crate) static KIND: Kind = Kind {
    group: "scheduling.k8s.io",
    kind: "PodGroup",
    plural: "podgroups",
    singular: "podgroup",
    short_names: &[],
    categories: &[],
    namespaced: true,
    versions: &["v1alpha2"],
    verbs: Verb::ALL,
    subresources: &[subresource::STATUS],
    storage: Some(Storage {
        // The disruption mode is not kept while its gate is off, and has a default.
        defaults_on_read: true,
        ..Storage::protobuf("podgroups", "scheduling.k8s.io/v1alpha2")
    }),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Policy", "Whether its pods are placed together or one by one."),
    column::text("Workload", "The workload that it belongs to."),
    column::text("Status", "How far it is."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let spec = &row.object["spec"];
    let gang = !spec["schedulingPolicy"]["gang"].is_null();
    let workload = &spec["podGroupTemplateRef"]["workload"]["workloadName"];
    vec![
        column::name(row),
        if gang { "Gang" } else { "Basic" }.into(),
        column::told(workload, "<none>").into(),
        status(row.object).into(),
        column::age(row),
    ]
}

fn status(group: &Value) -> &str {
    if let Some(ended) = column::condition(group, "DisruptionTarget") {
        return column::text_of(&ended["reason"]);
    }
    match column::condition(group, "PodGroupScheduled") {
        None => "Pending",
        Some(condition) if condition["status"] == "True" => "Scheduled",
        Some(_) => "Unschedulable",
    }
}
