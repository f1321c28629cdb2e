//! `VolumeAttributesClass` of `storage.k8s.io/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "storage.k8s.io",
    kind: "VolumeAttributesClass",
    plural: "volumeattributesclasses",
    singular: "volumeattributesclass",
    short_names: &["vac"],
    categories: &[],
    namespaced: false,
    versions: &["v1", "v1beta1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("volumeattributesclasses", "storage.k8s.io/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("DriverName", "The driver that understands its parameters."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let driver = column::text_of(&row.object["driverName"]);
    vec![column::name(row), driver.into(), column::age(row)]
}
