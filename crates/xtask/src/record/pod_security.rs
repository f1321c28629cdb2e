//! What upstream's Pod Security Standards have against pods: `cargo xtask record pod-security`
//! writes `tests/golden/pod_security.txt`, a pod on a line, and below it a line for each version of a
//! level that judges it otherwise than the version before.
//!
//! The pods are those that upstream tests itself with, each in its newest form, and some by hand.

use crate::modules::{STAGING, folder};
use crate::{repository, upstream};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Pods with what upstream's own don't have: a pod on each line.
const CASES: &str = include_str!("pod_security/cases.txt");

/// Asks upstream and writes the golden.
///
/// # Errors
/// Where upstream's code can't be built, or has no pods to test itself with.
pub fn run() -> Result<()> {
    let pods = pods()?;
    let input: String = pods.iter().map(|pod| format!("{pod}\n")).collect();
    // An empty line after each answer.
    let output = upstream::ask_probe("podsecurity", input)?;
    let answers: Vec<&str> = output.split_terminator("\n\n").collect();
    ensure!(answers.len() == pods.len(), "{} answers to {} pods", answers.len(), pods.len());
    let mut text = String::new();
    for (pod, answer) in pods.iter().zip(answers) {
        text.push_str(pod);
        text.push('\n');
        answer.lines().for_each(|line| text.extend([" ", line.trim_end(), "\n"]));
    }
    let path = repository().join("tests/golden/pod_security.txt");
    std::fs::write(&path, text).with_context(|| path.display().to_string())
}

/// All that is asked about, in order, each once.
fn pods() -> Result<Vec<String>> {
    let data = folder("k8s.io/pod-security-admission", STAGING)?.join("test/testdata");
    let mut files: BTreeMap<(String, String, String), (u32, PathBuf)> = BTreeMap::new();
    for level in ["baseline", "restricted"] {
        for version in below(&data.join(level))? {
            let minor = name(&version).strip_prefix("v1.").and_then(|minor| minor.parse().ok());
            let minor: u32 = minor.with_context(|| version.display().to_string())?;
            for verdict in ["fail", "pass"] {
                for file in below(&version.join(verdict))? {
                    let key = (level.to_owned(), verdict.to_owned(), name(&file));
                    let newest = files.entry(key).or_insert_with(|| (minor, file.clone()));
                    if newest.0 < minor {
                        *newest = (minor, file);
                    }
                }
            }
        }
    }
    ensure!(!files.is_empty(), "no pods below {}", data.display());
    let mut known = BTreeSet::new();
    let mut pods = Vec::new();
    for (_, file) in files.values() {
        let json = codec::yaml_to_json(&std::fs::read(file)?).with_context(|| name(file))?;
        pods.push(compact(serde_json::from_slice(&json)?));
    }
    for line in CASES.lines() {
        pods.push(compact(serde_json::from_str(line).with_context(|| line.to_owned())?));
    }
    pods.retain(|pod| known.insert(pod.clone()));
    Ok(pods)
}

/// A pod on one line, without what every pod has.
fn compact(mut pod: Value) -> String {
    for field in ["apiVersion", "kind"] {
        pod.as_object_mut().map(|pod| pod.remove(field));
    }
    pod["metadata"].as_object_mut().map(|metadata| metadata.remove("name"));
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        let containers = pod["spec"].get_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            container.as_object_mut().map(|container| container.remove("image"));
        }
    }
    pod.to_string()
}

fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
