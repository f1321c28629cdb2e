//! `ConfigMap` of `v1`: its row, columns and rules.

use crate::{Kind, Plain, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "",
    kind: "ConfigMap",
    plural: "configmaps",
    singular: "configmap",
    short_names: &["cm"],
    categories: &[],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("configmaps", "v1")),
    selectable_fields: &[],
    columns: column::NAME_AND_AGE,
    cells: column::name_and_age,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &Plain,
};
