//! `ComponentStatus` of `v1`: the health of the other programs; asked for when read, never stored.

use crate::{Cell, Column, Kind, Plain, Row, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "",
    kind: "ComponentStatus",
    plural: "componentstatuses",
    singular: "componentstatus",
    short_names: &["cs"],
    categories: &[],
    namespaced: false,
    versions: &["v1"],
    verbs: &[Verb::Get, Verb::List],
    subresources: &[],
    storage: None,
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &Plain,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Status", "Whether the component is healthy."),
    column::text("Message", "What the component said of itself."),
    column::text("Error", "Why it could not be asked."),
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let found = column::items(&row.object["conditions"]).find(|c| c["type"] == "Healthy");
    let status = match found {
        None => "Unknown",
        Some(condition) if condition["status"] == "True" => "Healthy",
        Some(_) => "Unhealthy",
    };
    let said = |field: &str| found.map_or("", |condition| column::text_of(&condition[field]));
    vec![column::name(row), status.into(), said("message").into(), said("error").into()]
}
