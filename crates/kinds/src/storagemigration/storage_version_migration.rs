//! `StorageVersionMigration` of `storagemigration.k8s.io/v1beta1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "storagemigration.k8s.io",
    kind: "StorageVersionMigration",
    plural: "storageversionmigrations",
    singular: "storageversionmigration",
    short_names: &[],
    categories: &[],
    namespaced: false,
    versions: &["v1beta1"],
    verbs: Verb::ALL,
    subresources: &[subresource::STATUS],
    storage: Some(Storage::protobuf("storageversionmigrations", "storagemigration.k8s.io/v1beta1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::text("Name", "The name of the migration."),
    column::text("Resource", "The resource whose objects are written anew."),
    column::text("Status", "How far it is."),
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let resource = &row.object["spec"]["resource"];
    let (group, name) =
        (column::text_of(&resource["group"]), column::text_of(&resource["resource"]));
    let resource = if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") };
    let mut states = column::items(&row.object["status"]["conditions"]).filter_map(|condition| {
        let kind = column::text_of(&condition["type"]);
        let counts = matches!(kind, "Running" | "Failed" | "Succeeded");
        (counts && condition["status"] == "True").then_some(kind)
    });
    vec![column::name(row), resource.into(), states.next_back().unwrap_or("Unknown").into()]
}
