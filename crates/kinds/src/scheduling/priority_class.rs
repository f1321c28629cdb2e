//! `PriorityClass` of `scheduling.k8s.io/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "scheduling.k8s.io",
    kind: "PriorityClass",
    plural: "priorityclasses",
    singular: "priorityclass",
    short_names: &["pc"],
    categories: &[],
    namespaced: false,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("priorityclasses", "scheduling.k8s.io/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::integer("Value", "The priority: the higher, the earlier."),
    column::boolean("Global-Default", "Whether pods get it that name none."),
    column::AGE,
    column::text("PreemptionPolicy", "Whether its pods may displace others."),
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    vec![
        column::name(row),
        column::int_of(&row.object["value"]).into(),
        column::flag_of(&row.object["globalDefault"]).into(),
        column::age(row),
        column::text_of(&row.object["preemptionPolicy"]).into(),
    ]
}
