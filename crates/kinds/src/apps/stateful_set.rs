//! `StatefulSet` of `apps/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "apps",
    kind: "StatefulSet",
    plural: "statefulsets",
    singular: "statefulset",
    short_names: &["sts"],
    categories: &["all"],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[subresource::SCALE, subresource::STATUS],
    storage: Some(Storage::protobuf("statefulsets", "apps/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: true,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Ready", "How many of the wanted pods are ready."),
    column::AGE,
    column::CONTAINERS,
    column::IMAGES,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let spec = &row.object["spec"];
    let ready = column::int_of(&row.object["status"]["readyReplicas"]);
    let [containers, images] = column::containers(&spec["template"]["spec"]);
    let ready = format!("{ready}/{}", column::int_of(&spec["replicas"]));
    vec![column::name(row), ready.into(), column::age(row), containers, images]
}
