//! `Event` of `events.k8s.io/v1`: what happened to an object: the newer form of the event of core
//! v1, which is what is stored.

use crate::{Cell, Kind, Row, Storage, TableRules, Verb, limits::EVENT_TTL_SECONDS};

pub(crate) static KIND: Kind = Kind {
    group: "events.k8s.io",
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
        "reason",
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reportingComponent",
        "type",
    ],
    columns: crate::core::event::COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &crate::core::event::strategy::Strategy,
};

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let mut core = row.object.clone();
    match crate::convert(&mut core, "v1") {
        Ok(()) => (crate::core::event::KIND.cells)(&Row { object: &core, ..*row }),
        Err(_) => Vec::new(),
    }
}
