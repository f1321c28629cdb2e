//! The two-way door: our kube-apiserver and upstream's v1.36.3, one after the other on one etcd
//! behind mTLS, with one encryption file, read what the other wrote, to the byte.
//!
//! The objects are those that upstream was recorded with (`tests/golden/tables`), of every kind.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::ExitCode;
use testkit::cases::{self, Case};
use testkit::{Caller, Generation, Maker, Site, repository};

/// Objects come as a client would send them, without the work of a controller manager.
const FLAGS: &[&str] = &["--disable-admission-plugins=ServiceAccount"];

/// The namespaces of either writer, of one length, so that stored bytes can be compared.
const THEIRS: &str = "by-them";
const OURS: &str = "by-ours";

fn main() -> ExitCode {
    let cases: &[Case<Door>] = &[
        ("upstream_takes_most_of_its_own_goldens", enough),
        ("ours_reads_what_upstream_wrote", |door| door.same(&door.theirs)),
        ("ours_takes_what_upstream_takes", taken),
        ("upstream_reads_what_ours_wrote", |door| door.same(&door.ours)),
        ("ours_writes_the_bytes_that_upstream_writes", stored),
        ("secrets_are_sealed_with_the_first_key", sealed),
    ];
    cases::run(Door::pass, cases)
}

/// What came of it.
struct Door {
    site: Site,
    /// Written by upstream.
    theirs: Vec<Written>,
    /// The same objects written by ours, in the same order, and what was refused.
    ours: Vec<Written>,
    refused: Vec<String>,
}

/// An object that one has written.
struct Written {
    /// Where it is, and its key in etcd.
    path: String,
    golden: Golden,
    /// The same GET, answered by who wrote it and by the other.
    writer: Vec<u8>,
    reader: Vec<u8>,
    stored: Vec<u8>,
}

impl Door {
    fn pass() -> Result<Self> {
        let site = Site::new()?;
        let admin = || site.caller("admin");
        let goldens = goldens()?;

        let upstream = site.api_server(Maker::Upstream, Generation::Today, FLAGS)?;
        for namespace in [THEIRS, OURS] {
            admin()?
                .post("/api/v1/namespaces", &json!({"metadata": {"name": namespace}}))?
                .expect(201)?;
        }
        let scopes = scopes(&admin()?, &goldens)?;
        let (mut theirs, _) = write(&site, &admin()?, &goldens, &scopes, THEIRS)?;
        upstream.process.stop()?;

        let taken: Vec<Golden> = theirs.iter().map(|written| written.golden.clone()).collect();
        let own = site.api_server(Maker::Ours, Generation::Today, FLAGS)?;
        read(&admin()?, &mut theirs)?;
        let (mut ours, refused) = write(&site, &admin()?, &taken, &scopes, OURS)?;
        own.process.stop()?;

        let upstream = site.api_server(Maker::Upstream, Generation::Today, FLAGS)?;
        read(&admin()?, &mut ours)?;
        upstream.process.stop()?;
        Ok(Self { site, theirs, ours, refused })
    }

    /// Whether writer and reader gave the same answer, byte for byte.
    fn same(&self, all: &[Written]) -> Result<()> {
        let mut differ = vec![];
        for written in all.iter().filter(|written| written.writer != written.reader) {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            differ.push(format!(
                "{}\n  writer {}\n  reader {}",
                written.path,
                text(&written.writer),
                text(&written.reader)
            ));
        }
        ensure!(
            differ.is_empty(),
            "{} of {} differ:\n{}",
            differ.len(),
            all.len(),
            differ.join("\n")
        );
        Ok(())
    }
}

/// An object of a kind, as a client sends it.
#[derive(Clone)]
struct Golden {
    /// Such as `/apis/apps/v1`.
    root: String,
    plural: String,
    object: Value,
}

/// What upstream was recorded with, one of each name.
fn goldens() -> Result<Vec<Golden>> {
    let folder = repository().join("tests/golden/tables");
    let mut files: Vec<_> =
        std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.sort();
    let mut goldens = vec![];
    for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "json"))
    {
        let golden: Value = serde_json::from_slice(&std::fs::read(file)?)?;
        let name = file.file_stem().context("a name")?.to_string_lossy().into_owned();
        let plural = name.split('.').next().unwrap_or_default().to_owned();
        let version = golden["apiVersion"].as_str().context("apiVersion")?;
        let root = match version.contains('/') {
            true => format!("/apis/{version}"),
            false => format!("/api/{version}"),
        };
        for row in golden["rows"].as_array().context("rows")? {
            let mut object = row["object"].clone();
            let old = object["metadata"].take();
            if let Some(fields) = object.as_object_mut() {
                // There is one for all, and the other writer has it.
                fields.remove("globalDefault");
            }
            // Upstream's API server itself maintains these, and removes strange ones.
            if !old["annotations"]["apf.kubernetes.io/autoupdate-spec"].is_null() {
                continue;
            }
            object["metadata"] = json!({"name": old["name"]});
            for field in ["labels", "annotations"] {
                if !old[field].is_null() {
                    object["metadata"][field] = old[field].clone();
                }
            }
            if let Some(annotations) = object["metadata"]["annotations"].as_object_mut() {
                // Two default classes would be one for each writer.
                annotations.retain(|name, _| !name.contains("is-default-class"));
            }
            goldens.push(Golden { root: root.clone(), plural: plural.clone(), object });
        }
    }
    Ok(goldens)
}

