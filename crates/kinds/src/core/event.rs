//! `Event` of `v1`: what happened to an object, kept for an hour.

use crate::{Kind, Plain, Storage, TableRules, Verb, column, limits::EVENT_TTL_SECONDS};

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
        "source",
        "type",
    ],
    columns: column::NAME_AND_AGE,
    cells: column::name_and_age,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &Plain,
};
