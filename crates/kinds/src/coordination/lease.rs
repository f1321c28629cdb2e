//! `Lease` of `coordination.k8s.io/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "coordination.k8s.io",
    kind: "Lease",
    plural: "leases",
    singular: "lease",
    short_names: &[],
    categories: &[],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("leases", "coordination.k8s.io/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[column::NAME, column::text("Holder", "Who holds it."), column::AGE];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let holder = column::text_of(&row.object["spec"]["holderIdentity"]);
    vec![column::name(row), holder.into(), column::age(row)]
}
