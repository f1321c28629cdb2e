//! `CronJob` of `batch/v1`: its row, columns and rules.

mod strategy;

use crate::{Cell, Column, Kind, Row, Storage, TableRules, Verb, column, subresource};

pub(crate) static KIND: Kind = Kind {
    group: "batch",
    kind: "CronJob",
    plural: "cronjobs",
    singular: "cronjob",
    short_names: &["cj"],
    categories: &["all"],
    namespaced: true,
    versions: &["v1"],
    verbs: Verb::ALL,
    subresources: &[subresource::STATUS],
    storage: Some(Storage::protobuf("cronjobs", "batch/v1")),
    selectable_fields: &[],
    columns: COLUMNS,
    cells,
    table: TableRules::PLAIN,
    has_generation: true,
    strategy: &strategy::Strategy,
};

const COLUMNS: &[Column] = &[
    column::NAME,
    column::text("Schedule", "When it runs, in cron's notation."),
    column::text("Timezone", "The time zone that is meant."),
    column::boolean("Suspend", "Whether it rests."),
    column::integer("Active", "How many of its jobs run now."),
    column::text("Last Schedule", "When it last ran."),
    column::AGE,
    column::CONTAINERS,
    column::IMAGES,
    column::wide("Selector", "Which pods belong to its jobs."),
];

fn cells(row: &Row<'_>) -> Vec<Cell> {
    let spec = &row.object["spec"];
    let status = &row.object["status"];
    let suspend = match spec["suspend"].as_bool() {
        None => "<unset>",
        Some(true) => "True",
        Some(false) => "False",
    };
    let last = match &status["lastScheduleTime"] {
        time if time.is_null() => "<none>".to_owned(),
        time => column::since(row, time),
    };
    let job = &spec["jobTemplate"]["spec"];
    let [containers, images] = column::containers(&job["template"]["spec"]);
    vec![
        column::name(row),
        column::text_of(&spec["schedule"]).into(),
        column::told(&spec["timeZone"], "<none>").into(),
        suspend.into(),
        column::count(&status["active"]).into(),
        last.into(),
        column::age(row),
        containers,
        images,
        column::selector(&job["selector"]).into(),
    ]
}
