//! `Endpoints` of `v1`: the addresses behind a service, as they were before EndpointSlice.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "",
    kind: "Endpoints",
    plural: "endpoints",
    singular: "endpoints",
    short_names: &["ep"],
    categories: &[],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("services/endpoints", "v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Endpoints", "The addresses that are ready, with their ports."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    vec![column::name(row), addresses(row).into(), column::age(row)]
}

/// The first addresses of all subsets, each with every port of its subset.
fn addresses(row: &Row<'_>) -> String {
    let subsets = &row.object["subsets"];
    if column::count(subsets) == 0 {
        return "<none>".to_owned();
    }
    let mut all = Vec::new();
    for subset in column::items(subsets) {
        let ips = column::items(&subset["addresses"]).map(|a| column::text_of(&a["ip"]));
        // A headless service may have no ports.
        if column::count(&subset["ports"]) == 0 {
            all.extend(ips.clone().map(str::to_owned));
        }
        for port in column::items(&subset["ports"]) {
            let port = column::int_of(&port["port"]);
            all.extend(ips.clone().map(|ip| match ip.contains(':') {
                true => format!("[{ip}]:{port}"),
                false => format!("{ip}:{port}"),
            }));
        }
    }
    column::first_of(&all, column::SHOWN, ",")
}
