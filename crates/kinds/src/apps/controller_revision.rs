//! `ControllerRevision` of `apps/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column};
use object::Value;

pub(crate) static KIND: Kind = Kind {
    group: "apps",
    kind: "ControllerRevision",
    plural: "controllerrevisions",
    singular: "controllerrevision",
    short_names: &[],
    categories: &[],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[],
    storage: Some(Storage::protobuf("controllerrevisions", "apps/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Controller", "The object whose history it belongs to."),
    column::text("Revision", "Its place in that history."),
    column::AGE,
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let owner = column::items(&row.object["metadata"]["ownerReferences"])
        .find(|owner| column::flag_of(&owner["controller"]));
    let controller = owner.map_or_else(|| "<none>".to_owned(), controller);
    let revision = column::int_of(&row.object["revision"]);
    vec![column::name(row), controller.into(), revision.into(), column::age(row)]
}

/// Such as `statefulset.apps/web`.
fn controller(owner: &Value) -> String {
    let group = object::GroupVersion::parse(column::text_of(&owner["apiVersion"]))
        .map(|version| version.group)
        .unwrap_or_default();
    let kind = object::GroupKind::new(group, column::text_of(&owner["kind"]).to_owned());
    format!("{}/{}", kind.to_string().to_lowercase(), column::text_of(&owner["name"]))
}
