//! `ClusterTrustBundle` of `certificates.k8s.io/v1beta1`: its row, columns and rules.

mod anchors;
mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "certificates.k8s.io",
    kind: "ClusterTrustBundle",
    plural: "clustertrustbundles",
    singular: "clustertrustbundle",
    short_names: &[],
    categories: &[],
    namespaced: false,
    versions: &["v1beta1", "v1alpha1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("clustertrustbundles", "certificates.k8s.io/v1beta1")),
    selectable_fields: &["spec.signerName"],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] =
    &[column::NAME, column::text("SignerName", "The signer whose roots these are.")];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let signer = column::or(column::text_of(&row.object["spec"]["signerName"]), "<none>");
    vec![column::name(row), signer.into()]
}
