//! What a cluster runs into from outside: no etcd, a certificate that is too old, and no address
//! left to give.

use super::{Cluster, says};
use anyhow::{Result, ensure};
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
