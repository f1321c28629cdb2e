//! Coverage by enumeration: every kind that the server offers has its 401, 403, 404, 409, dry run,
//! watch, table and strict case, with an object that upstream was recorded with, or with one of
//! `tests/fixtures`. Kinds without an object stand in `tests/golden/uncovered.txt`, which may only
//! get shorter.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;
use testkit::cases::{self, Case};
use testkit::{Caller, Orlop, repository};

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

fn main() -> ExitCode {
    let cases: &[Case<Catalogue>] = &[
        ("every_kind_is_covered_or_listed", listed),
        ("every_kind_refuses_a_wrong_token", |all| all.each(wrong_token)),
        ("every_kind_refuses_who_has_no_right", |all| all.each(no_right)),
        ("every_kind_says_what_is_not_there", |all| all.each(missing)),
        ("every_kind_refuses_a_name_that_is_taken", |all| all.each(taken)),
        ("every_kind_refuses_a_stale_update", |all| all.each(stale)),
        ("every_kind_leaves_nothing_of_a_dry_run", |all| all.each(dry_run)),
        ("every_kind_is_watched", |all| all.each(watch)),
        ("every_kind_has_a_table", |all| all.each(table)),
        ("every_kind_names_an_unknown_field", |all| all.each(strict)),
        ("every_kind_can_be_deleted", |all| all.each(delete)),
    ];
    cases::run(Catalogue::start, cases)
}

/// A kind with an object of it that is there.
struct Covered {
    /// Such as `apps/deployments`.
    name: String,
    kind: String,
    resource: String,
    /// Where its objects are, and this one.
    folder: String,
    path: String,
    object: Value,
    verbs: BTreeSet<String>,
}

struct Catalogue {
    covered: Vec<Covered>,
    uncovered: BTreeSet<String>,
    admin: Caller,
    stranger: Caller,
    nobody: Caller,
    _orlop: Orlop,
    _folder: tempfile::TempDir,
}

impl Catalogue {
    fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        // Objects stay as they are put: no admission plugin asks for what a cluster would have.
        let flags = [
            "--in-memory",
            "--api-server-flag=--disable-admission-plugins=ServiceAccount,Priority",
        ];
        let orlop = Orlop::start(folder.path(), &flags)?;
        let admin = orlop.caller()?;
        let mut all = Self {
            covered: vec![],
            uncovered: BTreeSet::new(),
            stranger: Caller::with_token(orlop.url(), "no-such-token")?,
            nobody: orlop.caller()?.with_header("impersonate-user", "jane"),
            admin,
            _orlop: orlop,
            _folder: folder,
        };
        all.make()?;
        Ok(all)
    }

    fn make(&mut self) -> Result<()> {
        let mut roots = vec![("/api/v1".to_owned(), String::new())];
        for group in self.admin.get("/apis")?.expect(200)?["groups"].as_array().context("groups")? {
            let name = group["name"].as_str().context("a name")?.to_owned();
            for version in group["versions"].as_array().context("versions")? {
                let version = version["groupVersion"].as_str().context("a version")?;
                roots.push((format!("/apis/{version}"), name.clone()));
            }
        }
        let mut seen: BTreeMap<String, bool> = BTreeMap::new();
        for (root, group) in roots {
            let list = self.admin.get(&root)?.expect(200)?;
            for resource in list["resources"].as_array().context("resources")? {
                let plural = resource["name"].as_str().context("a name")?;
                let verbs: BTreeSet<String> = serde_json::from_value(resource["verbs"].clone())?;
                if plural.contains('/') || !verbs.contains("get") || !verbs.contains("create") {
                    continue;
                }
                let name = format!("{group}/{plural}");
                let found = self.cover(&name, &root, resource, verbs)?;
                let known = seen.entry(name).or_default();
                *known = *known || found;
            }
        }
        self.uncovered =
            seen.into_iter().filter(|(_, found)| !found).map(|(name, _)| name).collect();
        Ok(())
    }

    /// Creates the first of the recorded objects that the server takes.
    fn cover(
        &mut self,
        name: &str,
        root: &str,
        resource: &Value,
        verbs: BTreeSet<String>,
    ) -> Result<bool> {
        let plural = resource["name"].as_str().unwrap_or_default();
        let (group, _) = name.split_once('/').unwrap_or_default();
        let stem = if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") };
        let file = repository().join(format!("tests/golden/tables/{stem}.json"));
        let mut objects = recorded(&file)?;
        objects.extend(fixture(name)?);
        let version = root.trim_start_matches("/apis/").trim_start_matches("/api/");
        let folder = match resource["namespaced"] == true {
            true => format!("{root}/namespaces/default/{plural}"),
            false => format!("{root}/{plural}"),
        };
        for object in objects.into_iter().filter(|object| object["apiVersion"] == version) {
            let answer = self.admin.post(&folder, &object)?;
            if answer.code != 201 {
                continue;
            }
            let made = answer.json()?;
            let own = made["metadata"]["name"].as_str().context("a name")?.to_owned();
            self.covered.push(Covered {
                name: name.to_owned(),
                kind: resource["kind"].as_str().unwrap_or_default().to_owned(),
                resource: plural.to_owned(),
                path: format!("{folder}/{own}"),
                folder,
                object,
                verbs,
            });
            return Ok(true);
        }
        Ok(false)
    }

    /// Holds every kind to a rule, and tells all that break it.
    fn each(&self, rule: fn(&Self, &Covered) -> Result<()>) -> Result<()> {
        let broken: Vec<String> = self
            .covered
            .iter()
            .filter_map(|kind| rule(self, kind).err().map(|why| format!("{}: {why:#}", kind.name)))
            .collect();
        ensure!(
            broken.is_empty(),
            "{} of {}:\n{}",
            broken.len(),
            self.covered.len(),
            broken.join("\n")
        );
        Ok(())
    }
}

