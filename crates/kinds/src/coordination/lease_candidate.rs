//! `LeaseCandidate` of `coordination.k8s.io/v1beta1`: its row, columns and rules.

mod semver;
mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "coordination.k8s.io",
    kind: "LeaseCandidate",
    plural: "leasecandidates",
    singular: "leasecandidate",
    short_names: &[],
    categories: &[],
    namespaced: true,
    versions: &["v1beta1", "v1alpha2"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("leasecandidates", "coordination.k8s.io/v1beta1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("LeaseName", "The lease that it would hold."),
    column::text("BinaryVersion", "The version of its program."),
    column::text("EmulationVersion", "The version that its program acts as."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let spec = &row.object["spec"];
    vec![
        column::name(row),
        column::text_of(&spec["leaseName"]).into(),
        column::text_of(&spec["binaryVersion"]).into(),
        column::text_of(&spec["emulationVersion"]).into(),
        column::age(row),
    ]
}