/// Whether the kinds are namespaced, by root and plural name.
fn scopes(caller: &Caller, goldens: &[Golden]) -> Result<BTreeMap<(String, String), bool>> {
    let mut scopes = BTreeMap::new();
    let mut roots: Vec<&str> = goldens.iter().map(|golden| golden.root.as_str()).collect();
    roots.dedup();
    for root in roots {
        let answer = caller.get(root)?;
        // A version that upstream has off by default.
        if answer.code == 404 {
            continue;
        }
        for resource in answer.expect(200)?["resources"].as_array().context("resources")? {
            let name = resource["name"].as_str().unwrap_or_default().to_owned();
            scopes.insert((root.to_owned(), name), resource["namespaced"] == true);
        }
    }
    Ok(scopes)
}

/// Creates what can be created, and reads it back.
fn write(
    site: &Site,
    caller: &Caller,
    goldens: &[Golden],
    scopes: &BTreeMap<(String, String), bool>,
    namespace: &str,
) -> Result<(Vec<Written>, Vec<String>)> {
    let (mut written, mut refused) = (vec![], vec![]);
    for golden in goldens {
        // Upstream's API server writes into their status at once.
        if golden.plural == "flowschemas" {
            continue;
        }
        let Some(namespaced) = scopes.get(&(golden.root.clone(), golden.plural.clone())) else {
            continue;
        };
        let mut object = golden.object.clone();
        let folder = match namespaced {
            true => format!("{}/namespaces/{namespace}/{}", golden.root, golden.plural),
            false => format!("{}/{}", golden.root, golden.plural),
        };
        if !namespaced && !rename(&mut object, &golden.plural, namespace) {
            continue;
        }
        let answer = caller.post(&folder, &object)?;
        if answer.code != 201 {
            refused.push(format!("{folder}: {} {}\n  {object}", answer.code, answer.text()));
            continue;
        }
        let name = answer.json()?["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let path = format!("{folder}/{name}");
        let writer = caller.get(&path)?;
        ensure!(writer.code == 200, "{path}: {}", writer.text());
        let stored = stored_value(site, &golden.plural, *namespaced, namespace, &name)?;
        let golden = golden.clone();
        written.push(Written { path, golden, writer: writer.body, reader: vec![], stored });
    }
    Ok((written, refused))
}

/// Gives an object without a namespace a name of its own for each writer; not where the name is
/// bound to what the object says.
fn rename(object: &mut Value, plural: &str, namespace: &str) -> bool {
    if ["apiservices", "customresourcedefinitions", "ipaddresses", "namespaces"].contains(&plural) {
        return false;
    }
    let old = object["metadata"]["name"].as_str().unwrap_or_default().replace(':', "-");
    let name = match plural {
        // Of a signer or driver whose name is a prefix or all of it.
        "clustertrustbundles" | "csidrivers" => return false,
        "priorityclasses" if old.starts_with("system-") => return false,
        _ => format!("{namespace}-{old}"),
    };
    object["metadata"]["name"] = name.into();
    true
}

/// The value in etcd, whatever the resource's folder is.
fn stored_value(
    site: &Site,
    plural: &str,
    namespaced: bool,
    namespace: &str,
    name: &str,
) -> Result<Vec<u8>> {
    let special = match plural {
        "services" => "services/specs",
        "endpoints" => "services/endpoints",
        "nodes" => "minions",
        "ingresses" => "ingress",
        "replicationcontrollers" => "controllers",
        other => other,
    };
    let place = if namespaced { format!("{namespace}/{name}") } else { name.to_owned() };
    let value = site.etcd.value(&format!("/registry/{special}/{place}"))?;
    ensure!(!value.is_empty(), "nothing is stored for {plural} {place}");
    Ok(value)
}

fn read(caller: &Caller, all: &mut [Written]) -> Result<()> {
    for written in all {
        written.reader = caller.get(&written.path)?.body;
    }
    Ok(())
}

fn enough(door: &Door) -> Result<()> {
    let kinds: std::collections::BTreeSet<_> =
        door.theirs.iter().map(|written| (&written.golden.root, &written.golden.plural)).collect();
    ensure!(kinds.len() >= 35, "only {} kinds: {kinds:?}", kinds.len());
    println!("{} objects of {} kinds", door.theirs.len(), kinds.len());
    Ok(())
}

fn taken(door: &Door) -> Result<()> {
    ensure!(
        door.refused.is_empty(),
        "{} refused:\n{}",
        door.refused.len(),
        door.refused.join("\n")
    );
    Ok(())
}

/// The same objects, stored by either, apart from what no two writes share.
fn stored(door: &Door) -> Result<()> {
    let mut differ = vec![];
    let mut compared = 0;
    for own in &door.ours {
        let path = own.path.replace(OURS, THEIRS);
        let Some(their) = door.theirs.iter().find(|their| their.path == path) else { continue };
        // Sealed values begin with a random vector; addresses and ports are drawn.
        if ["secrets", "services"].contains(&own.golden.plural.as_str()) {
            continue;
        }
        compared += 1;
        let (own, their) = (masked(&own.stored), masked(&their.stored));
        if own != their {
            // The beginning differs by lengths alone; what is told is the end of what differs.
            let end =
                own.iter().rev().zip(their.iter().rev()).position(|(a, b)| a != b).unwrap_or(0);
            let show = |bytes: &[u8]| {
                let to = bytes.len() - end;
                let shown = &bytes[to.saturating_sub(120)..(to + 40).min(bytes.len())];
                shown.escape_ascii().to_string()
            };
            differ.push(format!("{path}\n  ours   {}\n  theirs {}", show(&own), show(&their)));
        }
    }
    ensure!(compared > 50, "only {compared} compared");
    ensure!(differ.is_empty(), "{} of {compared} differ:\n{}", differ.len(), differ.join("\n"));
    Ok(())
}

/// A stored value without UIDs, times, and the writer's name.
fn masked(value: &[u8]) -> Vec<u8> {
    let text = value.to_vec();
    let mut out = replace(&text, OURS.as_bytes(), THEIRS.as_bytes());
    let mut at = 0;
    while at < out.len() {
        if let Some(length) =
            uid(&out[at..]).or_else(|| time(&out[at..])).or_else(|| json_time(&out[at..]))
        {
            out[at..at + length].fill(b'.');
            at += length;
        } else {
            at += 1;
        }
    }
    out
}

fn replace(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for at in 0..bytes.len().saturating_sub(old.len() - 1) {
        if &bytes[at..at + old.len()] == old {
            out[at..at + old.len()].copy_from_slice(new);
        }
    }
    out
}

/// `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`.
fn uid(bytes: &[u8]) -> Option<usize> {
    const LENGTH: usize = 36;
    let found = bytes.get(..LENGTH)?.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    found.then_some(LENGTH)
}

/// A `Time` of this age in protobuf: tag, seconds in five bytes, no nanoseconds.
fn time(bytes: &[u8]) -> Option<usize> {
    let [0x08, a, b, c, d, e, 0x10, 0x00, ..] = bytes else { return None };
    let large = [a, b, c, d].iter().all(|byte| **byte & 0x80 != 0);
    (large && (5..8).contains(e)).then_some(8)
}

/// `2026-01-02T03:04:05Z` in JSON.
fn json_time(bytes: &[u8]) -> Option<usize> {
    const LENGTH: usize = 20;
    let found = bytes.get(..LENGTH)?.iter().enumerate().all(|(at, byte)| match at {
        4 | 7 => *byte == b'-',
        10 => *byte == b'T',
        13 | 16 => *byte == b':',
        19 => *byte == b'Z',
        _ => byte.is_ascii_digit(),
    });
    found.then_some(LENGTH)
}

fn sealed(door: &Door) -> Result<()> {
    let all = door.theirs.iter().chain(&door.ours);
    let secrets: Vec<_> = all.filter(|written| written.golden.plural == "secrets").collect();
    ensure!(secrets.iter().any(|secret| secret.path.contains(OURS)), "ours wrote no secret");
    for secret in secrets {
        let begin = b"k8s:enc:aescbc:v1:key1:";
        ensure!(secret.stored.starts_with(begin), "{} is not sealed", secret.path);
    }
    for key in door.site.etcd.keys("/registry/secrets/")? {
        let value = door.site.etcd.value(&key)?;
        ensure!(value.starts_with(b"k8s:enc:aescbc:v1:key1:"), "{key} is not sealed");
    }
    Ok(())
}
