//! `ResourceSlice` of `resource.k8s.io/v1`: its row, columns and rules.

mod device;
mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "resource.k8s.io",
    kind: "ResourceSlice",
    plural: "resourceslices",
    singular: "resourceslice",
    short_names: &[],
    categories: &[],
    namespaced: false,
    versions: &["v1", "v1beta2", "v1beta1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("resourceslices", "resource.k8s.io/v1")),
    selectable_fields: &["spec.nodeName", "spec.driver"],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: true,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Node", "The node that has the devices."),
    column::text("Driver", "The driver that offers them."),
    column::text("Pool", "The pool that they belong to."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let spec = &row.object["spec"];
    vec![
        column::name(row),
        column::text_of(&spec["nodeName"]).into(),
        column::text_of(&spec["driver"]).into(),
        column::text_of(&spec["pool"]["name"]).into(),
        column::age(row),
    ]
}
