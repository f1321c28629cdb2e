//! What an autoscaler measures and aims at, in one cell: `cpu: 12%/60%, 3/10 + 1 more...`.

use crate::column::{first_of, items, text_of};
use object::Value;

/// How many metrics are shown.
const SHOWN: usize = 2;

/// The metrics of the spec, each with its amount now from the status at the same place.
pub(super) fn text(specs: &Value, statuses: &Value) -> String {
    let texts: Vec<_> =
        items(specs).enumerate().map(|(index, spec)| metric(spec, &statuses[index])).collect();
    if texts.is_empty() { "<none>".to_owned() } else { first_of(&texts, SHOWN, ", ") }
}

fn metric(spec: &Value, status: &Value) -> String {
    let field = match text_of(&spec["type"]) {
        "External" => "external",
        "Object" => "object",
        "Pods" => "pods",
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        _ => return "<unknown type>".to_owned(),
    };
    let (target, current) = (&spec[field]["target"], &status[field]["current"]);
    let seen = !status[field].is_null();
    let average = text_of(&target["averageValue"]);
    let name = text_of(&spec[field]["name"]);
    match field {
        "pods" => format!("{}/{}", amount(seen, &current["averageValue"]), or_zero(average)),
        "external" | "object" if !average.is_empty() => {
            let told = seen && !current["averageValue"].is_null();
            format!("{}/{average} (avg)", amount(told, &current["averageValue"]))
        }
        "external" | "object" => {
            format!("{}/{}", amount(seen, &current["value"]), or_zero(text_of(&target["value"])))
        }
        _ if !average.is_empty() => {
            format!("{name}: {}/{average}", amount(seen, &current["averageValue"]))
        }
        _ => {
            let share = |of: &Value, none: &str| {
                of["averageUtilization"].as_i64().map_or(none.to_owned(), |n| format!("{n}%"))
            };
            format!("{name}: {}/{}", share(current, "<unknown>"), share(target, "<auto>"))
        }
    }
}

/// An amount that was seen, if it was; one that was seen as nothing is `<nil>` in Go.
fn amount(seen: bool, quantity: &Value) -> String {
    match (seen, quantity.as_str()) {
        (false, _) => "<unknown>".to_owned(),
        (true, Some(amount)) => amount.to_owned(),
        (true, None) => "<nil>".to_owned(),
    }
}

fn or_zero(amount: &str) -> &str {
    if amount.is_empty() { "<nil>" } else { amount }
}
