//! `Role` of `rbac.authorization.k8s.io/v1`: its row, columns and rules.

mod strategy;

use crate::{Kind, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "rbac.authorization.k8s.io",
    kind: "Role",
    plural: "roles",
    singular: "role",
    short_names: &[],
    categories: &[],
    namespaced: true,
    versions: &["v1", "v1beta1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("roles", "rbac.authorization.k8s.io/v1")),
    selectable_fields: &[],
    columns: column::NAME_AND_CREATED,
    cells: column::name_and_created,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};
