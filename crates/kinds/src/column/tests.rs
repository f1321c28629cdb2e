//! Against Table documents that upstream's kube-apiserver 1.36.3 made of the objects beside them.

use super::*;
use crate::{Kind, all, find_kind};
use serde_json::from_str;

/// Every recorded table, with the kind it is of.
fn recorded() -> Vec<(&'static Kind, Value)> {
    let folder = format!("{}/../../tests/golden/tables", env!("CARGO_MANIFEST_DIR"));
    let mut tables = Vec::new();
    for file in std::fs::read_dir(&folder).expect("is there") {
        let path = file.expect("can be listed").path();
        let text = std::fs::read_to_string(&path).expect("can be read");
        let table: Value = from_str(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let version = text_of(&table["apiVersion"]);
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let kind = find_kind(group, version, text_of(&table["kind"])).expect("is a kind");
        tables.push((kind, table));
    }
    tables
}

#[test]
fn columns_are_upstreams() {
    for (kind, table) in recorded() {
        let found: Vec<_> = kind
            .columns
            .iter()
            .map(|column| {
                object::json!({
                    "name": column.name, "type": column.kind, "format": column.format,
                    "priority": column.priority,
                })
            })
            .collect();
        assert_eq!(Value::from(found), table["columns"], "{}", kind.kind);
        for column in kind.columns {
            assert!(!column.description.is_empty(), "{} {}", kind.kind, column.name);
        }
    }
}

#[test]
fn cells_are_upstreams() {
    let mut wrong = Vec::new();
    for (kind, table) in recorded() {
        let now_seconds = int_of(&table["now"]);
        assert!(items(&table["rows"]).count() > 0, "{} has no row", kind.kind);
        for recorded in items(&table["rows"]) {
            let row = Row { object: &recorded["object"], now_seconds };
            let (found, wanted) = (Value::from((kind.cells)(&row)), &recorded["cells"]);
            if found != *wanted {
                wrong.push(format!("{}:\n  {found}\n  {wanted}", kind.kind));
            }
            let conditions = Value::from((kind.table.conditions)(row.object));
            let wanted = items(&recorded["conditions"]).cloned().collect::<Vec<_>>();
            assert_eq!(conditions, Value::from(wanted), "{}", kind.kind);
        }
    }
    assert!(wrong.is_empty(), "found and wanted:\n{}", wrong.join("\n"));
}

#[test]
fn rows_are_in_upstreams_order() {
    for (kind, table) in recorded() {
        let Some(order) = kind.table.order else { continue };
        let mut objects: Vec<_> = items(&table["rows"]).map(|row| &row["object"]).collect();
        let wanted: Vec<_> = objects.iter().map(|object| object::meta::name(object)).collect();
        objects.reverse();
        objects.sort_by(|one, other| order(one, other));
        let found: Vec<_> = objects.iter().map(|object| object::meta::name(object)).collect();
        assert_eq!(found, wanted);
    }
}

#[test]
fn every_stored_kind_is_recorded() {
    let recorded = recorded();
    for kind in all().iter().filter(|kind| kind.storage.is_some()) {
        let found = recorded.iter().any(|(recorded, _)| std::ptr::eq(*recorded, *kind));
        assert!(found, "{} {}", kind.group, kind.kind);
    }
}

#[test]
fn ages_get_coarser() {
    let cases = [
        (-2, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (125, "2m5s"),
        (599, "9m59s"),
        (600, "10m"),
        (10_799, "179m"),
        (10_800, "3h"),
        (11_100, "3h5m"),
        (28_800, "8h"),
        (172_799, "47h"),
        (172_800, "2d"),
        (176_400, "2d1h"),
        (691_200, "8d"),
        (63_071_999, "729d"),
        (63_072_000, "2y"),
        (63_158_400, "2y1d"),
        (252_288_000, "8y"),
    ];
    for (seconds, wanted) in cases {
        assert_eq!(human(seconds), wanted, "{seconds}");
    }
}
