//! `ValidatingAdmissionPolicyBinding` of `admissionregistration.k8s.io/v1`: its row, columns and
//! rules.

pub(super) mod strategy;

use crate::{Kind, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "admissionregistration.k8s.io",
    kind: "ValidatingAdmissionPolicyBinding",
    plural: "validatingadmissionpolicybindings",
    singular: "validatingadmissionpolicybinding",
    short_names: &[],
    categories: &["api-extensions"],
    namespaced: false,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf(
        "validatingadmissionpolicybindings",
        "admissionregistration.k8s.io/v1",
    )),
    selectable_fields: &[],
    columns: column::policy::BINDING,
    cells: column::policy::binding,
    table: TableRules::PLAIN,
    has_generation: true,
    strategy: &strategy::Strategy,
};
