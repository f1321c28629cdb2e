//! `SelfSubjectAccessReview` of `authorization.k8s.io/v1`: its row, columns and rules.

mod strategy;

use crate::{Kind, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "authorization.k8s.io",
    kind: "SelfSubjectAccessReview",
    plural: "selfsubjectaccessreviews",
    singular: "selfsubjectaccessreview",
    short_names: &[],
    categories: &[],
    namespaced: false,
    versions: &["v1"],
    verbs: &[Verb::Create],
    subresources: &[],
    storage: None,
    selectable_fields: &[],
    columns: column::NAME_AND_CREATED,
    cells: column::name_and_created,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};
