//! `Node` of `v1`: its row, columns and rules.

use crate::{Kind, Plain, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "",
    kind: "Node",
    plural: "nodes",
    singular: "node",
    short_names: &["no"],
    categories: &[],
    namespaced: false,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[
        subresource::special(
            "proxy",
            Some(("", "v1", "NodeProxyOptions")),
            &[Verb::Create, Verb::Delete, Verb::Get, Verb::Patch, Verb::Update],
        ),
        subresource::STATUS,
    ],
    storage: Some(Storage::protobuf("minions", "v1")),
    selectable_fields: &["spec.unschedulable"],
    columns: column::NAME_AND_AGE,
    cells: column::name_and_age,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &Plain,
};
