//! `DaemonSet` of `apps/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "apps",
    kind: "DaemonSet",
    plural: "daemonsets",
    singular: "daemonset",
    short_names: &["ds"],
    categories: &["all"],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[subresource::STATUS],
    storage: Some(Storage::protobuf("daemonsets", "apps/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: true,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::integer("Desired", "How many nodes should run its pod."),
    column::integer("Current", "How many of them do."),
    column::integer("Ready", "How many have a ready one."),
    column::integer("Up-to-date", "How many have one of the newest template."),
    column::integer("Available", "How many have one that is ready for long enough."),
    column::text("Node Selector", "The labels of the nodes that it is for."),
    column::AGE,
    column::CONTAINERS,
    column::IMAGES,
    column::wide("Selector", "Which pods are counted."),
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let spec = &row.object["spec"];
    let number = |field: &str| -> Cell { column::int_of(&row.object["status"][field]).into() };
    let [containers, images] = column::containers(&spec["template"]["spec"]);
    vec![
        column::name(row),
        number("desiredNumberScheduled"),
        number("currentNumberScheduled"),
        number("numberReady"),
        number("updatedNumberScheduled"),
        number("numberAvailable"),
        column::labels(&spec["template"]["spec"]["nodeSelector"]).into(),
        column::age(row),
        containers,
        images,
        column::selector(&spec["selector"]).into(),
    ]
}
