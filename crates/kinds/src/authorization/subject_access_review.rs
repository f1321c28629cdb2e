//! `SubjectAccessReview` of `authorization.k8s.io/v1`: its row and rules.

mod strategy;

use crate::{Kind, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "authorization.k8s.io",
    kind: "SubjectAccessReview",
    plural: "subjectaccessreviews",
    singular: "subjectaccessreview",
    short_names: &[],
    categories: &[],
    namespaced: false,
    versions: &["v1"],
    verbs: &[Verb::Create],
    subresources: &[],
    storage: None,
    selectable_fields: &[],
    columns: column::NO_TABLE,
    cells: column::no_cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};
