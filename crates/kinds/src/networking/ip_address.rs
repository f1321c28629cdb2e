//! `IPAddress` of `networking.k8s.io/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "networking.k8s.io",
    kind: "IPAddress",
    plural: "ipaddresses",
    singular: "ipaddress",
    short_names: &["ip"],
    categories: &[],
    namespaced: false,
    versions: &["v1", "v1beta1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("ipaddresses", "networking.k8s.io/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] =
    &[column::NAME, column::text("ParentRef", "The object that uses the address.")];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let parent = match &row.object["spec"]["parentRef"] {
        parent if parent.is_null() => "<none>".to_owned(),
        parent => {
            let text = |field: &str| column::text_of(&parent[field]).to_owned();
            let resource = object::GroupResource::new(text("group"), text("resource"));
            let namespace = text("namespace");
            let namespace = match namespace.is_empty() {
                true => namespace,
                false => format!("/{namespace}"),
            };
            format!("{}{namespace}/{}", resource.to_string().to_lowercase(), text("name"))
        }
    };
    // Upstream has a cell more than columns here.
    vec![column::name(row), parent.into(), column::age(row)]
}
