//! `Binding` of `v1`: puts a pod on a node; it only answers, nothing is kept.

use crate::{Kind, Plain, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "",
    kind: "Binding",
    plural: "bindings",
    singular: "binding",
    short_names: &[],
    categories: &[],
    namespaced: true,
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
