//! `MutatingWebhookConfiguration` of `admissionregistration.k8s.io/v1`: its row, columns and
//! rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "admissionregistration.k8s.io",
    kind: "MutatingWebhookConfiguration",
    plural: "mutatingwebhookconfigurations",
    singular: "mutatingwebhookconfiguration",
    short_names: &[],
    categories: &["api-extensions"],
    namespaced: false,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf(
        "mutatingwebhookconfigurations",
        "admissionregistration.k8s.io/v1",
    )),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: true,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] =
    &[column::NAME, column::integer("Webhooks", "How many webhooks it has."), column::AGE];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    vec![column::name(row), column::count(&row.object["webhooks"]).into(), column::age(row)]
}
