//! What the two servers wrote into their etcds.

use super::answer::{messages, scrub};
use crate::upstream::ControlPlane;
use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use object::Value;
use std::collections::BTreeMap;
use std::process::Command;

/// The keys below a prefix, with both sides' values as text.
///
/// # Errors
/// Where etcdctl does not answer.
pub(super) fn below(
    ours: &ControlPlane,
    theirs: &ControlPlane,
    prefix: &str,
) -> Result<Vec<(String, String, String)>> {
    let mut values: BTreeMap<String, (String, String)> = BTreeMap::new();
    for (key, value) in read(ours, prefix)? {
        values.entry(key).or_default().0 = value;
    }
    for (key, value) in read(theirs, prefix)? {
        values.entry(key).or_default().1 = value;
    }
    Ok(values.into_iter().map(|(key, (ours, theirs))| (key, ours, theirs)).collect())
}

fn read(plane: &ControlPlane, prefix: &str) -> Result<Vec<(String, String)>> {
    let output = Command::new("etcdctl")
        .env("ETCDCTL_API", "3")
        .args(["--endpoints", &plane.etcd_url(), "get", "--prefix", prefix, "-w", "json"])
        .output()
        .context("etcdctl does not start")?;
    ensure!(output.status.success(), "etcdctl: {}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout)?;
    let mut values = Vec::new();
    for pair in answer["kvs"].as_array().into_iter().flatten() {
        let bytes = |field: &str| STANDARD.decode(pair[field].as_str().unwrap_or_default());
        let value = bytes("value")?;
        let text = match codec::envelope::is_envelope(&value) {
            true => messages(&value),
            false => String::from_utf8_lossy(&value).into_owned(),
        };
        values.push((scrub(&String::from_utf8_lossy(&bytes("key")?)), scrub(&text)));
    }
    Ok(values)
}
