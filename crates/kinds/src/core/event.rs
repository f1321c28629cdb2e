//! `Event` of `v1`: what happened to an object, kept for an hour.

pub(crate) mod strategy;

use crate::{
    Cell, Column, Kind, Row, Storage, TableRules, Verb, column, limits::EVENT_TTL_SECONDS,
};
use object::Value;

pub(crate) static KIND: Kind = Kind {
    group: "",
    kind: "Event",
    plural: "events",
    singular: "event",
    short_names: &["ev"],
    categories: &[],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage { ttl_seconds: EVENT_TTL_SECONDS, ..Storage::protobuf("events", "v1") }),
    selectable_fields: &[
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source.component",
        "type",
    ],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

pub(crate) const COLUMNS: &[Column] = &[
    column::text("Last Seen", "When it last happened."),
    column::text("Type", "`Normal`, `Warning`, or another one."),
    column::text("Reason", "Why, in one word."),
    column::text("Object", "What it is about."),
    column::wide("Subobject", "Which part of that object."),
    column::wide("Source", "Who reports it."),
    column::text("Message", "What happened, for people."),
    column::wide("First Seen", "When it first happened."),
    column::wide("Count", "How often it happened."),
    Column { priority: 1, ..column::NAME },
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let event = row.object;
    let (mut first, mut last) = (&event["firstTimestamp"], &event["lastTimestamp"]);
    if first.is_null() {
        first = &event["eventTime"];
    }
    if last.is_null() {
        last = first;
    }
    // Events of the newer API that happened once have no count.
    let mut count = column::int_of(&event["count"]).max(1);
    if !event["series"].is_null() {
        last = &event["series"]["lastObservedTime"];
        count = column::int_of(&event["series"]["count"]);
    }
    vec![
        column::since(row, last).into(),
        column::text_of(&event["type"]).into(),
        column::text_of(&event["reason"]).into(),
        about(&event["involvedObject"]).into(),
        column::text_of(&event["involvedObject"]["fieldPath"]).into(),
        reporter(event).into(),
        column::text_of(&event["message"]).trim().into(),
        column::since(row, first).into(),
        count.into(),
        column::name(row),
    ]
}

fn about(object: &Value) -> String {
    let (kind, name) = (column::text_of(&object["kind"]), column::text_of(&object["name"]));
    let kind = kind.to_lowercase();
    if name.is_empty() { kind } else { format!("{kind}/{name}") }
}

fn reporter(event: &Value) -> String {
    let first = |one: &Value, other: &Value| -> String {
        column::or(column::text_of(one), column::text_of(other)).to_owned()
    };
    let source = &event["source"];
    let component = first(&source["component"], &event["reportingComponent"]);
    let instance = first(&source["host"], &event["reportingInstance"]);
    if instance.is_empty() { component } else { format!("{component}, {instance}") }
}
