//! `Secret` of `v1`: its row, columns and rules.

pub(crate) mod base64;
mod go_json;
pub(super) mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "",
    kind: "Secret",
    plural: "secrets",
    singular: "secret",
    short_names: &[],
    categories: &[],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("secrets", "v1")),
    selectable_fields: &["type"],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Type", "What programs may expect in it."),
    column::text("Data", "How many entries it holds."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let kind = column::text_of(&row.object["type"]);
    let entries = column::count(&row.object["data"]);
    vec![column::name(row), kind.into(), entries.into(), column::age(row)]
}
