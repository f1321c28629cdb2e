//! `ReplicationController` of `v1`: its row, columns and rules.

use crate::{Kind, Plain, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "",
    kind: "ReplicationController",
    plural: "replicationcontrollers",
    singular: "replicationcontroller",
    short_names: &["rc"],
    categories: &["all"],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[subresource::SCALE, subresource::STATUS],
    storage: Some(Storage::protobuf("controllers", "v1")),
    selectable_fields: &["status.replicas"],
    columns: column::NAME_AND_AGE,
    cells: column::name_and_age,
    table: TableRules::PLAIN,
    has_generation: true,
    strategy: &Plain,
};
