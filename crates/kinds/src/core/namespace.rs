//! `Namespace` of `v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "",
    kind: "Namespace",
    plural: "namespaces",
    singular: "namespace",
    short_names: &["ns"],
    categories: &[],
    namespaced: false,
    versions: &["v1"],
    verbs: &[
        Verb::Create,
        Verb::Delete,
        Verb::Get,
        Verb::List,
        Verb::Patch,
        Verb::Update,
        Verb::Watch,
    ],
    subresources: &[
        subresource::part("finalize", &[Verb::Update], &["spec.finalizers"]),
        subresource::STATUS,
    ],
    storage: Some(Storage::protobuf("namespaces", "v1")),
    selectable_fields: &["status.phase"],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] =
    &[column::NAME, column::text("Status", "Whether it is in use or going away."), column::AGE];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let phase = column::text_of(&row.object["status"]["phase"]);
    vec![column::name(row), phase.into(), column::age(row)]
}
