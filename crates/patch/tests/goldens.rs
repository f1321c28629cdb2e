//! Replays what upstream's API server was asked and compares every answer: objects, owners of
//! fields, and refusals. The goldens are written by `cargo xtask record patch`.

#![allow(clippy::unwrap_used, reason = "a test")]

use object::{ApiError, GroupVersion, Gvk, Map, Value};
use orlop_patch::apply::{Endpoint, Set, scale};
use orlop_patch::{json_patch, merge_patch, strategic};
use std::path::{Path, PathBuf};

/// What stands for every time in the goldens.
const TIME: &str = "2020-01-01T00:00:00Z";

#[test]
fn every_answer_is_upstreams() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/patch");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("goldens")
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    let mut differences = Vec::new();
    let mut steps = 0;
    for file in files {
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).expect("a golden");
        let mut before = None;
        for (line, step) in text.lines().enumerate() {
            let step: Value = serde_json::from_str(step).expect("a step");
            if let Err(difference) = replay(&step, before.as_ref()) {
                differences.push(format!("{name}, step {}: {difference}", line + 1));
            }
            if step["after"]["kind"] != "Status" {
                before = Some(step["after"].clone());
            }
            steps += 1;
        }
    }
    assert!(steps > 100, "only {steps} steps");
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}

/// Plays one step on the object that upstream had, and says what differs from its answer.
fn replay(step: &Value, before: Option<&Value>) -> Result<(), String> {
    if step["subresource"] == "scale" {
        return replay_scale(step, before.expect("an object to scale"));
    }
    let text = |field: &str| step[field].as_str().unwrap_or_default().to_owned();
    let version = GroupVersion::parse(&text("apiVersion")).expect("an apiVersion");
    let gvk = Gvk { group: version.group, version: version.version, kind: text("kind").into() };
    let reset = reset_fields(&step["reset"]);
    let subresource = text("subresource");
    let mut endpoint = Endpoint::new(schema::builtin(), &gvk).expect("a built-in kind");
    endpoint.subresource = &subresource;
    endpoint.reset = Some(&reset);

    let body = &step["body"];
    let schema = schema::builtin();
    let live = before.cloned().unwrap_or_default();
    let made: Result<Value, ApiError> = match text("verb").as_str() {
        "create" | "update" => Ok(body.clone()),
        "json" => json_patch::apply(&live, body).map_err(ApiError::from),
        "merge" => merge_patch::apply(&live, body).map_err(ApiError::from),
        "strategic" => strategic::apply(schema, endpoint.root, &live, body).map_err(ApiError::from),
        "apply" => endpoint.apply(before, body, &text("manager"), step["force"] == true, TIME),
        other => panic!("no such verb: {other}"),
    };
    let after = &step["after"];
    let mut made = match made {
        Ok(made) => made,
        Err(error) => {
            let mut status = error.to_status();
            if let Some(Value::Array(causes)) = status.pointer_mut("/details/causes") {
                causes.sort_by_key(|c| (c["message"].to_string(), c["field"].to_string()));
            }
            return same("refusal", &status, after);
        }
    };
    if after["kind"] == "Status" {
        // The rules of kinds and of codecs are not this crate's.
        let of_codec = after["details"]["causes"][0]["field"] == "patch";
        let of_kind = after["code"] == 422 && after["details"]["name"].is_string();
        return if !of_codec && !of_kind {
            Err(format!("upstream refuses: {after}"))
        } else {
            Ok(())
        };
    }
    schema::defaults::apply(schema, endpoint.root, &mut made);
    convert(&mut made);
    if step["verb"] != "apply" {
        endpoint.update(before, &mut made, &text("manager"), TIME);
    }
    same("owners", &owners(&made), &owners(after))?;
    same("texts", &texts(&made), &texts(after))?;
    if !subresource.is_empty() {
        return same("status", &bare(&made)["status"], &bare(after)["status"]);
    }
    let (mut ours, mut upstreams) = (bare(&made), bare(after));
    for object in [&mut ours, &mut upstreams] {
        // The main resource leaves the status to the kind's strategy.
        object.as_object_mut().map(|object| object.remove("status"));
    }
    if before.is_none() && contains(&upstreams, &ours) {
        // The strategies of kinds fill in more than the defaults when an object is made.
        return Ok(());
    }
    same("object", &ours, &upstreams)
}

fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(key, value)| whole.get(key).is_some_and(|w| contains(w, value)))
        }
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(w, p)| contains(w, p))
        }
        _ => whole == part,
    }
}

/// A write of the Scale of an object: only the owners are compared.
fn replay_scale(step: &Value, parent: &Value) -> Result<(), String> {
    const REPLICAS: &[&str] = &["spec", "replicas"];
    let gvk = Gvk::new("autoscaling", "v1", "Scale");
    let mut endpoint = Endpoint::new(schema::builtin(), &gvk).expect("a built-in kind");
    endpoint.subresource = "scale";
    let manager = step["manager"].as_str().expect("a manager");
    let (mut live, body) = (step["scale"].clone(), &step["body"]);
    scale::to_scale(parent, REPLICAS, &mut live)?;
    let made = match step["verb"].as_str().expect("a verb") {
        "apply" => {
            let force = step["force"] == true;
            let applied = endpoint.apply(Some(&live), body, manager, force, TIME);
            applied.map_err(|e| e.to_string())?
        }
        verb => {
            let mut made = match verb {
                "merge" => merge_patch::apply(&live, body).expect("a patch"),
                _ => body.clone(),
            };
            endpoint.update(Some(&live), &mut made, manager, TIME);
            made
        }
    };
    let mut parent = parent.clone();
    scale::to_parent(&mut parent, REPLICAS, &made)?;
    same("owners", &owners(&parent), &owners(&step["after"]))
}

/// Upstream's conversions leave a mark on a DaemonSet before its owners are told.
fn convert(object: &mut Value) {
    if object["kind"] == "DaemonSet" {
        let metadata = object::meta::entry(object, "metadata");
        let annotations = metadata.entry("annotations").or_insert_with(|| Map::new().into());
        let annotations = annotations.as_object_mut().expect("annotations");
        annotations.entry("deprecated.daemonset.template.generation").or_insert_with(|| "0".into());
    }
}

fn reset_fields(paths: &Value) -> Set {
    let paths: Vec<Vec<&str>> = paths
        .as_array()
        .into_iter()
        .flatten()
        .map(|path| path.as_array().into_iter().flatten().filter_map(Value::as_str).collect())
        .collect();
    let paths: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
    Set::of_fields(&paths)
}

fn same(what: &str, ours: &Value, upstreams: &Value) -> Result<(), String> {
    if ours == upstreams {
        return Ok(());
    }
    Err(format!("{what}\n  ours     {ours}\n  upstream {upstreams}"))
}

fn owners(object: &Value) -> Value {
    let mut entries = object["metadata"]["managedFields"].clone();
    for entry in entries.as_array_mut().into_iter().flatten() {
        entry.as_object_mut().expect("an entry").remove("text");
    }
    entries
}

fn texts(object: &Value) -> Value {
    let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    entries
        .map(|entry| match entry.get("text") {
            Some(text) => text.clone(),
            None => object::fields_v1::print(&entry["fieldsV1"]).into(),
        })
        .collect()
}

/// An object without what the server fills in by itself, and without what is empty, which a codec
/// would drop.
fn bare(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        for field in ["managedFields", "generation", "uid", "creationTimestamp"] {
            metadata.remove(field);
        }
        let server =
            ["deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation"];
        if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
            server.iter().for_each(|key| {
                annotations.remove(*key);
            });
        }
    }
    let templates = object.pointer_mut("/spec/volumeClaimTemplates");
    for template in templates.and_then(Value::as_array_mut).into_iter().flatten() {
        let template = template.as_object_mut().expect("a claim");
        template.remove("apiVersion");
        template.remove("kind");
    }
    without_empty(&object).unwrap_or_default()
}

fn without_empty(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(members) => {
            let members: Map<String, Value> = members
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), without_empty(value)?)))
                .collect();
            (!members.is_empty()).then_some(Value::Object(members))
        }
        Value::Array(items) => {
            let items: Vec<Value> = items.iter().filter_map(without_empty).collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        scalar => Some(scalar.clone()),
    }
}
