//! `NetworkPolicy` of `networking.k8s.io/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "networking.k8s.io",
    kind: "NetworkPolicy",
    plural: "networkpolicies",
    singular: "networkpolicy",
    short_names: &["netpol"],
    categories: &[],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("networkpolicies", "networking.k8s.io/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: true,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] =
    &[column::NAME, column::text("Pod-Selector", "The pods that it is for."), column::AGE];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let pods = match &row.object["spec"]["podSelector"] {
        selector if selector.is_null() => "<none>".to_owned(),
        selector => column::selector(selector),
    };
    vec![column::name(row), pods.into(), column::age(row)]
}
