//! `CustomResourceDefinition` of `apiextensions.k8s.io/v1`: its row, columns and rules.

mod strategy;

use crate::{Kind, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "apiextensions.k8s.io",
    kind: "CustomResourceDefinition",
    plural: "customresourcedefinitions",
    singular: "customresourcedefinition",
    short_names: &["crd", "crds"],
    categories: &["api-extensions"],
    namespaced: false,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[subresource::STATUS],
    storage: Some(Storage::json(
        "apiextensions.k8s.io/customresourcedefinitions",
        "apiextensions.k8s.io/v1beta1",
    )),
    selectable_fields: &[],
    columns: column::NAME_AND_CREATED,
    cells: column::name_and_created,
    table: TableRules::PLAIN,
    has_generation: true,
    strategy: &strategy::Strategy,
};
