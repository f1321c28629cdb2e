//! `PodDisruptionBudget` of `policy/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "policy",
    kind: "PodDisruptionBudget",
    plural: "poddisruptionbudgets",
    singular: "poddisruptionbudget",
    short_names: &["pdb"],
    categories: &[],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[subresource::STATUS],
    storage: Some(Storage::protobuf("poddisruptionbudgets", "policy/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: true,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Min Available", "How many pods have to stay available."),
    column::text("Max Unavailable", "How many pods may be unavailable."),
    column::integer("Allowed Disruptions", "How many pods may be evicted now."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let spec = &row.object["spec"];
    let amount = |field: &str| -> Cell {
        match &spec[field] {
            Cell::Null => "N/A".into(),
            Cell::Number(number) => number.to_string().into(),
            other => other.clone(),
        }
    };
    vec![
        column::name(row),
        amount("minAvailable"),
        amount("maxUnavailable"),
        column::int_of(&row.object["status"]["disruptionsAllowed"]).into(),
        column::age(row),
    ]
}
