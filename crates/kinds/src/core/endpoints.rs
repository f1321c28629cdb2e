//! `Endpoints` of `v1`: the addresses behind a service, as they were before EndpointSlice.

use crate::{Kind, Plain, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "",
    kind: "Endpoints",
    plural: "endpoints",
    singular: "endpoints",
    short_names: &["ep"],
    categories: &[],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("services/endpoints", "v1")),
    selectable_fields: &[],
    columns: column::NAME_AND_AGE,
    cells: column::name_and_age,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &Plain,
};
