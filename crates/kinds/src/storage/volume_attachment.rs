//! `VolumeAttachment` of `storage.k8s.io/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "storage.k8s.io",
    kind: "VolumeAttachment",
    plural: "volumeattachments",
    singular: "volumeattachment",
    short_names: &[],
    categories: &[],
    namespaced: false,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[subresource::STATUS],
    storage: Some(Storage::protobuf("volumeattachments", "storage.k8s.io/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    Column { format: "name", ..column::text("Attacher", "The driver that attaches.") },
    column::text("PV", "The volume."),
    column::text("Node", "The node."),
    column::boolean("Attached", "Whether it is done."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let spec = &row.object["spec"];
    vec![
        column::name(row),
        column::text_of(&spec["attacher"]).into(),
        column::text_of(&spec["source"]["persistentVolumeName"]).into(),
        column::text_of(&spec["nodeName"]).into(),
        column::flag_of(&row.object["status"]["attached"]).into(),
        column::age(row),
    ]
}
