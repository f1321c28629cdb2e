//! `ClusterRoleBinding` of `rbac.authorization.k8s.io/v1`: its row, columns and rules.

mod strategy;

use crate::{Kind, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "rbac.authorization.k8s.io",
    kind: "ClusterRoleBinding",
    plural: "clusterrolebindings",
    singular: "clusterrolebinding",
    short_names: &[],
    categories: &[],
    namespaced: false,
    versions: &["v1", "v1beta1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("clusterrolebindings", "rbac.authorization.k8s.io/v1")),
    selectable_fields: &[],
    columns: column::subjects::BINDING,
    cells: column::subjects::binding,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};
