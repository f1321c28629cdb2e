//! `Service` of `v1`: its row, columns and rules.

mod address_rules;
mod status_rules;
mod strategy;
mod warnings;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};
use object::Value;

pub(crate) static KIND: Kind = Kind {
    group: "",
    kind: "Service",
    plural: "services",
    singular: "service",
    short_names: &["svc"],
    categories: &["all"],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[
        subresource::special(
            "proxy",
            Some(("", "v1", "ServiceProxyOptions")),
            &[Verb::Create, Verb::Delete, Verb::Get, Verb::Patch, Verb::Update],
        ),
        subresource::STATUS,
    ],
    storage: Some(Storage::protobuf("services/specs", "v1")),
    selectable_fields: &["spec.clusterIP", "spec.type"],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

/// What is wrong with the addresses of a service, before any are given to it.
pub fn address_errors(service: &Value, old: Option<&Value>) -> object::FieldErrors {
    let mut errors = object::FieldErrors::new();
    address_rules::addresses(&crate::validation::At::root(service), old, &mut errors);
    errors
}

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Type", "How it can be reached."),
    column::text("Cluster-IP", "Its first address inside the cluster."),
    column::text("External-IP", "Its addresses from outside."),
    column::text("Port(s)", "The ports that it serves."),
    column::AGE,
    column::wide("Selector", "The labels of the pods behind it."),
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let spec = &row.object["spec"];
    let ports: Vec<_> = column::items(&spec["ports"]).map(port).collect();
    let address = column::items(&spec["clusterIPs"]).next().map_or("<none>", column::text_of);
    vec![
        column::name(row),
        column::text_of(&spec["type"]).into(),
        address.into(),
        external_addresses(row.object).into(),
        column::or(&ports.join(","), "<none>").into(),
        column::age(row),
        column::labels(&spec["selector"]).into(),
    ]
}

fn port(port: &Value) -> String {
    let (number, node_port) = (column::int_of(&port["port"]), column::int_of(&port["nodePort"]));
    let protocol = column::text_of(&port["protocol"]);
    match node_port {
        1.. => format!("{number}:{node_port}/{protocol}"),
        _ => format!("{number}/{protocol}"),
    }
}

fn external_addresses(service: &Value) -> String {
    let spec = &service["spec"];
    let given = column::items(&spec["externalIPs"]).map(column::text_of);
    match column::text_of(&spec["type"]) {
        "ClusterIP" | "NodePort" => {
            column::or(&given.collect::<Vec<_>>().join(","), "<none>").to_owned()
        }
        "LoadBalancer" => {
            let mut all = column::ingress_points(&service["status"]["loadBalancer"]);
            all.extend(given);
            column::or(&all.join(","), "<pending>").to_owned()
        }
        "ExternalName" => column::text_of(&spec["externalName"]).to_owned(),
        _ => "<unknown>".to_owned(),
    }
}
