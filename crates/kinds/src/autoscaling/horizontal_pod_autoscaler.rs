//! `HorizontalPodAutoscaler` of `autoscaling/v2`: its row, columns and rules.

mod strategy;
mod targets;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "autoscaling",
    kind: "HorizontalPodAutoscaler",
    plural: "horizontalpodautoscalers",
    singular: "horizontalpodautoscaler",
    short_names: &["hpa"],
    categories: &["all"],
    namespaced: true,
    versions: &["v2", "v1"],
    verbs: Verb::ALL,
    subresources: &[subresource::STATUS],
    storage: Some(Storage::protobuf("horizontalpodautoscalers", "autoscaling/v2")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Reference", "What it scales."),
    column::text("Targets", "What is measured, and what is aimed at."),
    column::text("MinPods", "How many pods there are at least."),
    column::text("MaxPods", "How many pods there are at most."),
    column::text("Replicas", "How many pods there were when last seen."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let (spec, status) = (&row.object["spec"], &row.object["status"]);
    let target = &spec["scaleTargetRef"];
    let reference =
        format!("{}/{}", column::text_of(&target["kind"]), column::text_of(&target["name"]));
    let least = spec["minReplicas"].as_i64().map_or("<unset>".to_owned(), |n| n.to_string());
    vec![
        column::name(row),
        reference.into(),
        targets::text(&spec["metrics"], &status["currentMetrics"]).into(),
        least.into(),
        column::int_of(&spec["maxReplicas"]).into(),
        column::int_of(&status["currentReplicas"]).into(),
        column::age(row),
    ]
}
