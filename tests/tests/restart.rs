//! `orlop` finds everything again: after Ctrl-C, and after `kill -9` at any instant.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::process::ExitCode;
use testkit::cases::{self, Case};
use testkit::{Caller, Orlop};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn main() -> ExitCode {
    let cases: &[Case<()>] = &[
        ("a_stop_loses_nothing", |()| stop()),
        ("a_kill_loses_nothing_that_was_acknowledged", |()| kill()),
        ("a_second_orlop_on_the_same_folder_is_refused", |()| second()),
        ("what_was_encrypted_is_found_again", |()| encrypted()),
    ];
    cases::run(|| Ok(()), cases)
}

fn map(name: &str) -> Value {
    json!({"metadata": {"name": name}, "data": {"a": name}})
}

/// Everything that is listed, as it is listed, but for what lives short.
fn all(caller: &Caller) -> Result<Vec<Value>> {
    let paths = [
        "/api/v1/namespaces",
        "/api/v1/configmaps",
        "/api/v1/services",
        "/api/v1/serviceaccounts",
        "/apis/apps/v1/deployments",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    ];
    paths.iter().map(|path| Ok(caller.get(path)?.expect(200)?["items"].clone())).collect()
}

fn stop() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let first = Orlop::start(folder.path(), &[])?;
    let caller = first.caller()?;
    let made = caller.post(MAPS, &map("kept"))?.expect(201)?;
    caller.post(MAPS, &map("gone"))?.expect(201)?;
    caller.delete(&format!("{MAPS}/gone"))?.expect(200)?;
    settled(&caller)?;
    let before = all(&caller)?;
    let status = first.stop()?;
    ensure!(status.success(), "{status}");

    let second = Orlop::start(folder.path(), &[])?;
    let caller = second.caller()?;
    let after = all(&caller)?;
    for (before, after) in before.iter().zip(&after) {
        ensure!(before == after, "before {before}\nafter {after}");
    }
    ensure!(caller.get(&format!("{MAPS}/kept"))?.expect(200)? == made);
    ensure!(caller.get(&format!("{MAPS}/gone"))?.code == 404);
    // Revisions go on where they were.
    let next = caller.post(MAPS, &map("next"))?.expect(201)?;
    let version = |object: &Value| -> Result<u64> {
        Ok(object["metadata"]["resourceVersion"].as_str().context("a version")?.parse()?)
    };
    ensure!(version(&next)? > version(&made)?);
    // And a watch goes on from before the restart.
    let path = format!(
        "{MAPS}?watch=1&fieldSelector=metadata.name%3Dnext&resourceVersion={}",
        version(&made)?
    );
    let mut events = caller.watch(&path)?;
    if events.code == 200 {
        let event = events.next_event()?.context("an event")?;
        let fits = event["type"] == "ADDED" && event["object"]["metadata"]["name"] == "next";
        ensure!(fits || event["object"]["code"] == 410, "{event}");
    }
    Ok(())
}

/// Waits until the controllers have made what every namespace gets, and the roles that are sums.
fn settled(caller: &Caller) -> Result<()> {
    testkit::until("every namespace has its account and its CA", || {
        for kind in ["serviceaccounts", "configmaps"] {
            let list = caller.get(&format!("/api/v1/{kind}"))?.expect(200)?;
            let items = list["items"].as_array().context("items")?;
            let made = items.iter().filter(|item| {
                let name = item["metadata"]["name"].as_str().unwrap_or_default();
                name == "default" || name == "kube-root-ca.crt"
            });
            ensure!(made.count() >= 4, "{list}");
        }
        caller.get("/api/v1/namespaces/default/services/kubernetes")?.expect(200)?;
        let (admin, edit, view) =
            (rules(caller, "admin")?, rules(caller, "edit")?, rules(caller, "view")?);
        ensure!(view.len() > 5, "view: {view:?}");
        ensure!(view.iter().all(|rule| edit.contains(rule)), "edit: {edit:?}");
        ensure!(edit.iter().all(|rule| admin.contains(rule)), "admin: {admin:?}");
        Ok(())
    })
}

/// What a role may, of which each greater one is aggregated.
fn rules(caller: &Caller, role: &str) -> Result<Vec<Value>> {
    let path = format!("/apis/rbac.authorization.k8s.io/v1/clusterroles/{role}");
    Ok(caller.get(&path)?.expect(200)?["rules"].as_array().cloned().unwrap_or_default())
}

fn kill() -> Result<()> {
    const ROUNDS: usize = 4;
    const WRITES: usize = 60;
    let folder = tempfile::tempdir()?;
    let mut acknowledged: Vec<Value> = vec![];
    for round in 0..ROUNDS {
        let orlop = Orlop::start(folder.path(), &[])?;
        let caller = orlop.caller()?;
        for old in &acknowledged {
            let name = old["metadata"]["name"].as_str().context("a name")?;
            let now = caller.get(&format!("{MAPS}/{name}"))?.expect(200)?;
            ensure!(&now == old, "{name} was {old}, is {now}");
        }
        for write in 0..WRITES {
            let name = format!("kill-{round}-{write}");
            let mut made = caller.post(MAPS, &map(&name))?.expect(201)?;
            if write % 3 == 0 {
                made["data"]["a"] = "changed".into();
                made = caller.put(&format!("{MAPS}/{name}"), &made)?.expect(200)?;
            }
            acknowledged.push(made);
        }
        // At once after the last answer, and while the controllers are at work.
        orlop.kill()?;
    }
    let orlop = Orlop::start(folder.path(), &[])?;
    let list = orlop.caller()?.get(MAPS)?.expect(200)?;
    let found = list["items"].as_array().context("items")?;
    for old in &acknowledged {
        let name = &old["metadata"]["name"];
        let now = found.iter().find(|now| &now["metadata"]["name"] == name);
        let now = now.with_context(|| format!("{name} is lost"))?;
        ensure!(now["metadata"] == old["metadata"] && now["data"] == old["data"], "{old} {now}");
    }
    Ok(())
}

fn second() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let first = Orlop::start(folder.path(), &[])?;
    let Err(error) = Orlop::start(folder.path(), &[]) else {
        anyhow::bail!("two of them share a folder")
    };
    ensure!(format!("{error:#}").contains("in use"), "{error:#}");
    // And the first goes on.
    first.caller()?.post(MAPS, &map("on"))?.expect(201).map(drop)
}

fn encrypted() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("encryption.yaml");
    std::fs::write(
        &file,
        "kind: EncryptionConfiguration\napiVersion: apiserver.config.k8s.io/v1\nresources:\n\
         - resources: [secrets]\n  providers:\n\
         \x20 - aescbc: {keys: [{name: key1, secret: MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=}]}\n\
         \x20 - identity: {}\n",
    )?;
    let flag = format!("--encryption-provider-config={}", file.display());
    let data = folder.path().join("data");
    let path = "/api/v1/namespaces/default/secrets";
    let needle = "a-text-that-is-nowhere-else";
    let first = Orlop::start(&data, &[&flag])?;
    let secret = json!({"metadata": {"name": "s"}, "stringData": {"a": needle}});
    let made = first.caller()?.post(path, &secret)?.expect(201)?;
    first.stop()?;
    let sealed = std::process::Command::new("grep").args(["-rlaF", needle]).arg(&data).output()?;
    let shown = String::from_utf8_lossy(&sealed.stdout).into_owned();
    ensure!(shown.is_empty(), "the secret lies open in {shown}");
    let second = Orlop::start(&data, &[&flag])?;
    ensure!(second.caller()?.get(&format!("{path}/s"))?.expect(200)? == made);
    Ok(())
}