/// The objects that upstream was recorded with, as a client sends them.
fn recorded(file: &Path) -> Result<Vec<Value>> {
    let Ok(text) = std::fs::read(file) else { return Ok(vec![]) };
    let golden: Value = serde_json::from_slice(&text)?;
    let rows = golden["rows"].as_array().context("rows")?.iter();
    Ok(rows
        .map(|row| {
            let mut object = row["object"].clone();
            let name = object["metadata"]["name"].take();
            object["metadata"] = json!({"name": name});
            object
        })
        .collect())
}

/// Our own, for kinds whose recorded objects are only good where they were.
fn fixture(name: &str) -> Result<Option<Value>> {
    let text = std::fs::read(repository().join("tests/fixtures/objects.json"))?;
    let mut all: Value = serde_json::from_slice(&text)?;
    Ok(Some(all[name].take()).filter(|object| !object.is_null()))
}

fn listed(all: &Catalogue) -> Result<()> {
    let text = std::fs::read_to_string(repository().join("tests/golden/uncovered.txt"))?;
    let known: BTreeSet<&str> =
        text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    let now: BTreeSet<&str> = all.uncovered.iter().map(String::as_str).collect();
    let new: Vec<_> = now.difference(&known).collect();
    let done: Vec<_> = known.difference(&now).collect();
    ensure!(new.is_empty(), "neither covered nor listed: {new:?}");
    ensure!(done.is_empty(), "covered, so take them off the list: {done:?}");
    println!("{} kinds are covered, {} are not", all.covered.len(), now.len());
    Ok(())
}

fn wrong_token(all: &Catalogue, kind: &Covered) -> Result<()> {
    all.stranger.get(&kind.folder)?.expect(401)?;
    all.stranger.post(&kind.folder, &kind.object)?.expect(401)?;
    all.stranger.delete(&kind.path)?.expect(401).map(drop)
}

fn no_right(all: &Catalogue, kind: &Covered) -> Result<()> {
    let refused = |answer: testkit::Answer, verb: &str| -> Result<()> {
        let status = answer.expect(403)?;
        let message = status["message"].as_str().unwrap_or_default();
        let told = format!("User \"jane\" cannot {verb} resource \"{}\"", kind.resource);
        ensure!(message.contains(&told), "{message}");
        Ok(())
    };
    refused(all.nobody.get(&kind.folder)?, "list")?;
    refused(all.nobody.get(&kind.path)?, "get")?;
    refused(all.nobody.get(&format!("{}?watch=true", kind.folder))?, "watch")?;
    refused(all.nobody.post(&kind.folder, &kind.object)?, "create")?;
    refused(all.nobody.put(&kind.path, &kind.object)?, "update")?;
    refused(all.nobody.patch(&kind.path, "merge", &json!({}))?, "patch")?;
    refused(all.nobody.delete(&kind.path)?, "delete")?;
    if kind.verbs.contains("deletecollection") {
        refused(all.nobody.delete(&kind.folder)?, "deletecollection")?;
    }
    Ok(())
}

