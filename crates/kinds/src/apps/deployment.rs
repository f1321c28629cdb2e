//! `Deployment` of `apps/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "apps",
    kind: "Deployment",
    plural: "deployments",
    singular: "deployment",
    short_names: &["deploy"],
    categories: &["all"],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[subresource::SCALE, subresource::STATUS],
    storage: Some(Storage::protobuf("deployments", "apps/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: true,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Ready", "How many of the wanted pods are ready."),
    column::text("Up-to-date", "How many pods are of the newest template."),
    column::text("Available", "How many pods are ready for long enough."),
    column::AGE,
    column::CONTAINERS,
    column::IMAGES,
    column::wide("Selector", "Which pods are counted."),
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let (spec, status) = (&row.object["spec"], &row.object["status"]);
    let ready = column::int_of(&status["readyReplicas"]);
    let [containers, images] = column::containers(&spec["template"]["spec"]);
    // Unlike in all other kinds, nothing stands for an empty selector here.
    let selector = match object::Selector::from_label_selector(&spec["selector"]) {
        Ok(selector) => selector.to_string(),
        Err(_) => "<invalid>".to_owned(),
    };
    vec![
        column::name(row),
        format!("{ready}/{}", column::int_of(&spec["replicas"])).into(),
        column::int_of(&status["updatedReplicas"]).into(),
        column::int_of(&status["availableReplicas"]).into(),
        column::age(row),
        containers,
        images,
        selector.into(),
    ]
}
