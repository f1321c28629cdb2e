//! `Ingress` of `networking.k8s.io/v1`: its row, columns and rules.

pub(super) mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};
use object::Value;

pub(crate) static KIND: Kind = Kind {
    group: "networking.k8s.io",
    kind: "Ingress",
    plural: "ingresses",
    singular: "ingress",
    short_names: &["ing"],
    categories: &[],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[subresource::STATUS],
    storage: Some(Storage::protobuf("ingress", "networking.k8s.io/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: true,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Class", "The class that says who implements it."),
    column::text("Hosts", "The hosts that its rules are for."),
    column::text("Address", "Where traffic comes in."),
    column::text("Ports", "The ports that are open."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let spec = &row.object["spec"];
    let addresses = column::ingress_points(&row.object["status"]["loadBalancer"]);
    let ports = if column::count(&spec["tls"]) == 0 { "80" } else { "80, 443" };
    vec![
        column::name(row),
        column::told(&spec["ingressClassName"], "<none>").into(),
        hosts(&spec["rules"]).into(),
        addresses.join(",").into(),
        ports.into(),
        column::age(row),
    ]
}

/// The first hosts; rules without a host are for all, but are counted as more.
fn hosts(rules: &Value) -> String {
    let mut shown = Vec::new();
    let mut more = false;
    for rule in column::items(rules) {
        more = more || shown.len() == column::SHOWN;
        let host = column::text_of(&rule["host"]);
        if !more && !host.is_empty() {
            shown.push(host);
        }
    }
    match (shown.join(","), more) {
        (text, _) if shown.is_empty() => column::or(&text, "*").to_owned(),
        (text, false) => text,
        (text, true) => {
            format!("{text} + {} more...", column::items(rules).count() - column::SHOWN)
        }
    }
}