fn missing(all: &Catalogue, kind: &Covered) -> Result<()> {
    let path = format!("{}/nothing-of-this-name", kind.folder);
    for answer in [all.admin.get(&path)?, all.admin.delete(&path)?] {
        let status = answer.expect(404)?;
        ensure!(status["reason"] == "NotFound", "{status}");
        ensure!(status["details"]["kind"] == kind.resource.as_str(), "{status}");
    }
    Ok(())
}

fn taken(all: &Catalogue, kind: &Covered) -> Result<()> {
    let status = all.admin.post(&kind.folder, &kind.object)?.expect(409)?;
    ensure!(status["reason"] == "AlreadyExists", "{status}");
    Ok(())
}

fn stale(all: &Catalogue, kind: &Covered) -> Result<()> {
    let mut object = all.admin.get(&kind.path)?.expect(200)?;
    object["metadata"]["resourceVersion"] = "1".into();
    object["metadata"]["labels"] = json!({"stale": "yes"});
    let status = all.admin.put(&kind.path, &object)?.expect(409)?;
    ensure!(status["reason"] == "Conflict", "{status}");
    Ok(())
}

fn dry_run(all: &Catalogue, kind: &Covered) -> Result<()> {
    let labelled = json!({"metadata": {"labels": {"dry": "run"}}});
    let path = format!("{}?dryRun=All", kind.path);
    let answer = all.admin.patch(&path, "merge", &labelled)?.expect(200)?;
    ensure!(answer["metadata"]["labels"]["dry"] == "run", "{answer}");
    all.admin.delete(&path)?.expect(200)?;
    let now = all.admin.get(&kind.path)?.expect(200)?;
    ensure!(now["metadata"]["labels"]["dry"].is_null(), "{now}");
    ensure!(now["metadata"]["deletionTimestamp"].is_null(), "{now}");
    Ok(())
}

fn watch(all: &Catalogue, kind: &Covered) -> Result<()> {
    let name = kind.path.rsplit('/').next().context("a name")?.replace(':', "%3A");
    let path = format!(
        "{}?watch=true&resourceVersion=0&fieldSelector=metadata.name%3D{name}&timeoutSeconds=20",
        kind.folder
    );
    let mut events = all.admin.watch(&path)?;
    ensure!(events.code == 200, "{}", events.code);
    let event = events.next_event()?.context("an event")?;
    ensure!(event["type"] == "ADDED" && event["object"]["kind"] == kind.kind.as_str(), "{event}");
    Ok(())
}

fn table(all: &Catalogue, kind: &Covered) -> Result<()> {
    let table = all.admin.get_as(&kind.path, TABLE)?.expect(200)?;
    ensure!(table["kind"] == "Table", "{table}");
    let columns = table["columnDefinitions"].as_array().context("columns")?;
    let rows = table["rows"].as_array().context("rows")?;
    ensure!(rows.len() == 1, "{table}");
    let cells = rows[0]["cells"].as_array().context("cells")?;
    // Upstream's addresses have a cell more than columns.
    let more = usize::from(kind.resource == "ipaddresses");
    ensure!(cells.len() == columns.len() + more && !columns.is_empty(), "{table}");
    Ok(())
}

fn strict(all: &Catalogue, kind: &Covered) -> Result<()> {
    let mut object = kind.object.clone();
    object["noSuchField"] = 1.into();
    let path = format!("{}?fieldValidation=Strict&dryRun=All", kind.folder);
    let status = all.admin.post(&path, &object)?.expect(400)?;
    let message = status["message"].as_str().unwrap_or_default();
    ensure!(message.contains("unknown field \"noSuchField\""), "{message}");
    Ok(())
}

fn delete(all: &Catalogue, kind: &Covered) -> Result<()> {
    let answer = all.admin.delete(&kind.path)?;
    ensure!(answer.code == 200 || answer.code == 202, "{} {}", answer.code, answer.text());
    let after = all.admin.get(&kind.path)?;
    let going = after.code == 200 && after.json()?["metadata"]["deletionTimestamp"].is_string();
    ensure!(after.code == 404 || going, "{}", after.text());
    Ok(())
}
