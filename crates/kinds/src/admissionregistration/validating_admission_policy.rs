//! `ValidatingAdmissionPolicy` of `admissionregistration.k8s.io/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "admissionregistration.k8s.io",
    kind: "ValidatingAdmissionPolicy",
    plural: "validatingadmissionpolicies",
    singular: "validatingadmissionpolicy",
    short_names: &[],
    categories: &["api-extensions"],
    namespaced: false,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[subresource::STATUS],
    storage: Some(Storage::protobuf(
        "validatingadmissionpolicies",
        "admissionregistration.k8s.io/v1",
    )),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: true,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::integer("Validations", "How many rules it has."),
    column::policy::PARAM_KIND,
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let rules = column::count(&row.object["spec"]["validations"]);
    vec![column::name(row), rules.into(), column::policy::param_kind(row), column::age(row)]
}
