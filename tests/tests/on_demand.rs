//! The versions that are served only when they are asked for: offered, read and written as
//! upstream's kube-apiserver does, and refused as it refuses what there is not.

use super::{Peers, items, without};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use testkit::{Caller, Generation, Maker, Site, repository};

/// What turns everything on that upstream can serve and this repository too.
pub(super) const FLAGS: &[&str] = &[
    "--runtime-config=api/all=true",
    "--feature-gates=ClusterTrustBundle=true,GenericWorkload=true,StorageVersionMigrator=true",
    // These plugins are for controllers that do not run here.
    "--disable-admission-plugins=PodGroupProtection,PodGroupWorkloadExists",
];

/// The one that upstream has given up.
const OURS_ALONE: &str = "rbac.authorization.k8s.io/v1beta1";

const DISCOVERY: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The objects of each kind that are tried.
const OBJECTS_MAX: usize = 2;

/// What a document says without sentences.
const SENTENCES: &[&str] = &["description"];

/// What no two servers share.
const OWN: &[&str] = &["uid", "resourceVersion", "creationTimestamp", "time"];

pub(super) fn offered(peers: &Peers) -> Result<()> {
    let peers = peers.on_demand()?;
    let (mut ours, theirs) = peers.both("/apis", DISCOVERY)?;
    let mut found = false;
    for group in ours["items"].as_array_mut().context("items")? {
        let of = group["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let versions = group["versions"].as_array_mut().context("versions")?;
        let all = versions.len();
        versions.retain(|one| {
            format!("{of}/{}", one["version"].as_str().unwrap_or_default()) != OURS_ALONE
        });
        found |= versions.len() < all;
    }
    ensure!(found, "{OURS_ALONE} is not offered");
    for (own, their) in items(&ours).iter().zip(items(&theirs)) {
        ensure!(own == their, "ours {own}\ntheirs {their}");
    }
    ensure!(items(&ours).len() == items(&theirs).len());
    let documents = previews(&theirs);
    ensure!(documents.len() >= 14, "only {documents:?}");
    for (group, version, _) in &documents {
        peers.equal(&format!("/apis/{group}"))?;
        peers.equal(&format!("/apis/{group}/{version}"))?;
    }
    Ok(())
}

pub(super) fn described(peers: &Peers) -> Result<()> {
    let peers = peers.on_demand()?;
    let (ours, theirs) = peers.both("/openapi/v3", "application/json")?;
    let names = |index: &Value| -> BTreeSet<String> {
        index["paths"].as_object().map(|paths| paths.keys().cloned().collect()).unwrap_or_default()
    };
    let (mut ours, theirs) = (names(&ours), names(&theirs));
    ensure!(ours.remove(&format!("apis/{OURS_ALONE}")), "{ours:?}");
    ensure!(ours == theirs, "ours {ours:?}\ntheirs {theirs:?}");
    for name in theirs.iter().filter(|name| is_preview(name)) {
        let (mut ours, mut theirs) =
            peers.both(&format!("/openapi/v3/{name}"), "application/json")?;
        without(&mut ours, SENTENCES);
        without(&mut theirs, SENTENCES);
        for part in ["paths", "components"] {
            let (ours, theirs) = (flat(&ours[part]), flat(&theirs[part]));
            for ((place, own), (other, their)) in ours.iter().zip(&theirs) {
                ensure!(place == other, "{name}: ours {place}\ntheirs {other}");
                ensure!(own == their, "{name} {place}\n  ours   {own}\n  theirs {their}");
            }
            ensure!(ours.len() == theirs.len(), "{name} {part}");
        }
    }
    Ok(())
}

pub(super) fn registered(peers: &Peers) -> Result<()> {
    let peers = peers.on_demand()?;
    let path = "/apis/apiregistration.k8s.io/v1/apiservices";
    let (ours, theirs) = peers.both(path, "application/json")?;
    let (mut ours, theirs) = (super::by_name(&ours), super::by_name(&theirs));
    let own = ours.remove("/v1beta1.rbac.authorization.k8s.io").context(OURS_ALONE)?;
    ensure!(own["spec"]["versionPriority"] == 12, "{own}");
    let specs = |all: &serde_json::Map<String, Value>| -> Vec<(String, Value)> {
        all.iter().map(|(name, object)| (name.clone(), object["spec"].clone())).collect()
    };
    ensure!(specs(&ours) == specs(&theirs), "ours {ours:?}\ntheirs {theirs:?}");
    Ok(())
}

/// Objects are made in the version that they were recorded in, read in every other, and made again
/// out of what upstream shows there.
pub(super) fn read_and_written(peers: &Peers) -> Result<()> {
    let peers = peers.on_demand()?;
    let (_, theirs) = peers.both("/apis", DISCOVERY)?;
    let all = previews(&theirs);
    let mut tried = BTreeSet::new();
    for (group, version, resources) in &all {
        for resource in resources {
            let plural = resource["resource"].as_str().context("a name")?;
            let namespaced = resource["scope"] == "Namespaced";
            for object in recorded(plural, group)? {
                let made_in = object["apiVersion"].as_str().context("a version")?.to_owned();
                let own_folder = folder(&format!("{group}/{version}"), plural, namespaced);
                let first = folder(&made_in, plural, namespaced);
                if peers.theirs.post(&first, &object)?.code != 201 {
                    continue;
                }
                peers.ours.post(&first, &object)?.expect(201)?;
                let name = object["metadata"]["name"].as_str().context("a name")?;
                let seen = peers.same(&format!("{own_folder}/{name}"))?;
                for caller in [&peers.ours, &peers.theirs] {
                    gone(caller, &format!("{first}/{name}"))?;
                }
                peers.same_made(&own_folder, &fresh(&seen))?;
                for caller in [&peers.ours, &peers.theirs] {
                    gone(caller, &format!("{own_folder}/{name}"))?;
                }
                tried.insert(format!("{group}/{version} {plural}"));
            }
        }
    }
    // Upstream refuses the recorded policies of mutation and their bindings.
    let wanted = all.iter().map(|(_, _, resources)| resources.len()).sum::<usize>() - 4;
    ensure!(tried.len() >= wanted, "{} of {wanted}: {tried:?}", tried.len());
    Ok(())
}

pub(super) fn old_manifests(peers: &Peers) -> Result<()> {
    let peers = peers.on_demand()?;
    let root = |version: &str| format!("/apis/rbac.authorization.k8s.io/{version}");
    let binding = json!({
        "apiVersion": OURS_ALONE, "kind": "ClusterRoleBinding",
        "metadata": {"name": "old-manifest"},
        "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "User", "name": "jane"}],
    });
    let old = format!("{}/clusterrolebindings", root("v1beta1"));
    let answer = peers.ours.post(&old, &binding)?;
    let warning = answer.header("warning").to_owned();
    let made = answer.expect(201)?;
    ensure!(warning.contains("unavailable in v1.22+; use rbac"), "{warning}");
    ensure!(made["apiVersion"] == OURS_ALONE, "{made}");
    let path = format!("{}/clusterrolebindings/old-manifest", root("v1"));
    let newer = peers.ours.get(&path)?.expect(200)?;
    let group = "rbac.authorization.k8s.io";
    ensure!(newer["roleRef"]["apiGroup"] == group, "{newer}");
    ensure!(newer["subjects"][0]["apiGroup"] == group, "{newer}");
    let stored = peers.sites[0].etcd.value("/registry/clusterrolebindings/old-manifest")?;
    ensure!(!stored.is_empty() && !contains(&stored[..64], b"v1beta1"), "stored as {stored:?}");
    let jane = peers.ours_as("jane")?;
    testkit::until("jane may read", || {
        jane.get("/api/v1/namespaces/default/pods")?.expect(200).map(drop)
    })
}

/// What is no version ends the program, in the same words; what is switched off is not there.
pub(super) fn refused(_: &Peers) -> Result<()> {
    for (config, why) in [
        ("apps/v9=true", "group version apps/v9 that has not been registered"),
        ("b.example/v1,a.example/v2", "unknown api groups a.example/v2,b.example/v1"),
        ("api/all=false", "invalid runtime-config with only api/all=false"),
        ("v2=true", "runtime-config invalid key v2"),
    ] {
        for maker in [Maker::Ours, Maker::Upstream] {
            let site = Site::new()?;
            let flag = format!("--runtime-config={config}");
            let mut running = site.start_api_server(maker, Generation::Today, &[&flag])?;
            let ended = running.process.ended().context(config)?;
            ensure!(!ended.success(), "{config}: it ended well");
            let said = running.process.said();
            ensure!(said.contains(why), "{maker:?} {config}: {said}");
        }
    }
    let site = Site::new()?;
    let flag = "--runtime-config=batch/v1=false,scheduling.k8s.io/v1=false,apps/v1/daemonsets=0";
    let _running = site.api_server(Maker::Ours, Generation::Today, &[flag])?;
    let admin = site.caller("admin")?;
    for path in ["/apis/batch", "/apis/batch/v1/jobs", "/apis/apps/v1/daemonsets"] {
        ensure!(admin.get(path)?.code == 404, "{path} is there");
    }
    admin.get("/apis/apps/v1/deployments")?.expect(200)?;
    let groups = admin.get("/apis")?.text();
    ensure!(!groups.contains("\"batch\"") && groups.contains("\"apps\""), "{groups}");
    Ok(())
}

impl Peers {
    /// An object as both show it, and as upstream does.
    fn same(&self, path: &str) -> Result<Value> {
        let ask = |caller: &Caller| caller.get(path)?.expect(200);
        let (ours, theirs) = (ask(&self.ours)?, ask(&self.theirs)?);
        same_objects(path, &ours, &theirs)?;
        Ok(theirs)
    }

    /// The answer of both to a new object.
    fn same_made(&self, path: &str, object: &Value) -> Result<()> {
        let ask = |caller: &Caller| caller.post(path, object)?.expect(201);
        same_objects(path, &ask(&self.ours)?, &ask(&self.theirs)?)
    }
}

fn same_objects(path: &str, ours: &Value, theirs: &Value) -> Result<()> {
    let (mut ours, mut theirs) = (ours.clone(), theirs.clone());
    without(&mut ours, OWN);
    without(&mut theirs, OWN);
    ensure!(ours == theirs, "{path}\n  ours   {ours}\n  theirs {theirs}");
    Ok(())
}

/// Group, version and resources of what is no version of its own right yet.
fn previews(discovery: &Value) -> Vec<(String, String, Vec<Value>)> {
    let mut found = Vec::new();
    for group in items(discovery) {
        let name = group["metadata"]["name"].as_str().unwrap_or_default();
        for version in group["versions"].as_array().into_iter().flatten() {
            let of = version["version"].as_str().unwrap_or_default();
            if is_preview(of) {
                let resources = version["resources"].as_array().cloned().unwrap_or_default();
                found.push((name.to_owned(), of.to_owned(), resources));
            }
        }
    }
    found
}

fn is_preview(version: &str) -> bool {
    let version = version.rsplit('/').next().unwrap_or(version);
    version.starts_with('v') && (version.contains("alpha") || version.contains("beta"))
}

fn folder(group_version: &str, plural: &str, namespaced: bool) -> String {
    let namespace = if namespaced { "/namespaces/default" } else { "" };
    format!("/apis/{group_version}{namespace}/{plural}")
}

fn recorded(plural: &str, group: &str) -> Result<Vec<Value>> {
    let path = repository().join(format!("tests/golden/tables/{plural}.{group}.json"));
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let table: Value = serde_json::from_str(&text)?;
    let rows = table["rows"].as_array().context("rows")?;
    Ok(rows.iter().take(OBJECTS_MAX).map(|row| fresh(&row["object"])).collect())
}

/// An object as somebody would make it.
fn fresh(seen: &Value) -> Value {
    let mut object = seen.clone();
    object["metadata"] = json!({"name": seen["metadata"]["name"]});
    object
}

fn gone(caller: &Caller, path: &str) -> Result<()> {
    let finalizers = json!({"metadata": {"finalizers": null}});
    caller.patch(path, "merge", &finalizers)?.expect(200)?;
    caller.delete(path)?.expect(200)?;
    Ok(())
}

/// Every value of a document by its place.
fn flat(value: &Value) -> Vec<(String, Value)> {
    fn walk(place: &str, value: &Value, out: &mut Vec<(String, Value)>) {
        match value {
            Value::Object(object) if !object.is_empty() => {
                for (name, value) in object {
                    walk(&format!("{place}.{name}"), value, out);
                }
            }
            other => out.push((place.to_owned(), other.clone())),
        }
    }
    let mut out = Vec::new();
    walk("", value, &mut out);
    out.sort_by(|one, other| one.0.cmp(&other.0));
    out
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
