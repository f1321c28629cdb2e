//! `ResourcePoolStatusRequest` of `resource.k8s.io/v1alpha3`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};
use object::Value;

pub(crate) static KIND: Kind = Kind {
    group: "resource.k8s.io",
    kind: "ResourcePoolStatusRequest",
    plural: "resourcepoolstatusrequests",
    singular: "resourcepoolstatusrequest",
    short_names: &[],
    categories: &[],
    namespaced: false,
    versions: &["v1alpha3"],
    verbs: Verb::ALL,
    subresources: &[subresource::STATUS],
    storage: Some(Storage::protobuf("resourcepoolstatusrequests", "resource.k8s.io/v1alpha3")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: false,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Driver", "The driver whose pools are asked about."),
    column::text("Total", "How many devices there are."),
    column::text("Available", "How many are free."),
    column::text("Allocated", "How many are given to claims."),
    column::text("Unavailable", "How many can't be given."),
    column::text("Errors", "How many pools are not as they should be."),
    column::integer("Pools", "How many pools there are."),
    column::text("Status", "How far the answer is."),
    column::text("Completed", "The time since the answer was complete."),
];

const COUNTS: &[&str] =
    &["totalDevices", "availableDevices", "allocatedDevices", "unavailableDevices"];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let status = &row.object["status"];
    let (state, completed) = state(status);
    let mut cells = vec![column::name(row), column::text_of(&row.object["spec"]["driver"]).into()];
    if status.is_null() || state == "Failed" {
        cells.extend(vec![Cell::from("-"); COUNTS.len() + 1]);
    } else {
        let pools = column::items(&status["pools"]);
        for field in COUNTS {
            let sum: i64 = pools.clone().map(|pool| column::int_of(&pool[*field])).sum();
            cells.push(sum.to_string().into());
        }
        let failed = pools.filter(|pool| !pool["validationError"].is_null()).count();
        cells.push(failed.to_string().into());
    }
    let pools = column::int_of(&status["poolCount"]);
    let shown = column::count(&status["pools"]);
    let state = match state {
        "Complete" if pools > shown => format!("Complete ({shown}/{pools} pools)"),
        other => other.to_owned(),
    };
    let completed = completed.map_or("<none>".to_owned(), |time| column::since(row, time));
    cells.extend([pools.into(), state.into(), completed.into()]);
    cells
}

/// How far the answer is, and since when it is complete.
fn state(status: &Value) -> (&'static str, Option<&Value>) {
    for condition in column::items(&status["conditions"]) {
        match (condition["type"].as_str(), condition["status"] == "True") {
            (Some("Complete"), true) => {
                return ("Complete", Some(&condition["lastTransitionTime"]));
            }
            (Some("Failed"), true) => return ("Failed", None),
            _ => {}
        }
    }
    ("Pending", None)
}
