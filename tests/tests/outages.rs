//! What a cluster runs into from outside: no etcd, at the start or for a while, a certificate that
//! is too old, and no address left to give.

use super::{Cluster, MAPS, says};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use testkit::{Caller, Generation, Maker, Site, until};

pub(super) fn expired(cluster: &Cluster) -> Result<()> {
    let site = &cluster.site;
    site.pki.issue_expired("late", "admin", &["system:masters"])?;
    let (certificate, key) = (site.pki.file("late.pem"), site.pki.file("late-key.pem"));
    let late = Caller::with_certificate(&site.url(), &certificate, &key)?;
    says(&late.get("/api/v1/nodes")?, 401, "Unauthorized", "Unauthorized").map(drop)
}

/// On a site of its own, since it breaks what that stands on.
pub(super) fn no_etcd_at_the_start(_: &Cluster) -> Result<()> {
    let mut site = Site::new()?;
    site.etcd.crash()?;
    let mut running = site.start_api_server(Maker::Ours, Generation::Today, &[])?;
    let status = running.process.ended()?;
    let said = running.process.said();
    ensure!(!status.success() && said.contains(site.etcd.url()), "{status} {said}");
    site.etcd.start_again()?;
    site.api_server(Maker::Ours, Generation::Today, &[]).map(drop)
}

pub(super) fn full_range(_: &Cluster) -> Result<()> {
    let site = Site::new()?;
    let flags = ["--service-cluster-ip-range=10.32.0.0/29"];
    let _api_server = site.api_server(Maker::Ours, Generation::Today, &flags)?;
    let admin = site.caller("admin")?;
    let services = "/api/v1/namespaces/default/services";
    until("the first address is taken", || {
        admin.get(&format!("{services}/kubernetes"))?.expect(200)
    })?;
    let service =
        |name: &str| json!({"metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}});
    // Six addresses of hosts, of which `kubernetes` has one.
    for name in ["a", "b", "c", "d", "e"] {
        admin.post(services, &service(name))?.expect(201)?;
    }
    let answer = admin.post(services, &service("f"))?;
    says(
        &answer,
        500,
        "InternalError",
        "failed to allocate a serviceIP for Service \"f\": range is full",
    )?;
    ensure!(admin.get(&format!("{services}/f"))?.code == 404, "it was made nevertheless");
    admin.delete(&format!("{services}/a"))?.expect(200)?;
    until("its address is free again", || admin.post(services, &service("f"))?.expect(201))
        .map(drop)
}

/// On a site of its own. Nothing is started again but etcd.
pub(super) fn etcd_away_and_back(_: &Cluster) -> Result<()> {
    let mut site = Site::new()?;
    let mut running = site.api_server(Maker::Ours, Generation::Today, &[])?;
    let admin = site.caller("admin")?.without_retries()?;
    let map = |name: &str| json!({"metadata": {"name": name}, "data": {"a": name}});
    let before = admin.post(MAPS, &map("before"))?.expect(201)?;
    let version = before["metadata"]["resourceVersion"].as_str().context("a version")?;
    let mut events = admin.watch(&format!("{MAPS}?watch=1&resourceVersion={version}"))?;
    ensure!(events.code == 200, "{}", events.code);

    site.etcd.crash()?;
    for path in ["/readyz", "/healthz"] {
        let answer = admin.get(path)?;
        let text = answer.text();
        ensure!(answer.code == 500 && text.contains("[-]etcd failed: "), "{path}: {text}");
        ensure!(text.contains("[+]ping ok"), "{path} says no more than that: {text}");
    }
    let url = site.etcd.url();
    for path in [format!("{MAPS}/before"), MAPS.to_owned(), "/api/v1/secrets".to_owned()] {
        says(&admin.get(&path)?, 504, "Timeout", url).with_context(|| path)?;
    }
    says(&admin.post(MAPS, &map("during"))?, 504, "Timeout", url)?;
    let mut changed = before.clone();
    changed["data"]["a"] = "during".into();
    says(&admin.put(&format!("{MAPS}/before"), &changed)?, 504, "Timeout", url)?;
    let mut refused = admin.watch(&format!("{MAPS}?watch=1"))?;
    let event = refused.next_event()?.context("a watch from now on is told why it can't be")?;
    ensure!(event["type"] == "ERROR" && event["object"]["code"] == 504, "{event}");
    // Whom any state serves is served.
    let known = admin.get(&format!("{MAPS}?resourceVersion=0"))?.expect(200)?;
    ensure!(known["items"][0]["metadata"] == before["metadata"], "{known}");

    site.etcd.start_again()?;
    until("the API server is ready again", || {
        running.process.still_runs()?;
        let answer = admin.get("/readyz")?;
        ensure!(answer.code == 200, "{}", answer.text());
        Ok(())
    })?;
    ensure!(admin.get("/healthz")?.text() == "ok");
    ensure!(admin.get(&format!("{MAPS}/before"))?.expect(200)? == before, "it was lost or changed");
    ensure!(admin.get(&format!("{MAPS}/during"))?.code == 404, "what was refused was written");
    let after = admin.post(MAPS, &map("after"))?.expect(201)?;
    let event = events.next_event()?.context("the watch from before goes on")?;
    ensure!(event["type"] == "ADDED", "{event}");
    ensure!(event["object"]["metadata"] == after["metadata"], "{event}");
    running.process.still_runs()
}
