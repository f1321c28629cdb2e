//! `MutatingAdmissionPolicy` of `admissionregistration.k8s.io/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "admissionregistration.k8s.io",
    kind: "MutatingAdmissionPolicy",
    plural: "mutatingadmissionpolicies",
    singular: "mutatingadmissionpolicy",
    short_names: &[],
    categories: &["api-extensions"],
    namespaced: false,
    versions: &["v1", "v1beta1", "v1alpha1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf(
        "mutatingadmissionpolicies",
        "admissionregistration.k8s.io/v1beta1",
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
    column::integer("Mutations", "How many changes it makes."),
    column::policy::PARAM_KIND,
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let rules = column::count(&row.object["spec"]["mutations"]);
    vec![column::name(row), rules.into(), column::policy::param_kind(row), column::age(row)]
}
