//! `IngressClass` of `networking.k8s.io/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "networking.k8s.io",
    kind: "IngressClass",
    plural: "ingressclasses",
    singular: "ingressclass",
    short_names: &[],
    categories: &[],
    namespaced: false,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("ingressclasses", "networking.k8s.io/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: true,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Controller", "Who implements it."),
    column::text("Parameters", "An object that tells that controller more."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let spec = &row.object["spec"];
    let mut name = object::meta::name(row.object).to_owned();
    let default = object::meta::annotation(row.object, DEFAULT_CLASS);
    if default == Some("true") {
        name.push_str(" (default)");
    }
    let parameters = match &spec["parameters"] {
        parameters if parameters.is_null() => "<none>".to_owned(),
        parameters => {
            let kind = column::text_of(&parameters["kind"]);
            let group = parameters["apiGroup"].as_str().map(|group| format!(".{group}"));
            format!("{kind}{}/{}", group.unwrap_or_default(), column::text_of(&parameters["name"]))
        }
    };
    let controller = column::text_of(&spec["controller"]);
    vec![name.into(), controller.into(), parameters.into(), column::age(row)]
}

/// Marks the class that an ingress gets that names none.
const DEFAULT_CLASS: &str = "ingressclass.kubernetes.io/is-default-class";
