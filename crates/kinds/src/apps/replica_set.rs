//! `ReplicaSet` of `apps/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "apps",
    kind: "ReplicaSet",
    plural: "replicasets",
    singular: "replicaset",
    short_names: &["rs"],
    categories: &["all"],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[subresource::SCALE, subresource::STATUS],
    storage: Some(Storage::protobuf("replicasets", "apps/v1")),
    selectable_fields: &["status.replicas"],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: true,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::integer("Desired", "How many pods there should be."),
    column::integer("Current", "How many pods there are."),
    column::integer("Ready", "How many of them are ready."),
    column::AGE,
    column::CONTAINERS,
    column::IMAGES,
    column::wide("Selector", "Which pods are counted."),
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let (spec, status) = (&row.object["spec"], &row.object["status"]);
    let [containers, images] = column::containers(&spec["template"]["spec"]);
    vec![
        column::name(row),
        column::int_of(&spec["replicas"]).into(),
        column::int_of(&status["replicas"]).into(),
        column::int_of(&status["readyReplicas"]).into(),
        column::age(row),
        containers,
        images,
        column::selector(&spec["selector"]).into(),
    ]
}
