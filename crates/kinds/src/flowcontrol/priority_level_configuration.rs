//! `PriorityLevelConfiguration` of `flowcontrol.apiserver.k8s.io/v1`: its row, columns and rules.

pub(super) mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "flowcontrol.apiserver.k8s.io",
    kind: "PriorityLevelConfiguration",
    plural: "prioritylevelconfigurations",
    singular: "prioritylevelconfiguration",
    short_names: &[],
    categories: &[],
    namespaced: false,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[subresource::STATUS],
    storage: Some(Storage::protobuf(
        "prioritylevelconfigurations",
        "flowcontrol.apiserver.k8s.io/v1",
    )),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: true,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Type", "Whether it is limited."),
    column::text("NominalConcurrencyShares", "Its share of the seats."),
    column::text("Queues", "How many queues it has."),
    column::text("HandSize", "How many queues a flow is dealt."),
    column::text("QueueLengthLimit", "How many requests wait in a queue at most."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let spec = &row.object["spec"];
    let limited = &spec["limited"];
    let queuing = &limited["limitResponse"]["queuing"];
    let number = |of: &Cell, field: &str| match of.is_null() {
        true => "<none>".into(),
        false => of[field].clone(),
    };
    // What is told in queuing and left out is 0; the shares may be nobody's.
    let queued = |field: &str| match number(queuing, field) {
        Cell::Null => 0.into(),
        cell => cell,
    };
    vec![
        column::name(row),
        column::text_of(&spec["type"]).into(),
        number(limited, "nominalConcurrencyShares"),
        queued("queues"),
        queued("handSize"),
        queued("queueLengthLimit"),
        column::age(row),
    ]
}
