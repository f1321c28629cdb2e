//! `CertificateSigningRequest` of `certificates.k8s.io/v1`: its row, columns and rules.

use crate::{Kind, Plain, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "certificates.k8s.io",
    kind: "CertificateSigningRequest",
    plural: "certificatesigningrequests",
    singular: "certificatesigningrequest",
    short_names: &["csr"],
    categories: &[],
    namespaced: false,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[
        subresource::part("approval", subresource::PART_VERBS, &["status.conditions"]),
        subresource::STATUS,
    ],
    storage: Some(Storage::protobuf("certificatesigningrequests", "certificates.k8s.io/v1")),
    selectable_fields: &["spec.signerName"],
    columns: column::NAME_AND_AGE,
    cells: column::name_and_age,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &Plain,
};
