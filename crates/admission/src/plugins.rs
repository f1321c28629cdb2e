//! The flat table of plugins, in upstream's order, and which of them a server switches on.
//!
//! One line each. Mirrors `pkg/kubeapiserver/options/plugins.go`.

mod always;
mod always_pull_images;
mod certificates;
mod default_class;
mod default_toleration_seconds;
mod deny_service_external_ips;
mod extended_resource_toleration;
mod limit_pod_hard_anti_affinity_topology;
mod limit_ranger;
mod namespace_exists;
mod namespace_lifecycle;
mod node_declared_feature_validator;
mod node_restriction;
mod owner_references_permission_enforcement;
mod persistent_volume_claim_resize;
mod pod_amounts;
mod pod_groups;
mod pod_node_selector;
mod pod_parts;
mod pod_resize_validator;
mod pod_security;
mod pod_topology_labels;
mod priority;
mod resource_quota;
mod runtime_class;
mod service_account;
mod signing_request;
mod storage_object_in_use_protection;
mod taint_nodes_by_condition;

pub use pod_security::Configuration as PodSecurityConfiguration;

use crate::{Chain, Cluster, Plugin};
use std::sync::Arc;

/// What plugins are made with.
#[derive(Clone)]
pub struct Setup {
    /// The cluster.
    pub cluster: Arc<dyn Cluster>,
    /// `--default-not-ready-toleration-seconds`.
    pub not_ready_seconds: i64,
    /// `--default-unreachable-toleration-seconds`.
    pub unreachable_seconds: i64,
    /// What `PodSecurity` is told by `--admission-control-config-file`.
    pub pod_security: PodSecurityConfiguration,
    /// Whether the server signs tokens for pods; if not, they find theirs in a Secret.
    pub bound_tokens: bool,
}

/// A plugin by name.
#[derive(Clone, Copy)]
pub struct Row {
    /// Its name in `--enable-admission-plugins`.
    pub name: &'static str,
    /// Whether it is on without being asked for.
    pub on_by_default: bool,
    /// What there is of it.
    pub state: State,
}

/// What there is of a plugin.
#[derive(Clone, Copy)]
pub enum State {
    /// All of it.
    Made(fn(&Setup) -> Box<dyn Plugin>),
    /// Nothing yet; the text says what a cluster does without.
    Missing(&'static str),
}

use State::{Made, Missing};

const ON: bool = true;
const OFF: bool = false;

const fn row(name: &'static str, on_by_default: bool, state: State) -> Row {
    Row { name, on_by_default, state }
}

/// Every plugin that upstream has, in the order in which they are asked.
pub static TABLE: &[Row] = &[
    row("AlwaysAdmit", OFF, Made(always::admit)),
    row("NamespaceAutoProvision", OFF, Missing("namespaces are made by themselves on first use")),
    row("NamespaceLifecycle", ON, Made(namespace_lifecycle::make)),
    row("NamespaceExists", OFF, Made(namespace_exists::make)),
    row("LimitPodHardAntiAffinityTopology", OFF, Made(limit_pod_hard_anti_affinity_topology::make)),
    row("LimitRanger", ON, Made(limit_ranger::make)),
    row("ServiceAccount", ON, Made(service_account::make)),
    row("NodeRestriction", OFF, Made(node_restriction::make)),
    row("TaintNodesByCondition", ON, Made(taint_nodes_by_condition::make)),
    row("AlwaysPullImages", OFF, Made(always_pull_images::make)),
    row("ImagePolicyWebhook", OFF, Missing("a webhook that judges images")),
    row("PodSecurity", ON, Made(pod_security::make)),
    row("PodNodeSelector", OFF, Made(pod_node_selector::make)),
    row("Priority", ON, Made(priority::make)),
    row("DefaultTolerationSeconds", ON, Made(default_toleration_seconds::make)),
    row("PodTolerationRestriction", OFF, Missing("tolerations out of a namespace's annotations")),
    row("EventRateLimit", OFF, Missing("a limit on events")),
    row("ExtendedResourceToleration", OFF, Made(extended_resource_toleration::make)),
    row("DefaultStorageClass", ON, Made(default_class::storage)),
    row("StorageObjectInUseProtection", ON, Made(storage_object_in_use_protection::make)),
    row("PodGroupProtection", ON, Made(pod_groups::protection)),
    row(
        "OwnerReferencesPermissionEnforcement",
        OFF,
        Made(owner_references_permission_enforcement::make),
    ),
    row("PersistentVolumeClaimResize", ON, Made(persistent_volume_claim_resize::make)),
    row("RuntimeClass", ON, Made(runtime_class::make)),
    row("CertificateApproval", ON, Made(certificates::approval)),
    row("CertificateSigning", ON, Made(certificates::signing)),
    row("ClusterTrustBundleAttest", ON, Made(certificates::attest)),
    row("CertificateSubjectRestriction", ON, Made(certificates::subject_restriction)),
    row("DefaultIngressClass", ON, Made(default_class::ingress)),
    row("DenyServiceExternalIPs", OFF, Made(deny_service_external_ips::make)),
    row("PodTopologyLabels", ON, Made(pod_topology_labels::make)),
    row("PodGroupWorkloadExists", ON, Made(pod_groups::workload_exists)),
    row("NodeDeclaredFeatureValidator", ON, Made(node_declared_feature_validator::make)),
    row("JobValidation", ON, Made(pod_groups::job_validation)),
    row("PodResizeValidator", ON, Made(pod_resize_validator::make)),
    row("MutatingAdmissionPolicy", ON, Missing("policies in CEL that change objects")),
    row("MutatingAdmissionWebhook", ON, Missing("webhooks that change objects")),
    row("ValidatingAdmissionPolicy", ON, Missing("policies in CEL that refuse objects")),
    row("ValidatingAdmissionWebhook", ON, Missing("webhooks that refuse objects")),
    row("ResourceQuota", ON, Made(resource_quota::make)),
    row("AlwaysDeny", OFF, Made(always::deny)),
];

/// The plugins that the two flags leave on.
///
/// # Errors
/// One line that names the flag.
pub fn switched_on(
    setup: &Setup,
    enable: &[String],
    disable: &[String],
    own: Vec<Box<dyn Plugin>>,
) -> Result<Chain, String> {
    let known = |name: &String| TABLE.iter().any(|row| row.name == name);
    for (flag, names) in
        [("enable-admission-plugins", enable), ("disable-admission-plugins", disable)]
    {
        if let Some(unknown) = names.iter().find(|name| !known(name)) {
            return Err(format!("{flag} plugin {unknown:?} is unknown"));
        }
    }
    let mut both: Vec<&str> =
        enable.iter().filter(|name| disable.contains(name)).map(String::as_str).collect();
    both.sort_unstable();
    both.dedup();
    if !both.is_empty() {
        return Err(format!(
            "[{}] in enable-admission-plugins and disable-admission-plugins overlapped",
            both.join(" ")
        ));
    }
    let mut plugins = own;
    for row in TABLE {
        let asked = enable.iter().any(|name| name == row.name);
        let off = disable.iter().any(|name| name == row.name);
        match row.state {
            _ if off || !(asked || row.on_by_default) => {}
            Made(make) => plugins.push(make(setup)),
            Missing(without) if asked => {
                return Err(format!(
                    "--enable-admission-plugins: this server does not have {} yet ({without})",
                    row.name
                ));
            }
            Missing(_) => {}
        }
    }
    Ok(Chain::new(plugins))
}

#[cfg(test)]
mod tests;
