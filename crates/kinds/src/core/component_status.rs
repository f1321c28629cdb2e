//! `ComponentStatus` of `v1`: the health of the other programs; asked for when read, never stored.

use crate::{Kind, Plain, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "",
    kind: "ComponentStatus",
    plural: "componentstatuses",
    singular: "componentstatus",
    short_names: &["cs"],
    categories: &[],
    namespaced: false,
    versions: &["v1"],
    verbs: &[Verb::Get, Verb::List],
    subresources: &[],
    storage: None,
    selectable_fields: &[],
    columns: column::NAME_AND_AGE,
    cells: column::name_and_age,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &Plain,
};
