//! `CSIDriver` of `storage.k8s.io/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "storage.k8s.io",
    kind: "CSIDriver",
    plural: "csidrivers",
    singular: "csidriver",
    short_names: &[],
    categories: &[],
    namespaced: false,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("csidrivers", "storage.k8s.io/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::boolean("AttachRequired", "Whether volumes have to be attached to a node first."),
    column::boolean("PodInfoOnMount", "Whether the driver is told about the pod."),
    column::boolean("StorageCapacity", "Whether its free space is looked at while scheduling."),
    column::text("TokenRequests", "The audiences of the tokens that it gets."),
    column::boolean("RequiresRepublish", "Whether mounts are renewed from time to time."),
    column::text("Modes", "How its volumes live."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let spec = &row.object["spec"];
    let modes: Vec<_> = column::items(&spec["volumeLifecycleModes"]).map(column::text_of).collect();
    let tokens = match &spec["tokenRequests"] {
        tokens if tokens.is_null() => "<unset>".to_owned(),
        tokens => {
            let audiences = column::items(tokens).map(|token| column::text_of(&token["audience"]));
            audiences.collect::<Vec<_>>().join(",")
        }
    };
    vec![
        column::name(row),
        spec["attachRequired"].as_bool().unwrap_or(true).into(),
        column::flag_of(&spec["podInfoOnMount"]).into(),
        column::flag_of(&spec["storageCapacity"]).into(),
        tokens.into(),
        column::flag_of(&spec["requiresRepublish"]).into(),
        column::or(&modes.join(","), "<none>").into(),
        column::age(row),
    ]
}
