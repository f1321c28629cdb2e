//! The documents that clients begin with, asked of ours and of upstream's kube-apiserver, each on an
//! etcd of its own: discovery, and what either has in a new cluster.

mod on_demand;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::process::ExitCode;
use testkit::cases::{self, Case};
use testkit::{Caller, Generation, Maker, Running, Site};

fn main() -> ExitCode {
    let cases: &[Case<Peers>] = &[
        ("every_discovery_document_is_upstreams", discovery),
        ("aggregated_discovery_is_upstreams", aggregated),
        ("default_roles_and_bindings_are_upstreams", roles),
        ("a_new_cluster_has_what_upstreams_has", bootstrap),
        ("every_openapi_piece_is_offered", openapi),
        ("the_whole_openapi_names_every_definition", definitions),
        ("every_version_that_is_asked_for_is_offered", on_demand::offered),
        ("every_version_that_is_asked_for_is_described", on_demand::described),
        ("every_version_that_is_asked_for_is_registered", on_demand::registered),
        ("objects_of_every_version_are_upstreams", on_demand::read_and_written),
        ("a_manifest_of_rbac_v1beta1_is_taken", on_demand::old_manifests),
        ("what_is_no_version_ends_the_start", on_demand::refused),
    ];
    cases::run(Peers::start, cases)
}

struct Peers {
    ours: Caller,
    theirs: Caller,
    _running: Vec<Running>,
    sites: Vec<Site>,
    on_demand: OnceCell<Box<Peers>>,
}

impl Peers {
    fn start() -> Result<Self> {
        Self::with(&[])
    }

    fn with(flags: &[&str]) -> Result<Self> {
        let (first, second) = (Site::new()?, Site::new()?);
        let own = first.api_server(Maker::Ours, Generation::Today, flags)?;
        let upstream = second.api_server(Maker::Upstream, Generation::Today, flags)?;
        let (ours, theirs) = (first.caller("admin")?, second.caller("admin")?);
        let (running, sites) = (vec![own, upstream], vec![first, second]);
        Ok(Self { ours, theirs, _running: running, sites, on_demand: OnceCell::new() })
    }

    /// The same, with every version on that there is.
    fn on_demand(&self) -> Result<&Self> {
        if self.on_demand.get().is_none() {
            let peers = Self::with(on_demand::FLAGS)?;
            drop(self.on_demand.set(Box::new(peers)));
        }
        self.on_demand.get().map(|peers| &**peers).context("started above")
    }

    /// Our server, asked by somebody else than the admin.
    fn ours_as(&self, user: &str) -> Result<Caller> {
        self.sites[0].caller(user)
    }

    /// The same GET of both, each with the place where it listens left out.
    fn both(&self, path: &str, accept: &str) -> Result<(Value, Value)> {
        let ask = |caller: &Caller| -> Result<Value> {
            let mut value = caller.get_as(path, accept)?.expect(200)?;
            without(&mut value, &["serverAddressByClientCIDRs", "serverAddress"]);
            Ok(value)
        };
        Ok((ask(&self.ours)?, ask(&self.theirs)?))
    }

    fn equal(&self, path: &str) -> Result<()> {
        let (ours, theirs) = self.both(path, "application/json")?;
        ensure!(ours == theirs, "{path}\n  ours   {ours}\n  theirs {theirs}");
        Ok(())
    }
}

fn without(value: &mut Value, fields: &[&str]) {
    match value {
        Value::Object(object) => {
            object.retain(|name, _| !fields.contains(&name.as_str()));
            object.values_mut().for_each(|value| without(value, fields));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| without(value, fields)),
        _ => {}
    }
}

/// The paths of all groups and versions that either has.
fn paths(caller: &Caller) -> Result<BTreeSet<String>> {
    let mut paths = BTreeSet::from(["/api".to_owned(), "/apis".to_owned(), "/api/v1".to_owned()]);
    let groups = caller.get("/apis")?.expect(200)?;
    for group in groups["groups"].as_array().context("groups")? {
        paths.insert(format!("/apis/{}", group["name"].as_str().context("a name")?));
        for version in group["versions"].as_array().context("versions")? {
            paths.insert(format!(
                "/apis/{}",
                version["groupVersion"].as_str().context("a version")?
            ));
        }
    }
    Ok(paths)
}

