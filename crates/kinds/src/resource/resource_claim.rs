//! `ResourceClaim` of `resource.k8s.io/v1`: its row, columns and rules.

mod status;
mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "resource.k8s.io",
    kind: "ResourceClaim",
    plural: "resourceclaims",
    singular: "resourceclaim",
    short_names: &[],
    categories: &[],
    namespaced: true,
    versions: &["v1", "v1beta2", "v1beta1"],
    verbs: Verb::ALL,
    subresources: &[subresource::STATUS],
    storage: Some(Storage::protobuf("resourceclaims", "resource.k8s.io/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("State", "Whether devices are allocated, and reserved for somebody."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let status = &row.object["status"];
    let (deleted, allocated) = (column::is_deleted(row.object), !status["allocation"].is_null());
    let mut states = Vec::new();
    if deleted {
        states.push("deleted");
    } else if !allocated {
        states.push("pending");
    }
    if allocated {
        states.push("allocated");
        if column::count(&status["reservedFor"]) > 0 {
            states.push("reserved");
        }
    }
    vec![column::name(row), states.join(",").into(), column::age(row)]
}
