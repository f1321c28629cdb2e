//! `ResourceQuota` of `v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "",
    kind: "ResourceQuota",
    plural: "resourcequotas",
    singular: "resourcequota",
    short_names: &["quota"],
    categories: &[],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[subresource::STATUS],
    storage: Some(Storage::protobuf("resourcequotas", "v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Request", "What is used of what may be requested."),
    column::text("Limit", "What is used of what may be set as limits."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let (limits, requests): (Vec<_>, Vec<_>) = object::meta::pairs(&row.object["status"]["hard"])
        .partition(|(resource, _)| resource.starts_with("limits."));
    let join = |resources: Vec<(&str, &str)>| -> Cell {
        let used = &row.object["status"]["used"];
        let texts = resources.into_iter().map(|(resource, hard)| {
            format!("{resource}: {}/{hard}", column::volumes::size(&used[resource]))
        });
        texts.collect::<Vec<_>>().join(", ").into()
    };
    vec![column::name(row), join(requests), join(limits), column::age(row)]
}