fn discovery(peers: &Peers) -> Result<()> {
    let (ours, theirs) = (paths(&peers.ours)?, paths(&peers.theirs)?);
    ensure!(ours == theirs, "ours {ours:?}\ntheirs {theirs:?}");
    ensure!(theirs.len() > 40, "only {} documents", theirs.len());
    for path in &theirs {
        peers.equal(path)?;
    }
    Ok(())
}

fn aggregated(peers: &Peers) -> Result<()> {
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    for path in ["/api", "/apis"] {
        let (ours, theirs) = peers.both(path, accept)?;
        ensure!(theirs["kind"] == "APIGroupDiscoveryList", "{theirs}");
        for (own, their) in items(&ours).iter().zip(items(&theirs)) {
            ensure!(own == their, "ours {own}\ntheirs {their}");
        }
        ensure!(items(&ours).len() == items(&theirs).len(), "{path}");
    }
    Ok(())
}

fn items(list: &Value) -> &[Value] {
    list["items"].as_array().map_or(&[][..], Vec::as_slice)
}

/// The objects of a list by their places, without what no two clusters share.
fn by_name(list: &Value) -> Map<String, Value> {
    let mut named = Map::new();
    for item in items(list) {
        let mut item = item.clone();
        let metadata = &item["metadata"];
        let text = |field: &str| metadata[field].as_str().unwrap_or_default().to_owned();
        let name = format!("{}/{}", text("namespace"), text("name"));
        let own =
            ["uid", "resourceVersion", "creationTimestamp", "managedFields", "lastTransitionTime"];
        without(&mut item, &own);
        named.insert(name, item);
    }
    named
}

fn same_names(peers: &Peers, path: &str) -> Result<()> {
    let (ours, theirs) = peers.both(path, "application/json")?;
    let names = |all: &Value| by_name(all).keys().cloned().collect::<BTreeSet<_>>();
    let (ours, theirs) = (names(&ours), names(&theirs));
    ensure!(ours == theirs, "{path}: ours {ours:?}\ntheirs {theirs:?}");
    Ok(())
}

fn same_objects(peers: &Peers, path: &str) -> Result<()> {
    same_names(peers, path)?;
    let (ours, theirs) = peers.both(path, "application/json")?;
    let (ours, theirs) = (by_name(&ours), by_name(&theirs));
    for (name, own) in &ours {
        ensure!(own == &theirs[name], "{path} {name}\n  ours   {own}\n  theirs {}", theirs[name]);
    }
    Ok(())
}

fn roles(peers: &Peers) -> Result<()> {
    for kind in ["clusterroles", "clusterrolebindings", "roles", "rolebindings"] {
        same_objects(peers, &format!("/apis/rbac.authorization.k8s.io/v1/{kind}"))?;
    }
    Ok(())
}

fn bootstrap(peers: &Peers) -> Result<()> {
    // Upstream makes the rest of these a moment after it is ready.
    let paths = ["/apis/scheduling.k8s.io/v1/priorityclasses", "/api/v1/namespaces"];
    for path in paths {
        testkit::until(path, || same_objects(peers, path))?;
    }
    // Some of them hold a CA, of which either has its own.
    let path = "/api/v1/namespaces/kube-system/configmaps";
    testkit::until(path, || same_names(peers, path))
}

fn openapi(peers: &Peers) -> Result<()> {
    let (ours, theirs) = peers.both("/openapi/v3", "application/json")?;
    let names = |index: &Value| -> BTreeSet<String> {
        index["paths"].as_object().map(|paths| paths.keys().cloned().collect()).unwrap_or_default()
    };
    ensure!(names(&ours) == names(&theirs), "{:?}\n{:?}", names(&ours), names(&theirs));
    Ok(())
}

fn definitions(peers: &Peers) -> Result<()> {
    let (ours, theirs) = peers.both("/openapi/v2", "application/json")?;
    for part in ["definitions", "paths"] {
        let names = |document: &Value| -> BTreeSet<String> {
            document[part].as_object().map(|all| all.keys().cloned().collect()).unwrap_or_default()
        };
        let (ours, theirs) = (names(&ours), names(&theirs));
        let missing: Vec<_> = theirs.difference(&ours).collect();
        let strange: Vec<_> = ours.difference(&theirs).collect();
        ensure!(
            missing.is_empty() && strange.is_empty(),
            "{part}: lacks {missing:?}, has {strange:?}"
        );
    }
    Ok(())
}
