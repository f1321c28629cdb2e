//! `FlowSchema` of `flowcontrol.apiserver.k8s.io/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};
use object::Value;

pub(crate) static KIND: Kind = Kind {
    group: "flowcontrol.apiserver.k8s.io",
    kind: "FlowSchema",
    plural: "flowschemas",
    singular: "flowschema",
    short_names: &[],
    categories: &[],
    namespaced: false,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[subresource::STATUS],
    storage: Some(Storage::protobuf("flowschemas", "flowcontrol.apiserver.k8s.io/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules { order: Some(by_precedence), ..TableRules::PLAIN },
    has_generation: true,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("PriorityLevel", "The level of the requests that it takes."),
    column::text(
        "MatchingPrecedence",
        "Its place: of several that match, the lowest takes the request.",
    ),
    column::text("DistinguisherMethod", "What tells its flows apart."),
    column::AGE,
    column::text("MissingPL", "Whether that level is missing."),
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let spec = &row.object["spec"];
    let missing = column::condition(row.object, "Dangling");
    vec![
        column::name(row),
        column::text_of(&spec["priorityLevelConfiguration"]["name"]).into(),
        column::int_of(&spec["matchingPrecedence"]).into(),
        column::told(&spec["distinguisherMethod"]["type"], "<none>").into(),
        column::age(row),
        missing.map_or("?", |condition| column::text_of(&condition["status"])).into(),
    ]
}

/// Lists are shown in the order in which requests are matched.
fn by_precedence(one: &Value, other: &Value) -> std::cmp::Ordering {
    let key = |schema: &Value| column::int_of(&schema["spec"]["matchingPrecedence"]);
    key(one).cmp(&key(other)).then_with(|| object::meta::name(one).cmp(object::meta::name(other)))
}
