//! `PersistentVolumeClaim` of `v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "",
    kind: "PersistentVolumeClaim",
    plural: "persistentvolumeclaims",
    singular: "persistentvolumeclaim",
    short_names: &["pvc"],
    categories: &[],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[subresource::STATUS],
    // The phase of a new claim is cleared before it is stored; that it is pending is a default.
    storage: Some(Storage {
        defaults_on_read: true,
        ..Storage::protobuf("persistentvolumeclaims", "v1")
    }),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Status", "Whether it is bound."),
    column::text("Volume", "The volume that it is bound to."),
    column::text("Capacity", "How much that volume holds."),
    column::text("Access Modes", "How that volume can be mounted."),
    column::text("StorageClass", "Its storage class."),
    column::text("VolumeAttributesClass", "Its class of attributes that can be changed."),
    column::AGE,
    column::wide("VolumeMode", "Whether it wants a file system or a block device."),
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let spec = &row.object["spec"];
    let status = &row.object["status"];
    let phase = match column::is_deleted(row.object) {
        true => "Terminating",
        false => column::text_of(&status["phase"]),
    };
    let volume = column::text_of(&spec["volumeName"]);
    let (capacity, modes) = match volume.is_empty() {
        true => ("", String::new()),
        false => (
            column::volumes::size(&status["capacity"]["storage"]),
            column::volumes::access_modes(&status["accessModes"]),
        ),
    };
    vec![
        column::name(row),
        phase.into(),
        volume.into(),
        capacity.into(),
        modes.into(),
        column::volumes::class(row.object).into(),
        column::told(&spec["volumeAttributesClassName"], "<unset>").into(),
        column::age(row),
        column::told(&spec["volumeMode"], "<unset>").into(),
    ]
}
