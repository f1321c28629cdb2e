//! `ConfigMap` of `v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "",
    kind: "ConfigMap",
    plural: "configmaps",
    singular: "configmap",
    short_names: &["cm"],
    categories: &[],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("configmaps", "v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Data", "How many entries it holds, texts and bytes together."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let entries = column::count(&row.object["data"]) + column::count(&row.object["binaryData"]);
    vec![column::name(row), entries.into(), column::age(row)]
}
