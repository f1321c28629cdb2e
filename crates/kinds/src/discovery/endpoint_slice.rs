//! `EndpointSlice` of `discovery.k8s.io/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "discovery.k8s.io",
    kind: "EndpointSlice",
    plural: "endpointslices",
    singular: "endpointslice",
    short_names: &[],
    categories: &[],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("endpointslices", "discovery.k8s.io/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: true,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("AddressType", "What kind of addresses it has."),
    column::text("Ports", "The ports that every endpoint serves."),
    column::text("Endpoints", "The addresses of its endpoints."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let ports: Vec<_> = column::items(&row.object["ports"])
        .map(|port| match port["port"].as_i64() {
            Some(number) => number.to_string(),
            None => column::told(&port["name"], "*").to_owned(),
        })
        .collect();
    let addresses: Vec<_> = column::items(&row.object["endpoints"])
        .flat_map(|endpoint| column::items(&endpoint["addresses"]))
        .map(column::text_of)
        .collect();
    let shown = |text: String| -> Cell { column::or(&text, "<unset>").into() };
    vec![
        column::name(row),
        column::text_of(&row.object["addressType"]).into(),
        shown(column::first_of(&ports, column::SHOWN, ",")),
        shown(column::first_of(&addresses, column::SHOWN, ",")),
        column::age(row),
    ]
}
