//! `ServiceAccount` of `v1`: its row, columns and rules.

mod strategy;

use crate::{Kind, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "",
    kind: "ServiceAccount",
    plural: "serviceaccounts",
    singular: "serviceaccount",
    short_names: &["sa"],
    categories: &[],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[subresource::special(
        "token",
        Some(("authentication.k8s.io", "v1", "TokenRequest")),
        &[Verb::Create],
    )],
    storage: Some(Storage::protobuf("serviceaccounts", "v1")),
    selectable_fields: &[],
    columns: column::NAME_AND_AGE,
    cells: column::name_and_age,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};
