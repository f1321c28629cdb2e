//! What upstream's API server makes of patches, and who owns which fields then:
//! `cargo xtask record patch` plays `patch/scenarios.json` and writes one file of steps for each
//! scenario into `tests/golden/patch`, one step with upstream's answer on each line. Times,
//! UIDs and versions are taken out.

use crate::repository;
use crate::upstream::ControlPlane;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::io::Write as _;
use std::process::{Command, Stdio};

const SCENARIOS: &str = include_str!("patch/scenarios.json");

/// What would change objects on the way.
const NO_ADMISSION: &str = "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition";

/// What stands for every time.
const TIME: &str = "2020-01-01T00:00:00Z";

/// Plays all scenarios against an upstream API server and writes the goldens.
///
/// # Errors
/// Where upstream does not start, or a scenario is no scenario.
pub fn run() -> Result<()> {
    let scenarios: Value = serde_json::from_str(SCENARIOS)?;
    let plane = ControlPlane::start(&[NO_ADMISSION])?;
    let folder = repository().join("tests/golden/patch");
    std::fs::create_dir_all(&folder)?;
    for scenario in scenarios.as_array().context("scenarios are a list")? {
        let name = text(scenario, "name")?;
        let steps = scenario["steps"].as_array().context("a scenario has steps")?;
        let mut golden = String::new();
        for step in steps {
            let played = play(&plane, scenario, step).with_context(|| format!("{name}: {step}"))?;
            golden.push_str(&format!("{played}\n"));
        }
        std::fs::write(folder.join(format!("{name}.jsonl")), golden)?;
    }
    Ok(())
}

/// A step of a scenario, with upstream's answer.
fn play(plane: &ControlPlane, scenario: &Value, step: &Value) -> Result<Value> {
    let verb = text(step, "verb")?;
    let collection = text(scenario, "path")?;
    let subresource = step["subresource"].as_str().unwrap_or_default();
    let object = format!("{collection}/{}", text(scenario, "object")?);
    // A scale answers with a Scale; what matters is the object behind it.
    let scaled = (subresource == "scale").then(|| object.clone());
    let scale_before = match &scaled {
        Some(object) => ask(plane, "GET", &format!("{object}/scale?pretty=false"), None, "")?,
        None => Value::Null,
    };
    let mut target = match (verb, subresource) {
        ("create", _) => collection.to_owned(),
        (_, "") => object,
        _ => format!("{object}/{subresource}"),
    };
    target.push_str(&format!("?pretty=false&fieldManager={}", text(step, "manager")?));
    if step["force"] == true {
        target.push_str("&force=true");
    }
    let (method, media_type) = match verb {
        "create" => ("POST", "application/json"),
        "update" => ("PUT", "application/json"),
        "json" => ("PATCH", "application/json-patch+json"),
        "merge" => ("PATCH", "application/merge-patch+json"),
        "strategic" => ("PATCH", "application/strategic-merge-patch+json"),
        "apply" => ("PATCH", "application/apply-patch+yaml"),
        other => bail!("no such verb: {other}"),
    };
    let after = ask(plane, method, &target, Some(&step["body"]), media_type)?;
    let mut played = step.clone();
    played["apiVersion"] = scenario["apiVersion"].clone();
    played["kind"] = scenario["kind"].clone();
    if played.get("reset").is_none() {
        played["reset"] = scenario["reset"].clone();
    }
    played["after"] = after;
    if let Some(object) = scaled {
        played["scale"] = scale_before;
        played["after"] = ask(plane, "GET", &format!("{object}?pretty=false"), None, "")?;
    }
    Ok(played)
}

fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str> {
    value[field].as_str().with_context(|| format!("no {field} in {value}"))
}

/// An answer, without what differs from run to run.
fn ask(
    plane: &ControlPlane,
    method: &str,
    path: &str,
    body: Option<&Value>,
    media_type: &str,
) -> Result<Value> {
    let mut command = Command::new("curl");
    command.args(["--silent", "--insecure", "--globoff", "--request", method]);
    command.args(["--header", &format!("Authorization: Bearer {}", ControlPlane::ADMIN_TOKEN)]);
    if body.is_some() {
        command.args(["--header", &format!("Content-Type: {media_type}"), "--data-binary", "@-"]);
    }
    command.arg(format!("{}{path}", plane.url())).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().context("curl, which asks upstream, does not start")?;
    let mut input = child.stdin.take().context("curl has no input")?;
    if let Some(body) = body {
        input.write_all(body.to_string().as_bytes())?;
    }
    drop(input);
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "curl {method} {path}: {}", output.status);
    let answer = String::from_utf8(output.stdout)?;
    let value = serde_json::from_str(&answer).with_context(|| answer.clone())?;
    Ok(scrub(value, &fields_texts(&answer)))
}

fn scrub(mut object: Value, texts: &[String]) -> Value {
    let Some(Value::Object(metadata)) = object.get_mut("metadata") else {
        return object;
    };
    metadata.remove("resourceVersion");
    for (field, stand_in) in [("uid", "uid"), ("creationTimestamp", TIME)] {
        if metadata.contains_key(field) {
            metadata.insert(field.to_owned(), stand_in.into());
        }
    }
    if let Some(Value::Array(entries)) = metadata.get_mut("managedFields") {
        for (entry, text) in entries.iter_mut().zip(texts) {
            if entry.get("time").is_some() {
                entry["time"] = TIME.into();
            }
            entry["text"] = text.as_str().into();
        }
        // Upstream orders by time too; all times are the same now, but for entries without one.
        entries.sort_by_key(|e| {
            let texts = ["manager", "apiVersion", "subresource"]
                .map(|key| e[key].as_str().unwrap_or_default().to_owned());
            (e["operation"].to_string(), e.get("time").is_some(), texts)
        });
    }
    if let Some(Value::Object(details)) = object.get_mut("details") {
        details.remove("uid");
        // Go's maps decide in which order managers are named here.
        if let Some(Value::Array(causes)) = details.get_mut("causes") {
            causes.sort_by_key(|cause| (cause["message"].to_string(), cause["field"].to_string()));
        }
    }
    object
}

/// The texts of all `fieldsV1`, in which the order of members can still be seen.
fn fields_texts(answer: &str) -> Vec<String> {
    const START: &str = "\"fieldsV1\":";
    answer
        .match_indices(START)
        .filter_map(|(at, _)| {
            let rest = &answer[at + START.len()..];
            let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
            values.next()?.ok()?;
            Some(rest[..values.byte_offset()].to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_differs_from_run_to_run_is_taken_out() {
        let answer = json!({"metadata": {"uid": "1", "resourceVersion": "2", "managedFields": [
            {"manager": "b", "operation": "Update", "time": "now", "fieldsV1": {}},
            {"manager": "a", "operation": "Update", "fieldsV1": {}},
        ]}});
        let texts = fields_texts(&answer.to_string());
        assert_eq!(texts, ["{}", "{}"]);
        let scrubbed = scrub(answer, &texts);
        assert_eq!(scrubbed["metadata"]["uid"], "uid");
        assert_eq!(scrubbed["metadata"]["managedFields"][0]["manager"], "a");
        assert_eq!(scrubbed["metadata"]["managedFields"][1]["time"], TIME);
        assert_eq!(scrubbed["metadata"].get("resourceVersion"), None);
    }
}
