//! `PersistentVolume` of `v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "",
    kind: "PersistentVolume",
    plural: "persistentvolumes",
    singular: "persistentvolume",
    short_names: &["pv"],
    categories: &[],
    namespaced: false,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[subresource::STATUS],
    storage: Some(Storage::protobuf("persistentvolumes", "v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Capacity", "How much it holds."),
    column::text("Access Modes", "How it can be mounted."),
    column::text("Reclaim Policy", "What becomes of it once nobody claims it any more."),
    column::text("Status", "Whether it is free, bound or released."),
    column::text("Claim", "The claim that it is bound to."),
    column::text("StorageClass", "Its storage class."),
    column::text("VolumeAttributesClass", "Its class of attributes that can be changed."),
    column::text("Reason", "Why it is in that status, in one word."),
    column::AGE,
    column::wide("VolumeMode", "Whether it is a file system or a block device."),
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let spec = &row.object["spec"];
    let status = &row.object["status"];
    let claim = &spec["claimRef"];
    let claim = match claim.is_null() {
        true => String::new(),
        false => {
            format!("{}/{}", column::text_of(&claim["namespace"]), column::text_of(&claim["name"]))
        }
    };
    let phase = match column::is_deleted(row.object) {
        true => "Terminating",
        false => column::text_of(&status["phase"]),
    };
    vec![
        column::name(row),
        column::volumes::size(&spec["capacity"]["storage"]).into(),
        column::volumes::access_modes(&spec["accessModes"]).into(),
        column::text_of(&spec["persistentVolumeReclaimPolicy"]).into(),
        phase.into(),
        claim.into(),
        column::volumes::class(row.object).into(),
        column::told(&spec["volumeAttributesClassName"], "<unset>").into(),
        column::text_of(&status["reason"]).into(),
        column::age(row),
        column::told(&spec["volumeMode"], "<unset>").into(),
    ]
}
