//! `Job` of `batch/v1`: its row, columns and rules.

mod status_rules;
mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};
use object::Value;

pub(crate) static KIND: Kind = Kind {
    group: "batch",
    kind: "Job",
    plural: "jobs",
    singular: "job",
    short_names: &[],
    categories: &["all"],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[subresource::STATUS],
    // What the pods' template got for labels in its creation are the job's when it is read.
    storage: Some(Storage { defaults_on_read: true, ..Storage::protobuf("jobs", "batch/v1") }),
    selectable_fields: &["status.succeeded"],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: true,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Status", "How far it is."),
    column::text("Completions", "How many of the wanted pods have succeeded."),
    column::text("Duration", "How long it ran, or has run so far."),
    column::AGE,
    column::CONTAINERS,
    column::IMAGES,
    column::wide("Selector", "Which pods belong to it."),
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let spec = &row.object["spec"];
    let [containers, images] = column::containers(&spec["template"]["spec"]);
    vec![
        column::name(row),
        status(row.object).into(),
        completions(row.object).into(),
        duration(row).into(),
        column::age(row),
        containers,
        images,
        column::selector(&spec["selector"]).into(),
    ]
}

fn status(job: &Value) -> &'static str {
    let shown = |conditions: &[&'static str]| {
        conditions.iter().copied().find(|condition| column::is_true(job, condition))
    };
    if let Some(end) = shown(&["Complete", "Failed"]) {
        return end;
    }
    if column::is_deleted(job) {
        return "Terminating";
    }
    shown(&["Suspended", "FailureTarget", "SuccessCriteriaMet"]).unwrap_or("Running")
}

fn completions(job: &Value) -> String {
    let succeeded = column::int_of(&job["status"]["succeeded"]);
    if let Some(wanted) = job["spec"]["completions"].as_i64() {
        return format!("{succeeded}/{wanted}");
    }
    // A work queue: one success ends it.
    match column::int_of(&job["spec"]["parallelism"]) {
        parallelism @ 2.. => format!("{succeeded}/1 of {parallelism}"),
        _ => format!("{succeeded}/1"),
    }
}

fn duration(row: &Row<'_>) -> String {
    let status = &row.object["status"];
    let Some(start) = column::seconds_of(&status["startTime"]) else { return String::new() };
    let end = column::seconds_of(&status["completionTime"]).unwrap_or(row.now_seconds);
    column::human(end - start)
}
