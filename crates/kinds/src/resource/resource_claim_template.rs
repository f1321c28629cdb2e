//! `ResourceClaimTemplate` of `resource.k8s.io/v1`: its row, columns and rules.

mod strategy;

use crate::{Kind, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "resource.k8s.io",
    kind: "ResourceClaimTemplate",
    plural: "resourceclaimtemplates",
    singular: "resourceclaimtemplate",
    short_names: &[],
    categories: &[],
    namespaced: true,
    versions: &["v1", "v1beta2", "v1beta1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("resourceclaimtemplates", "resource.k8s.io/v1")),
    selectable_fields: &[],
    columns: column::NAME_AND_AGE,
    cells: column::name_and_age,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};
