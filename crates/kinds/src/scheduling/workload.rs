//! `Workload` of `scheduling.k8s.io/v1alpha2`: its row and rules.

mod strategy;

use crate::{Kind, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "scheduling.k8s.io",
    kind: "Workload",
    plural: "workloads",
    singular: "workload",
    short_names: &[],
    categories: &[],
    namespaced: true,
    versions: &["v1alpha2"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("workloads", "scheduling.k8s.io/v1alpha2")),
    selectable_fields: &[],
    columns: column::NAME_AND_AGE,
    cells: column::name_and_age,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};
