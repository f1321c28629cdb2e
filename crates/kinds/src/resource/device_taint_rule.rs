//! `DeviceTaintRule` of `resource.k8s.io`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "resource.k8s.io",
    kind: "DeviceTaintRule",
    plural: "devicetaintrules",
    singular: "devicetaintrule",
    short_names: &[],
    categories: &[],
    namespaced: false,
    versions: &["v1beta2", "v1alpha3"],
    verbs: Verb::ALL,
    subresources: &[subresource::STATUS],
    storage: Some(Storage::protobuf("devicetaintrules", "resource.k8s.io/v1alpha3")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: true,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Key", "The key of the taint."),
    column::text("Value", "The value of the taint."),
    column::text("Effect", "What the taint does to claims that do not tolerate it."),
    column::text("TimeAdded", "The time since the effect is there."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let taint = &row.object["spec"]["taint"];
    let added = &taint["timeAdded"];
    let added = if added.is_null() { String::new() } else { column::since(row, added) };
    vec![
        column::name(row),
        column::text_of(&taint["key"]).into(),
        column::text_of(&taint["value"]).into(),
        column::text_of(&taint["effect"]).into(),
        added.into(),
        column::age(row),
    ]
}
