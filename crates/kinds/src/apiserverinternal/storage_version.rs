//! `StorageVersion` of `internal.apiserver.k8s.io/v1alpha1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "internal.apiserver.k8s.io",
    kind: "StorageVersion",
    plural: "storageversions",
    singular: "storageversion",
    short_names: &[],
    categories: &[],
    namespaced: false,
    versions: &["v1alpha1"],
    verbs: Verb::ALL,
    subresources: &[subresource::STATUS],
    storage: Some(Storage::protobuf("storageversions", "internal.apiserver.k8s.io/v1alpha1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("CommonEncodingVersion", "In which version all servers store the resource."),
    column::text("StorageVersions", "In which version each server stores it."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let status = &row.object["status"];
    let text = |server: &object::Value, field: &str| column::text_of(&server[field]).to_owned();
    let servers: Vec<String> = column::items(&status["storageVersions"])
        .map(|server| {
            format!("{}={}", text(server, "apiServerID"), text(server, "encodingVersion"))
        })
        .collect();
    vec![
        column::name(row),
        column::told(&status["commonEncodingVersion"], "<unset>").into(),
        column::or(&column::first_of(&servers, column::SHOWN, ","), "<unset>").into(),
        column::age(row),
    ]
}
