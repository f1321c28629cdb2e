//! `APIService` of `apiregistration.k8s.io/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "apiregistration.k8s.io",
    kind: "APIService",
    plural: "apiservices",
    singular: "apiservice",
    short_names: &[],
    categories: &["api-extensions"],
    namespaced: false,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[subresource::STATUS],
    storage: Some(Storage::json("apiregistration.k8s.io/apiservices", "apiregistration.k8s.io/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Service", "The service behind it, or `Local`."),
    column::text("Available", "Whether it answers."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let service = match &row.object["spec"]["service"] {
        service if service.is_null() => "Local".to_owned(),
        service => {
            let text = |field: &str| column::text_of(&service[field]);
            format!("{}/{}", text("namespace"), text("name"))
        }
    };
    let available = match column::condition(row.object, "Available") {
        None => "Unknown".to_owned(),
        Some(condition) => {
            let (status, reason) =
                (column::text_of(&condition["status"]), column::text_of(&condition["reason"]));
            match status == "True" || reason.is_empty() {
                true => status.to_owned(),
                false => format!("{status} ({reason})"),
            }
        }
    };
    vec![column::name(row), service.into(), available.into(), column::age(row)]
}
