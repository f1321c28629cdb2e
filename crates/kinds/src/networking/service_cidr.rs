//! `ServiceCIDR` of `networking.k8s.io/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "networking.k8s.io",
    kind: "ServiceCIDR",
    plural: "servicecidrs",
    singular: "servicecidr",
    short_names: &[],
    categories: &[],
    namespaced: false,
    versions: &["v1", "v1beta1"],
    verbs: Verb::ALL,
    subresources: &[subresource::STATUS],
    storage: Some(Storage::protobuf("servicecidrs", "networking.k8s.io/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("CIDRs", "The ranges from which services get their addresses."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let ranges: Vec<_> = column::items(&row.object["spec"]["cidrs"]).map(column::text_of).collect();
    vec![column::name(row), ranges.join(",").into(), column::age(row)]
}
