//! Every controller of upstream's, by name, and what starts ours: one line each.
//!
//! A row without a start is a controller that is known and not built; asking for it by name is
//! answered with a warning. Mirrors `k8s.io/kubernetes/cmd/kube-controller-manager/names`.

use crate::context::Context;
use crate::controllers::*;
use runtime::health::Checks;
use runtime::{clock, entropy};

/// One controller.
pub(crate) struct Row {
    /// Its name, as `--controllers` has it.
    pub(crate) name: &'static str,
    /// What it was called before.
    pub(crate) alias: &'static str,
    /// The service account in `kube-system` that it works as; empty for the process's own
    /// identity, with which tokens are made for all the others.
    pub(crate) account: &'static str,
    /// Whether `*` means it too.
    pub(crate) by_default: bool,
    start: Option<fn(&Context)>,
}

const fn on(
    name: &'static str,
    alias: &'static str,
    account: &'static str,
    start: fn(&Context),
) -> Row {
    Row { name, alias, account, by_default: true, start: Some(start) }
}

const fn unbuilt(name: &'static str, alias: &'static str) -> Row {
    Row { name, alias, account: "", by_default: true, start: None }
}

const fn off(name: &'static str, alias: &'static str) -> Row {
    Row { name, alias, account: "", by_default: false, start: None }
}

pub(crate) const ROWS: &[Row] = &[
    on("namespace-controller", "namespace", "namespace-controller", namespace::start),
    on(
        "serviceaccount-controller",
        "serviceaccount",
        "service-account-controller",
        service_account::start,
    ),
    on(
        "root-ca-certificate-publisher-controller",
        "root-ca-cert-publisher",
        "root-ca-cert-publisher",
        root_ca::start,
    ),
    on("replicaset-controller", "replicaset", "replicaset-controller", replica_set::start),
    on("deployment-controller", "deployment", "deployment-controller", deployment::start),
    on(service_account_token::NAME, "serviceaccount-token", "", service_account_token::start),
    on("endpoints-controller", "endpoint", "endpoint-controller", endpoints::start),
    on(
        "endpointslice-controller",
        "endpointslice",
        "endpointslice-controller",
        endpoint_slice::start,
    ),
    on(
        "endpointslice-mirroring-controller",
        "endpointslicemirroring",
        "endpointslicemirroring-controller",
        endpoint_slice_mirroring::start,
    ),
    on(
        "replicationcontroller-controller",
        "replicationcontroller",
        "replication-controller",
        replication_controller::start,
    ),
    on("pod-garbage-collector-controller", "podgc", "pod-garbage-collector", pod_garbage::start),
    on(
        "resourcequota-controller",
        "resourcequota",
        "resourcequota-controller",
        resource_quota::start,
    ),
    on(
        "garbage-collector-controller",
        "garbagecollector",
        "generic-garbage-collector",
        garbage_collector::start,
    ),
    on("daemonset-controller", "daemonset", "daemon-set-controller", daemon_set::start),
    on("job-controller", "job", "job-controller", job::start),
    on(
        "horizontal-pod-autoscaler-controller",
        "horizontalpodautoscaling",
        "horizontal-pod-autoscaler",
        autoscaler::start,
    ),
    on("disruption-controller", "disruption", "disruption-controller", disruption::start),
    on("statefulset-controller", "statefulset", "statefulset-controller", stateful_set::start),
    on("cronjob-controller", "cronjob", "cronjob-controller", cron_job::start),
    on(csr_signing::NAME, "csrsigning", "certificate-controller", csr_signing::start),
    on(
        "certificatesigningrequest-approving-controller",
        "csrapproving",
        "certificate-controller",
        csr_approving::start,
    ),
    on(
        "certificatesigningrequest-cleaner-controller",
        "csrcleaner",
        "certificate-controller",
        csr_cleaning::start,
    ),
    unbuilt("podcertificaterequest-cleaner-controller", ""),
    on("ttl-controller", "ttl", "ttl-controller", node_ttl::start),
    on(
        "bootstrap-signer-controller",
        "bootstrapsigner",
        "bootstrap-signer",
        bootstrap_signer::start,
    )
    .off(),
    on("token-cleaner-controller", "tokencleaner", "token-cleaner", token_cleaner::start).off(),
    on("node-ipam-controller", "nodeipam", "node-controller", node_ipam::start),
    on("node-lifecycle-controller", "nodelifecycle", "node-controller", node_lifecycle::start),
    on("taint-eviction-controller", "", "node-controller", taint_eviction::start),
    unbuilt("device-taint-eviction-controller", ""),
    unbuilt("service-lb-controller", "service"),
    unbuilt("node-route-controller", "route"),
    unbuilt("cloud-node-lifecycle-controller", "cloud-node-lifecycle"),
    on(
        "persistentvolume-binder-controller",
        "persistentvolume-binder",
        "persistent-volume-binder",
        volume_binder::start,
    ),
    on(
        "persistentvolume-attach-detach-controller",
        "attachdetach",
        "attachdetach-controller",
        attach_detach::start,
    ),
    unbuilt("persistentvolume-expander-controller", "persistentvolume-expander"),
    on(
        "clusterrole-aggregation-controller",
        "clusterrole-aggregation",
        "clusterrole-aggregation-controller",
        cluster_role_aggregation::start,
    ),
    on(
        "persistentvolumeclaim-protection-controller",
        "pvc-protection",
        "pvc-protection-controller",
        claim_protection::start,
    ),
    on(
        "persistentvolume-protection-controller",
        "pv-protection",
        "pv-protection-controller",
        volume_protection::start,
    ),
    unbuilt("podgroup-protection-controller", ""),
    on(
        "ttl-after-finished-controller",
        "ttl-after-finished",
        "ttl-after-finished-controller",
        ttl_after_finished::start,
    ),
    unbuilt("kube-apiserver-serving-clustertrustbundle-publisher-controller", ""),
    on(
        "ephemeral-volume-controller",
        "ephemeral-volume",
        "ephemeral-volume-controller",
        ephemeral_volume::start,
    ),
    unbuilt("storageversion-garbage-collector-controller", "storage-version-gc"),
    unbuilt("resourceclaim-controller", "resource-claim-controller"),
    unbuilt("resourcepoolstatusrequest-controller", ""),
    on(
        "legacy-serviceaccount-token-cleaner-controller",
        "legacy-service-account-token-cleaner",
        "legacy-service-account-token-cleaner",
        legacy_token_cleaner::start,
    ),
    unbuilt("validatingadmissionpolicy-status-controller", "validatingadmissionpolicy-status"),
    on(
        "volumeattributesclass-protection-controller",
        "",
        "volumeattributesclass-protection-controller",
        attributes_class_protection::start,
    ),
    on("service-cidr-controller", "", "service-cidrs-controller", service_cidr::start),
    unbuilt("storage-version-migrator-controller", ""),
    off("selinux-warning-controller", ""),
];

