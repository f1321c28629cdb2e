//! The three programs as unit files start them, over etcd and mTLS alone: those of 2020 and today's,
//! and each of the three swapped for upstream's and back while the cluster goes on.

use anyhow::{Result, ensure};
use std::process::ExitCode;
use testkit::cases::{self, Case};
use testkit::{Caller, Generation, Kubectl, Maker, Running, Site, until};

fn main() -> ExitCode {
    let cases: &[Case<()>] = &[
        ("the_unit_files_of_2020_run_a_cluster", |()| {
            tokens(&whole(Generation::Of2020, "kubectl-1.20")?)
        }),
        ("the_unit_files_of_today_run_a_cluster", |()| {
            whole(Generation::Today, "kubectl").map(drop)
        }),
        ("each_program_can_be_swapped_for_upstreams_and_back", |()| swaps()),
        ("a_second_controller_manager_waits_for_the_lease", |()| {
            let start = |site: &Site| site.controller_manager(Maker::Ours, Generation::Today, &[]);
            lease("kube-controller-manager", start, |cluster| &mut cluster.controller_manager)
        }),
        ("a_second_scheduler_waits_for_the_lease", |()| {
            let start = |site: &Site| site.scheduler(Maker::Ours, Generation::Today, &[]);
            lease("kube-scheduler", start, |cluster| &mut cluster.scheduler)
        }),
    ];
    cases::run(|| Ok(()), cases)
}

/// A cluster that runs, its parts ending in this order.
struct Cluster {
    kubectl: Kubectl,
    scheduler: Option<Running>,
    controller_manager: Option<Running>,
    _nodes: Running,
    api_server: Option<Running>,
    site: Site,
}

impl Cluster {
    fn start(age: Generation, kubectl: &str) -> Result<Self> {
        let site = Site::new()?;
        let api_server = site.api_server(Maker::Ours, age, &[])?;
        let controller_manager = site.controller_manager(Maker::Ours, age, &[])?;
        let scheduler = site.scheduler(Maker::Ours, age, &[])?;
        let nodes = site.hollow_nodes(&["wrk01", "wrk02"])?;
        let kubectl = site.kubectl(kubectl)?;
        Ok(Self {
            kubectl,
            scheduler: Some(scheduler),
            controller_manager: Some(controller_manager),
            _nodes: nodes,
            api_server: Some(api_server),
            site,
        })
    }

    /// Scales the deployment and waits until its pods run.
    fn scale(&mut self, replicas: usize) -> Result<()> {
        self.kubectl.run(&format!("scale deployment web --replicas={replicas}"))?;
        self.runs(replicas)
    }

    fn runs(&mut self, replicas: usize) -> Result<()> {
        let kubectl = &self.kubectl;
        let parts = [&mut self.scheduler, &mut self.controller_manager];
        let mut parts: Vec<&mut Running> = parts.into_iter().flatten().collect();
        until(&format!("{replicas} pods run"), || {
            // Who loses the lease while the API server is away ends, and systemd starts it again.
            for part in &mut parts {
                part.process.keep_running()?;
            }
            let web = kubectl.json("get deployment web")?;
            let status = &web["status"];
            ensure!(status["availableReplicas"].as_u64() == Some(replicas as u64), "{status}");
            ensure!(status["observedGeneration"] == web["metadata"]["generation"], "{status}");
            let pods = kubectl.run("get pods -l app=web --no-headers")?;
            ensure!(pods.lines().count() == replicas, "{pods}");
            ensure!(pods.matches(" Running ").count() == replicas, "{pods}");
            Ok(())
        })
    }
}

fn whole(age: Generation, kubectl: &str) -> Result<Cluster> {
    let mut cluster = Cluster::start(age, kubectl)?;
    let kubectl = &cluster.kubectl;
    until("two nodes are ready", || {
        let nodes = kubectl.run("get nodes --no-headers")?;
        ensure!(nodes.matches(" Ready ").count() == 2, "{nodes}");
        Ok(())
    })?;
    kubectl.run("create deployment web --image=nginx")?;
    cluster.scale(3)?;
    let kubectl = &cluster.kubectl;
    kubectl.run("expose deployment web --port=80 --type=NodePort")?;
    let port = kubectl.run("get service web -o jsonpath={.spec.ports[0].nodePort}")?;
    let port: u16 = port.parse()?;
    ensure!((30000..=32767).contains(&port), "{port}");

    kubectl.run("create secret generic kubernetes-the-hard-way --from-literal=mykey=mydata")?;
    let value = cluster.site.etcd.value("/registry/secrets/default/kubernetes-the-hard-way")?;
    ensure!(value.starts_with(b"k8s:enc:aescbc:v1:key1:"), "{}", value.escape_ascii());
    let shown = kubectl.run("get secret kubernetes-the-hard-way -o jsonpath={.data.mykey}")?;
    ensure!(shown == "bXlkYXRh", "{shown}");
    Ok(cluster)
}

