//! `PodTemplate` of `v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column};

pub(crate) static KIND: Kind = Kind {
    group: "",
    kind: "PodTemplate",
    plural: "podtemplates",
    singular: "podtemplate",
    short_names: &[],
    categories: &[],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("podtemplates", "v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: true,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Containers", "The template's containers, by name."),
    column::text("Images", "The images that those containers run."),
    column::text("Pod Labels", "The labels that its pods get."),
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let template = &row.object["template"];
    let [containers, images] = column::containers(&template["spec"]);
    let labels = column::labels(&template["metadata"]["labels"]);
    vec![column::name(row), containers, images, labels.into()]
}