impl Row {
    /// The same, which `*` does not mean.
    const fn off(self) -> Self {
        Self { by_default: false, ..self }
    }

    fn is_named(&self, name: &str) -> bool {
        name == self.name || (!self.alias.is_empty() && name == self.alias)
    }

    /// Whether `--controllers` wants it: by its name, or by `*`; the first word that names it counts.
    pub(crate) fn is_wanted(&self, words: &[String]) -> bool {
        for word in words {
            match word.strip_prefix('-') {
                Some(name) if self.is_named(name) => return false,
                None if self.is_named(word) => return true,
                _ => {}
            }
        }
        self.by_default && words.iter().any(|word| word == "*")
    }

    /// Whether `--controllers` names it, and doesn't only mean it by `*`.
    fn is_asked_for(&self, words: &[String]) -> bool {
        words.iter().any(|word| self.is_named(word))
    }
}

/// Refuses words that name no controller.
pub(crate) fn check_names(words: &[String]) -> Result<(), String> {
    for word in words.iter().filter(|word| *word != "*") {
        let name = word.strip_prefix('-').unwrap_or(word);
        if !ROWS.iter().any(|row| row.is_named(name)) {
            return Err(format!("{name:?} is not in the list of known controllers"));
        }
    }
    Ok(())
}

/// Starts every controller that is wanted; each is one of `checks`.
pub(crate) fn start(context: &Context, checks: &Checks) {
    let words = &context.options.controllers;
    for row in ROWS.iter().filter(|row| row.is_wanted(words)) {
        match row.start {
            Some(start) => {
                begin(row.name, start, context.of(row.account));
                checks.add(row.name, || Ok(()));
            }
            None if row.is_asked_for(words) => {
                tracing::warn!(controller = row.name, "this controller is not built yet");
            }
            None => tracing::debug!(controller = row.name, "this controller is not built yet"),
        }
    }
}

/// Starts one controller, after `--controller-start-interval` and up to as long again.
fn begin(name: &'static str, start: fn(&Context), context: Context) {
    let interval = context.options.start_interval;
    let shutdown = context.shutdown.clone();
    let start = move || {
        start(&context);
        tracing::info!(controller = name, "started");
    };
    if interval.is_zero() {
        return start();
    }
    shutdown.spawn_until_begun(name, async move {
        clock::sleep(entropy::jitter(interval, 1.0)).await;
        start();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(words: &[&str], name: &str) -> bool {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        ROWS.iter().find(|row| row.name == name).expect("a row").is_wanted(&words)
    }

    #[test]
    fn the_flag_chooses() {
        assert!(wanted(&["*"], "deployment-controller"));
        assert!(!wanted(&["*", "-deployment"], "deployment-controller"));
        assert!(!wanted(&["*", "-deployment-controller"], "deployment-controller"));
        assert!(wanted(&["replicaset"], "replicaset-controller"));
        assert!(!wanted(&["replicaset"], "deployment-controller"));
        assert!(!wanted(&["*"], "token-cleaner-controller"));
        assert!(wanted(&["*", "tokencleaner"], "token-cleaner-controller"));
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = ROWS.iter().map(|row| row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ROWS.len());
    }
}
