//! `CSIStorageCapacity` of `storage.k8s.io/v1`: its row, columns and rules.

mod strategy;

use crate::{Kind, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "storage.k8s.io",
    kind: "CSIStorageCapacity",
    plural: "csistoragecapacities",
    singular: "csistoragecapacity",
    short_names: &[],
    categories: &[],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("csistoragecapacities", "storage.k8s.io/v1")),
    selectable_fields: &[],
    columns: column::NAME_AND_CREATED,
    cells: column::name_and_created,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};
