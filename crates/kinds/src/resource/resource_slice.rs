//! `ResourceSlice` of `resource.k8s.io/v1`: its row, columns and rules.

use crate::{Kind, Plain, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "resource.k8s.io",
    kind: "ResourceSlice",
    plural: "resourceslices",
    singular: "resourceslice",
    short_names: &[],
    categories: &[],
    namespaced: false,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("resourceslices", "resource.k8s.io/v1")),
    selectable_fields: &["spec.nodeName", "spec.driver"],
    columns: column::NAME_AND_AGE,
    cells: column::name_and_age,
    table: TableRules::PLAIN,
    has_generation: true,
    strategy: &Plain,
};
