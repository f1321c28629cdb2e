//! `CSINode` of `storage.k8s.io/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "storage.k8s.io",
    kind: "CSINode",
    plural: "csinodes",
    singular: "csinode",
    short_names: &[],
    categories: &[],
    namespaced: false,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("csinodes", "storage.k8s.io/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] =
    &[column::NAME, column::integer("Drivers", "How many drivers the node has."), column::AGE];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let drivers = column::count(&row.object["spec"]["drivers"]);
    vec![column::name(row), drivers.into(), column::age(row)]
}
