//! `TokenReview` of `authentication.k8s.io/v1`: its row and rules.

use crate::{Kind, Plain, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "authentication.k8s.io",
    kind: "TokenReview",
    plural: "tokenreviews",
    singular: "tokenreview",
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
    strategy: &Plain,
};
