//! What upstream's schemes fill in, for every kind: `cargo xtask record defaults` writes
//! `tests/golden/defaults/<group>.<version>.txt`, one line for each field that defaulting changes.

use super::skeleton::{Fill, object};
use crate::{repository, upstream};
use anyhow::{Context, Result, ensure};
use object::Gvk;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Objects with conditions that the made ones don't meet: a name and an object on each line.
const CASES: &str = include_str!("defaults/cases.txt");

/// An object to ask about.
struct Case {
    gvk: Gvk,
    name: String,
    object: Value,
}

/// Asks upstream and writes the goldens.
///
/// # Errors
/// Where upstream's types can't be built or refuse an object.
pub fn run() -> Result<()> {
    let cases = cases()?;
    let mut input = String::new();
    for case in &cases {
        writeln!(input, "{}", case.object)?;
    }
    let answers = ask(input)?;
    ensure!(answers.len() == cases.len(), "{} answers to {} cases", answers.len(), cases.len());
    let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
    for (case, (before, after)) in cases.iter().zip(answers) {
        let lines = changes(&before, &after);
        if !lines.is_empty() {
            let text = files.entry(golden(&case.gvk)).or_default();
            writeln!(text, "{} {}", case.gvk.kind, case.name)?;
            lines.iter().try_for_each(|line| writeln!(text, " {line}"))?;
        }
    }
    remove_stale(&files)?;
    for (path, text) in files {
        std::fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// Goldens of versions that nobody is asked about any more.
fn remove_stale(files: &BTreeMap<PathBuf, String>) -> Result<()> {
    for entry in std::fs::read_dir(repository().join("tests/golden/defaults"))? {
        let path = entry?.path();
        if !files.contains_key(&path) {
            std::fs::remove_file(&path).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}

fn golden(gvk: &Gvk) -> PathBuf {
    let group = if gvk.group.is_empty() { "core" } else { &gvk.group };
    repository().join(format!("tests/golden/defaults/{group}.{}.txt", gvk.version))
}

/// All that is asked about, in order: kinds of every version that is still there, and by hand.
fn cases() -> Result<Vec<Case>> {
    let schema = schema::builtin();
    let mut roots: Vec<_> = schema.roots().filter(|(gvk, id)| is_asked(gvk, *id)).collect();
    roots.sort();
    let mut cases = vec![];
    for (gvk, id) in roots {
        for (name, fill) in Fill::ALL {
            let object = Value::Object(object(schema, id, fill));
            cases.push(Case::new(gvk.clone(), name, object));
        }
    }
    for line in CASES.lines() {
        let (name, object) = line.split_once(' ').context("a case has a name and an object")?;
        let object: Value = serde_json::from_str(object).with_context(|| line.to_owned())?;
        let (version, kind) = (object["apiVersion"].as_str(), object["kind"].as_str());
        let gv = version.and_then(object::GroupVersion::parse).context("no apiVersion")?;
        let kind = kind.context("no kind")?.to_owned();
        cases.push(Case::new(
            Gvk { group: gv.group, version: gv.version, kind: kind.into() },
            name,
            object,
        ));
    }
    Ok(cases)
}

impl Case {
    fn new(gvk: Gvk, name: &str, mut object: Value) -> Self {
        let group = if gvk.group.is_empty() { String::new() } else { format!("{}/", gvk.group) };
        object["apiVersion"] = format!("{group}{}", gvk.version).into();
        object["kind"] = gvk.kind.as_ref().into();
        Self { gvk, name: name.to_owned(), object }
    }
}

/// Lists hold what is asked about by itself; types of meta and discovery are in no scheme; versions
/// that no server of this release has are left out.
fn is_asked(gvk: &Gvk, id: schema::TypeId) -> bool {
    const RELEASE_MINOR: u32 = 36;
    let minor = |version: &str| version.strip_prefix("1.")?.parse::<u32>().ok();
    let removed = schema::builtin().get(id).lifecycle.removed.and_then(minor);
    !gvk.kind.ends_with("List")
        && !matches!(&*gvk.group, "meta.k8s.io" | "apidiscovery.k8s.io" | "extensions")
        && removed.is_none_or(|minor| minor > RELEASE_MINOR)
}

/// Upstream's objects before and after defaulting, in the order of the input.
fn ask(input: String) -> Result<Vec<(Value, Value)>> {
    upstream::ask_probe("defaults", input)?
        .lines()
        .map(|line| {
            let (before, after) = line.split_once('\t').context("two objects on a line")?;
            Ok((serde_json::from_str(before)?, serde_json::from_str(after)?))
        })
        .collect()
}

/// The fields that defaulting sets, changes or removes, as lines, sorted.
fn changes(before: &Value, after: &Value) -> Vec<String> {
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    leaves("", before, &mut old);
    leaves("", after, &mut new);
    let mut lines = vec![];
    for (path, value) in &new {
        if old.get(path) != Some(value) && !is_clock(path) && !is_grown(path, value, &old) {
            lines.push(format!("{path} {value}"));
        }
    }
    let is_empty = |value: &Value| value.is_null() || *value == json!({}) || *value == json!([]);
    for (path, value) in &old {
        if !new.contains_key(path) && !is_empty(value) {
            lines.push(format!("- {path}"));
        }
    }
    lines
}

/// A struct that Go prints although nothing is in it is no change.
fn is_grown(path: &str, value: &Value, old: &BTreeMap<String, &Value>) -> bool {
    let below = format!("{path}.");
    *value == json!({}) && old.keys().any(|other| other.starts_with(&below))
}

/// `SetDefaults_DeviceTaint` asks the clock, so its answer is no golden; the kind's strategy does it
/// in ours.
fn is_clock(path: &str) -> bool {
    path.ends_with(".timeAdded")
}

/// The values of a tree that are no trees, with their paths; empty ones count too.
fn leaves<'a>(path: &str, value: &'a Value, found: &mut BTreeMap<String, &'a Value>) {
    let below =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            fields.iter().for_each(|(name, value)| leaves(&below(name), value, found));
        }
        Value::Array(items) if !items.is_empty() => {
            let items = items.iter().enumerate();
            items.for_each(|(i, value)| leaves(&format!("{path}[{i}]"), value, found));
        }
        _ => _ = found.insert(path.to_owned(), value),
    }
}

#[cfg(test)]
mod tests;
