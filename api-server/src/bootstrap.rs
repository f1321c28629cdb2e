//! What every cluster has from its first start: namespaces, policy, priorities, services.
//!
//! Each part is a post-start hook, named as upstream names it and seen in `/readyz?verbose`. All
//! of it can be run again at any time. Mirrors `pkg/controlplane` of `k8s.io/kubernetes`.

mod api_services;
mod flow_schemas;
mod legacy_tokens;
mod policy;
mod recorded;
mod trust;

use crate::Api;
use crate::objects::Cached;
use crate::own::Own;
use crate::services::{Kubernetes, Repair, Services, ensure_default_range};
use crate::settings::Options;
use object::Result;
use runtime::Shutdown;
use runtime::clock::monotonic;
use runtime::health::Checks;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio::sync::watch;

/// The pause before a part that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// The names of the hooks, in the order in which they are shown.
const HOOKS: &[&str] = &[
    "start-system-namespaces-controller",
    "start-kubernetes-service-cidr-controller",
    "start-service-ip-repair-controllers",
    "bootstrap-controller",
    "rbac/bootstrap-roles",
    "scheduling/bootstrap-system-priority-classes",
    "priority-and-fairness-config-producer",
    "apiservice-registration-controller",
    "start-cluster-authentication-info-controller",
    "start-legacy-token-tracking-controller",
];

/// Which hooks are done.
#[derive(Clone, Debug)]
pub(crate) struct Hooks(watch::Sender<BTreeSet<&'static str>>);

impl Hooks {
    /// None is done yet; each becomes a check, which `livez` does not count for the time of grace
    /// that a start may take.
    pub(crate) fn new(checks: &[&Checks], livez: &Checks, grace: Duration) -> Self {
        let hooks = Self(watch::Sender::default());
        let mercy_ends = monotonic() + grace;
        for name in HOOKS {
            for checks in checks {
                let done = hooks.0.clone();
                checks.add(format!("poststarthook/{name}"), move || finished(&done, name));
            }
            let done = hooks.0.clone();
            livez.add(format!("poststarthook/{name}"), move || match monotonic() < mercy_ends {
                true => Ok(()),
                false => finished(&done, name),
            });
        }
        hooks
    }

    /// Waits until all of them are done.
    pub(crate) async fn all_done(&self) {
        let mut done = self.0.subscribe();
        let all = |done: &BTreeSet<&str>| HOOKS.iter().all(|hook| done.contains(hook));
        // The sender is here, so that the wait can't fail.
        let _ = done.wait_for(all).await;
    }

    fn done(&self, name: &'static str) {
        self.0.send_modify(|done| {
            done.insert(name);
        });
    }
}

fn finished(done: &watch::Sender<BTreeSet<&'static str>>, name: &str) -> Result<(), String> {
    if done.borrow().contains(name) { Ok(()) } else { Err("not finished".to_owned()) }
}

/// What the hooks work on.
pub(crate) struct Bootstrap {
    pub(crate) api: Arc<Api>,
    pub(crate) hooks: Hooks,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) services: Arc<Services>,
    pub(crate) options: Options,
    pub(crate) public: SocketAddr,
    pub(crate) shutdown: Shutdown,
}

impl Bootstrap {
    /// Brings everything into place; what fails is tried again until it works.
    pub(crate) async fn run(self) {
        let own = Own::new(self.api.clone());
        let objects = Cached(self.api.registry.cache.clone());
        let hooks = &self.hooks;
        until_done("start-system-namespaces-controller", hooks, || {
            recorded::ensure(&own, &objects, recorded::NAMESPACES)
        })
        .await;
        tokio::join!(
            until_done("rbac/bootstrap-roles", hooks, || policy::ensure(&own, &objects)),
            until_done("scheduling/bootstrap-system-priority-classes", hooks, || {
                recorded::ensure(&own, &objects, recorded::PRIORITY_CLASSES)
            }),
            until_done("priority-and-fairness-config-producer", hooks, || {
                recorded::ensure(&own, &objects, recorded::FLOW_CONTROL)
            }),
            until_done("apiservice-registration-controller", hooks, || {
                api_services::ensure(&own, &objects, &self.options.served)
            }),
            until_done("start-cluster-authentication-info-controller", hooks, || {
                trust::ensure(&own, &objects, &self.options.identity)
            }),
            until_done("start-legacy-token-tracking-controller", hooks, || {
                legacy_tokens::ensure(&own, &objects)
            }),
            self.start_services(&own, &objects),
        );
        let consumer = flow_schemas::run(own, objects, self.shutdown.clone());
        self.shutdown.spawn("flow schemas", consumer);
    }

    /// The network of services, and the service that is this server.
    async fn start_services(&self, own: &Own, objects: &Cached) {
        let (hooks, network) = (&self.hooks, &self.options.network);
        until_done("start-kubernetes-service-cidr-controller", hooks, || {
            ensure_default_range(own, objects, network)
        })
        .await;
        let repair = Arc::new(Repair::new(self.services.clone(), objects.clone()));
        until_done("start-service-ip-repair-controllers", hooks, || repair.turn()).await;
        self.shutdown.spawn_until_begun("repair of services", repair.run());
        let kubernetes = Kubernetes::new(
            own.clone(),
            objects.clone(),
            self.store.clone(),
            &self.options.etcd_prefix,
            network,
            self.public,
            &self.options.endpoint_reconciler,
        );
        until_done("bootstrap-controller", hooks, || kubernetes.forget_earlier_self()).await;
        let (all, shutdown) = (hooks.clone(), self.shutdown.clone());
        self.shutdown.spawn("kubernetes service", async move {
            tokio::select! {
                () = all.all_done() => kubernetes.run(shutdown).await,
                () = shutdown.begun() => {}
            }
        });
    }
}

async fn until_done<F, W>(name: &'static str, hooks: &Hooks, work: F)
where
    F: Fn() -> W,
    W: Future<Output = Result<()>>,
{
    while let Err(error) = work().await {
        tracing::warn!("{name}: {error}; trying again");
        runtime::clock::sleep(RETRY).await;
    }
    hooks.done(name);
}
