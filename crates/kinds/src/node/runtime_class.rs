//! `RuntimeClass` of `node.k8s.io/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "node.k8s.io",
    kind: "RuntimeClass",
    plural: "runtimeclasses",
    singular: "runtimeclass",
    short_names: &[],
    categories: &[],
    namespaced: false,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("runtimeclasses", "node.k8s.io/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] =
    &[column::NAME, column::text("Handler", "What the container runtime calls it."), column::AGE];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let handler = column::text_of(&row.object["handler"]);
    vec![column::name(row), handler.into(), column::age(row)]
}
