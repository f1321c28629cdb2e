//! `MutatingAdmissionPolicyBinding` of `admissionregistration.k8s.io/v1`: its row, columns and
//! rules.

mod strategy;

use crate::{Kind, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "admissionregistration.k8s.io",
    kind: "MutatingAdmissionPolicyBinding",
    plural: "mutatingadmissionpolicybindings",
    singular: "mutatingadmissionpolicybinding",
    short_names: &[],
    categories: &["api-extensions"],
    namespaced: false,
    versions: &["v1", "v1beta1", "v1alpha1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf(
        "mutatingadmissionpolicybindings",
        "admissionregistration.k8s.io/v1beta1",
    )),
    selectable_fields: &[],
    columns: column::policy::BINDING,
    cells: column::policy::binding,
    table: TableRules::PLAIN,
    has_generation: true,
    strategy: &strategy::Strategy,
};
