//! Replays what upstream's kube-apiserver said to broken objects, recorded under
//! `tests/golden/validation`: each file has a good object and what became of it, one change at a
//! time. Structs shown inside complaints are not compared: upstream prints its internal types.

#![allow(clippy::unwrap_used, reason = "a test")]

use kinds::{Context, meta_rules};
use object::{FieldErrors, Value};
use orlop_kinds as kinds;
use std::collections::BTreeSet;
use std::path::Path;

/// Complaints of which none may be missing or too many, over all files. What is known to differ
/// stands in `known_differences.txt` and may only get shorter.
#[test]
fn complaints_are_upstreams() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/validation");
    let known = std::fs::read_to_string(dir.join("known_differences.txt")).unwrap_or_default();
    let known: BTreeSet<&str> = known.lines().collect();
    let mut differences = Vec::new();
    let (mut files, mut cases) = (0, 0);
    let mut entries: Vec<_> = std::fs::read_dir(&dir).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries.iter().filter(|p| p.extension().is_some_and(|e| e == "json")) {
        files += 1;
        let golden: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        cases += replay(path.file_stem().unwrap().to_str().unwrap(), &golden, &mut differences);
    }
    if let Ok(out) = std::env::var("ORLOP_VALIDATION_REPORT") {
        std::fs::write(out, differences.iter().map(|d| d.1.clone()).collect::<String>()).unwrap();
    }
    let new: Vec<_> = differences.iter().filter(|d| !known.contains(d.0.as_str())).collect();
    assert!(files > 0 && cases > 0, "no goldens in {}", dir.display());
    assert!(
        new.is_empty(),
        "{} of {cases} cases differ in new ways:\n{}",
        new.len(),
        new.iter().take(20).map(|d| d.1.as_str()).collect::<String>()
    );
}

fn replay(name: &str, golden: &Value, differences: &mut Vec<(String, String)>) -> usize {
    let api_version = golden["apiVersion"].as_str().unwrap();
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    let plural = name.rsplit('.').next().unwrap().trim_end_matches(|c: char| c.is_ascii_digit());
    let kind = kinds::find(group, version, plural).unwrap_or_else(|| panic!("no kind {name}"));
    let cases = golden["cases"].as_array().unwrap();
    for case in cases {
        let (mode, pointer) = (case[0].as_str().unwrap(), case[1].as_str().unwrap());
        let update = mode == "update";
        let mut object = golden[if update { "stored" } else { "base" }].clone();
        let shown = match case[2].as_str() {
            Some(text) => {
                *object.pointer_mut(pointer).unwrap() = serde_json::from_str(text).unwrap();
                text.to_owned()
            }
            None => {
                remove(&mut object, pointer);
                "removed".to_owned()
            }
        };
        let types = schema::builtin();
        if let Some(root) = types.root(&kind.gvk(version)) {
            schema::defaults::apply(types, root, &mut object);
        }
        let context = Context {
            username: "admin".into(),
            now: "2026-01-01T00:00:00Z".into(),
            api_version: api_version.into(),
            ..Context::default()
        };
        let mut errors = FieldErrors::new();
        if update {
            let old = &golden["stored"];
            if !old["status"].is_null() {
                object["status"] = old["status"].clone();
            }
            kind.strategy.prepare_update(&mut object, old, &context);
            meta_rules::update(&object, old, &mut errors);
            kind.strategy.validate_update(&object, old, &context, &mut errors);
        } else {
            object["metadata"]["uid"] = "fixed".into();
            kind.strategy.prepare_create(&mut object, &context);
            meta_rules::create(&object, kind.namespaced, kind.strategy, &mut errors);
            kind.strategy.validate(&object, &context, &mut errors);
        }
        let ours: BTreeSet<String> = errors.0.iter().map(|e| plain(&e.to_string())).collect();
        let theirs: BTreeSet<String> =
            case[3].as_array().unwrap().iter().map(|c| plain(c.as_str().unwrap())).collect();
        if ours != theirs {
            let short: String = shown.chars().take(60).collect();
            let id = format!("{name} {mode} {pointer} {short}");
            let mut text = format!("{id}\n");
            for missing in theirs.difference(&ours) {
                text.push_str(&format!("    upstream: {missing}\n"));
            }
            for extra in ours.difference(&theirs) {
                text.push_str(&format!("    here:     {extra}\n"));
            }
            differences.push((id, text));
        }
    }
    cases.len()
}

fn remove(object: &mut Value, pointer: &str) {
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    let last = last.replace("~1", "/").replace("~0", "~");
    match object.pointer_mut(parent).unwrap() {
        Value::Object(map) => {
            map.remove(&last);
        }
        Value::Array(list) => {
            list.remove(last.parse().unwrap());
        }
        _ => unreachable!("pointers lead to parts"),
    }
}

/// Without the structs and lists that it shows, and without what a change consists of.
fn plain(complaint: &str) -> String {
    let first = complaint.split('\n').next().unwrap_or_default();
    let mut out = String::new();
    let marker = first.find(" value: ").map(|at| at + " value: ".len());
    match marker.filter(|at| first[*at..].starts_with(['{', '[', 'n'])) {
        Some(at) => {
            out.push_str(&first[..at]);
            out.push('…');
            let rest = &first[at..];
            let end =
                rest.rfind("}: ").or_else(|| rest.rfind("]: ")).or_else(|| rest.rfind("null: "));
            out.push_str(
                end.map_or("", |end| &rest[rest[end..].find(": ").map_or(end, |o| end + o)..]),
            );
        }
        None => out.push_str(first),
    }
    out
}
