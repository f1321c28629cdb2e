//! `StorageClass` of `storage.k8s.io/v1`: its row, columns and rules.

pub(super) mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "storage.k8s.io",
    kind: "StorageClass",
    plural: "storageclasses",
    singular: "storageclass",
    short_names: &["sc"],
    categories: &[],
    namespaced: false,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("storageclasses", "storage.k8s.io/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Provisioner", "Who makes the volumes."),
    column::text("ReclaimPolicy", "What becomes of a volume once nobody claims it any more."),
    column::text("VolumeBindingMode", "Whether volumes are made at once or for the first pod."),
    column::text("AllowVolumeExpansion", "Whether volumes may grow."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let class = row.object;
    let mut name = object::meta::name(class).to_owned();
    if DEFAULT_CLASS.iter().any(|key| object::meta::annotation(class, key) == Some("true")) {
        name.push_str(" (default)");
    }
    vec![
        name.into(),
        column::text_of(&class["provisioner"]).into(),
        column::told(&class["reclaimPolicy"], "Delete").into(),
        column::told(&class["volumeBindingMode"], "Immediate").into(),
        column::flag_of(&class["allowVolumeExpansion"]).into(),
        column::age(row),
    ]
}

/// Either marks the class that a claim gets that names none.
const DEFAULT_CLASS: &[&str] = &[
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
];