/// The API server of 2020 signs no tokens: each account's lies in a Secret, as it did then.
fn tokens(cluster: &Cluster) -> Result<()> {
    let kubectl = &cluster.kubectl;
    let api = Caller::anonymous(&cluster.site.url())?.get("/api/v1")?;
    ensure!(!api.text().contains("serviceaccounts/token"), "token requests are served");
    let named = || kubectl.run("get serviceaccount default -o jsonpath={.secrets[*].name}");
    let secret = named()?;
    ensure!(secret.starts_with("default-token-") && !secret.contains(' '), "{secret}");
    let pods = kubectl.json("get pods -l app=web")?;
    let spec = &pods["items"][0]["spec"];
    ensure!(spec["volumes"][0]["secret"]["secretName"] == *secret, "{spec}");
    let mount = &spec["containers"][0]["volumeMounts"][0];
    ensure!(mount["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount", "{spec}");

    let token = |secret: &str| -> Result<String> {
        let held = kubectl.json(&format!("get secret {secret}"))?;
        ensure!(held["data"]["ca.crt"].is_string() && held["data"]["namespace"].is_string());
        kubectl.run(&format!("get secret {secret} -o go-template={{{{.data.token|base64decode}}}}"))
    };
    let asked = |token: &str| {
        let caller = Caller::with_token(&cluster.site.url(), token)?;
        caller.get("/apis/authorization.k8s.io/v1").map(|answer| answer.code)
    };
    let first = token(&secret)?;
    ensure!(asked(&first)? == 200, "the token is not taken");
    kubectl.run(&format!("delete secret {secret}"))?;
    until("the account has another token", || {
        let other = named()?;
        ensure!(!other.is_empty() && other != secret && !other.contains(' '), "{other}");
        ensure!(asked(&token(&other)?)? == 200, "the new token is not taken");
        Ok(())
    })?;
    ensure!(asked(&first)? == 401, "the token of a Secret that is gone is taken");

    kubectl.run("delete deployment web --cascade=background")?;
    until("the garbage of the deployment is gone", || {
        let left = kubectl.run("get replicasets,pods -l app=web -o name")?;
        ensure!(left.is_empty(), "{left}");
        Ok(())
    })
}

fn swaps() -> Result<()> {
    let mut cluster = whole(Generation::Today, "kubectl")?;
    let stop = |running: Option<Running>| running.map(|it| it.process.stop()).transpose();
    for (maker, count) in [(Maker::Upstream, 1), (Maker::Ours, 2)] {
        stop(cluster.scheduler.take())?;
        cluster.scheduler = Some(cluster.site.scheduler(maker, Generation::Today, &[])?);
        cluster.scale(3 + count)?;

        stop(cluster.controller_manager.take())?;
        let controller_manager = cluster.site.controller_manager(maker, Generation::Today, &[])?;
        cluster.controller_manager = Some(controller_manager);
        cluster.scale(5 + count)?;

        stop(cluster.api_server.take())?;
        cluster.api_server = Some(cluster.site.api_server(maker, Generation::Today, &[])?);
        cluster.scale(1 + count)?;
    }
    Ok(())
}

/// A second one of a program waits while the first lives, and takes over when it is killed.
fn lease(
    program: &str,
    start: impl Fn(&Site) -> Result<Running>,
    place: impl Fn(&mut Cluster) -> &mut Option<Running>,
) -> Result<()> {
    let mut cluster = whole(Generation::Today, "kubectl")?;
    let query = format!("get lease {program} -n kube-system -o jsonpath={{.spec.holderIdentity}}");
    let holder = |cluster: &Cluster| cluster.kubectl.run(&query);
    let first = holder(&cluster)?;
    ensure!(!first.is_empty(), "nobody holds the lease");
    let mut second = start(&cluster.site)?;
    cluster.scale(4)?;
    second.process.still_runs()?;
    ensure!(holder(&cluster)? == first, "the second took the lease");
    if let Some(running) = place(&mut cluster).replace(second) {
        running.process.kill()?;
    }
    until("the second takes the lease", || {
        let now = holder(&cluster)?;
        ensure!(now != first, "{now}");
        Ok(())
    })?;
    cluster.scale(2)?;
    cluster.scale(5)
}
