//! kube-controller-manager's command line: upstream's names, and what they mean here.
//!
//! Mirrors `k8s.io/kubernetes/cmd/kube-controller-manager/app/options`.

mod checks;
mod rows;
mod signing;

use crate::settings::{Autoscaling, Batching, Concurrency, Eviction, Options};
use crate::subnets::Subnet;
use crate::table;
use control::component::{self, ComponentOptions, REMOVED};
use runtime::flags::feature_gates::{Gate, Stage};
use runtime::flags::{FeatureGates, Flag, Kind, Parsed};
use std::path::PathBuf;

/// Upstream's `--kube-api-qps` and `--kube-api-burst`.
const QPS: &str = "20";
const BURST: &str = "30";

/// The whole table.
pub fn table() -> Vec<Flag> {
    let mut flags = component::FLAGS.to_vec();
    flags.extend_from_slice(rows::ROWS);
    flags.extend([
        Flag::new("kube-api-qps", Kind::Float, "Requests a second of one client.").or(QPS),
        Flag::new("kube-api-burst", Kind::Int, "Requests at once of one client.").or(BURST),
        Flag::new("secure-port", Kind::Int, "The port to serve on; 0 for none.").or("10257"),
        Flag::new("experimental-cluster-signing-duration", Kind::Duration, "")
            .or("8760h")
            .deprecated("use --cluster-signing-duration"),
        Flag::new("horizontal-pod-autoscaler-use-rest-clients", Kind::Bool, "")
            .or("true")
            .deprecated(REMOVED),
    ]);
    flags
}

impl Options {
    /// The options that no flag at all stands for: what `orlop` begins with.
    ///
    /// # Errors
    /// None in practice: the defaults are sound.
    pub fn defaults() -> Result<Self, String> {
        let none: [&str; 0] = [];
        let parsed = runtime::flags::parse(&table(), none).map_err(|error| error.to_string())?;
        Self::from_flags(&parsed)
    }

    /// What the flags say.
    ///
    /// # Errors
    /// The sentence to print before the process ends.
    pub fn from_flags(flags: &Parsed) -> Result<Self, String> {
        checks::check(flags)?;
        let path = |name: &str| Some(flags.text(name)).filter(|t| !t.is_empty()).map(PathBuf::from);
        let count = |name: &str| count(flags, name);
        let controllers = flags.list("controllers").to_vec();
        table::check_names(&controllers)?;
        let root_ca = match path("root-ca-file") {
            None => None,
            Some(file) => Some(read_bundle(&file)?),
        };
        let cluster_cidrs = Subnet::parse_list("--cluster-cidr", flags.text("cluster-cidr"))?;
        let range = flags.text("service-cluster-ip-range");
        let service_cidrs = Subnet::parse_list("--service-cluster-ip-range", range)?;
        refuse_overlap(&cluster_cidrs, &service_cidrs)?;
        let allocate_node_cidrs = flags.bool("allocate-node-cidrs");
        if allocate_node_cidrs && cluster_cidrs.is_empty() {
            return Err("--allocate-node-cidrs is set, and needs --cluster-cidr".into());
        }
        Ok(Self {
            component: ComponentOptions::from_flags(flags, "kube-controller-manager")?,
            controllers,
            per_controller: flags.bool("use-service-account-credentials"),
            root_ca,
            service_account_key: path("service-account-private-key-file"),
            token_secrets: token_secrets(flags.pairs("feature-gates"))?,
            signing: signing::pairs(flags)?,
            signing_duration: flags.duration("cluster-signing-duration"),
            node_mask_sizes: mask_sizes(flags, allocate_node_cidrs, &cluster_cidrs)?,
            cluster_cidrs,
            service_cidrs,
            allocate_node_cidrs,
            node_monitor_period: flags.duration("node-monitor-period"),
            node_monitor_grace_period: flags.duration("node-monitor-grace-period"),
            node_startup_grace_period: flags.duration("node-startup-grace-period"),
            terminated_pods_max: flags.int("terminated-pod-gc-threshold"),
            endpoints_per_slice: count("max-endpoints-per-slice"),
            eviction: Eviction {
                rate: flags.float("node-eviction-rate"),
                secondary_rate: flags.float("secondary-node-eviction-rate"),
                large_cluster_size: count("large-cluster-size-threshold"),
                unhealthy_zone: flags.float("unhealthy-zone-threshold"),
            },
            autoscaler: autoscaling(flags),
            mirrored_per_subset: count("mirroring-max-endpoints-per-subset"),
            legacy_token_clean_up_period: flags
                .duration("legacy-service-account-token-clean-up-period"),
            quota_sync_period: flags.duration("resource-quota-sync-period"),
            enable_garbage_collector: flags.bool("enable-garbage-collector"),
            volume_sync_period: flags.duration("pvclaimbinder-sync-period"),
            dynamic_provisioning: flags.bool("enable-dynamic-provisioning"),
            force_detach: !flags.bool("disable-force-detach-on-timeout"),
            concurrency: concurrency(flags),
            batching: batching(flags),
            start_interval: flags.duration("controller-start-interval"),
            shutdown_timeout: flags.duration("controller-shutdown-timeout"),
            idle_gates: idle_gates(flags.pairs("feature-gates")),
        })
    }
}

/// A number of which there is one at least.
fn count(flags: &Parsed, name: &str) -> usize {
    usize::try_from(flags.int(name)).unwrap_or(1).max(1)
}

fn concurrency(flags: &Parsed) -> Concurrency {
    let count = |name: &str| count(flags, name);
    Concurrency {
        deployments: count("concurrent-deployment-syncs"),
        replica_sets: count("concurrent-replicaset-syncs"),
        namespaces: count("concurrent-namespace-syncs"),
        endpoint_slices: count("concurrent-service-endpoint-syncs"),
        endpoints: count("concurrent-endpoint-syncs"),
        autoscalers: count("concurrent-horizontal-pod-autoscaler-syncs"),
        mirrored_endpoints: count("mirroring-concurrent-service-endpoint-syncs"),
        garbage: count("concurrent-gc-syncs"),
        daemon_sets: count("concurrent-daemonset-syncs"),
        stateful_sets: count("concurrent-statefulset-syncs"),
        jobs: count("concurrent-job-syncs"),
        cron_jobs: count("concurrent-cron-job-syncs"),
        replication_controllers: count("concurrent-rc-syncs"),
        quotas: count("concurrent-resource-quota-syncs"),
        tokens: count("concurrent-serviceaccount-token-syncs"),
        ttl_after_finished: count("concurrent-ttl-after-finished-syncs"),
        ephemeral_volumes: count("concurrent-ephemeralvolume-syncs"),
    }
}

fn batching(flags: &Parsed) -> Batching {
    Batching {
        endpoints: flags.duration("endpoint-updates-batch-period"),
        endpoint_slices: flags.duration("endpointslice-updates-batch-period"),
        mirrored_endpoints: flags.duration("mirroring-endpointslice-updates-batch-period"),
    }
}

/// Upstream's gate of 1.24 to 1.26, turned around: on, it ended what is asked for here.
const NO_SECRETS: Gate = Gate {
    name: "LegacyServiceAccountTokenNoAutoGeneration",
    default: true,
    stage: Stage::Beta,
    locked: false,
};

/// The gates that nothing here asks about, as they were given.
fn idle_gates(gates: &[(String, String)]) -> Vec<String> {
    let idle = gates.iter().filter(|(name, _)| name != NO_SECRETS.name);
    idle.map(|(name, value)| format!("{name}={value}")).collect()
}

fn token_secrets(gates: &[(String, String)]) -> Result<Option<bool>, String> {
    let given: Vec<_> = gates.iter().filter(|(name, _)| name == NO_SECRETS.name).cloned().collect();
    if given.is_empty() {
        return Ok(None);
    }
    let mut gates = FeatureGates::new(&[NO_SECRETS]);
    gates.set(&given)?;
    Ok(Some(!gates.enabled(NO_SECRETS.name)))
}

fn autoscaling(flags: &Parsed) -> Autoscaling {
    let duration = |name: &str| flags.duration(&format!("horizontal-pod-autoscaler-{name}"));
    Autoscaling {
        sync_period: duration("sync-period"),
        downscale_stabilization: duration("downscale-stabilization"),
        tolerance: flags.float("horizontal-pod-autoscaler-tolerance"),
        cpu_initialization_period: duration("cpu-initialization-period"),
        initial_readiness_delay: duration("initial-readiness-delay"),
    }
}

fn read_bundle(file: &std::path::Path) -> Result<String, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("--root-ca-file: {}: {error}", file.display()))?;
    if !text.contains("-----BEGIN CERTIFICATE-----") {
        return Err(format!(
            "--root-ca-file: {}: there is no PEM certificate in it",
            file.display()
        ));
    }
    Ok(text)
}

fn refuse_overlap(cluster: &[Subnet], service: &[Subnet]) -> Result<(), String> {
    for pods in cluster {
        if let Some(services) = service.iter().find(|services| services.overlaps(pods)) {
            return Err(format!(
                "--cluster-cidr {pods} and --service-cluster-ip-range {services} overlap: an \
                 address could be a pod's and a service's at once"
            ));
        }
    }
    Ok(())
}

/// The sizes of nodes' subnets, IPv4 and IPv6. Which flags may be given depends on the families of
/// the `cluster` ranges, where nodes get subnets at all.
fn mask_sizes(flags: &Parsed, is_used: bool, cluster: &[Subnet]) -> Result<(u8, u8), String> {
    let [both, four, six] =
        ["node-cidr-mask-size", "node-cidr-mask-size-ipv4", "node-cidr-mask-size-ipv6"];
    let given = |name: &str| Some(flags.int(name)).filter(|size| *size != 0);
    let not_with =
        |what: &str, where_: &str| Err(format!("usage of {what} is not allowed {where_}"));
    match cluster {
        [_, _, ..] if is_used && given(both).is_some() => {
            return not_with("--node-cidr-mask-size", "with dual-stack clusters");
        }
        [one] if is_used => {
            let has = |name: &str| given(name).is_some();
            if has(both) && (has(four) || has(six)) {
                return not_with(
                    "--node-cidr-mask-size-ipv4 and --node-cidr-mask-size-ipv6",
                    "if --node-cidr-mask-size is set. For dual-stack clusters please unset it and \
                     use IPFamily specific flags",
                );
            }
            if has(four) && one.is_ipv6() {
                return not_with(&format!("--{four}"), "for a single-stack IPv6 cluster");
            }
            if has(six) && !one.is_ipv6() {
                return not_with(&format!("--{six}"), "for a single-stack IPv4 cluster");
            }
        }
        _ => {}
    }
    let size = |name: &str, default: i64, max: i64| {
        let chosen = given(name).or(given(both)).unwrap_or(default);
        u8::try_from(chosen)
            .ok()
            .filter(|size| i64::from(*size) <= max && *size > 0)
            .ok_or_else(|| format!("--{name}: {chosen} is not a mask size of up to {max} bits"))
    };
    // One size may be meant for the other family alone.
    let max_of_four = if cluster.first().is_some_and(|one| one.is_ipv6()) { 128 } else { 32 };
    let sizes = (size(four, 24, max_of_four)?, size(six, 64, 128)?);
    let narrow = |one: &Subnet| one.bits() > if one.is_ipv6() { sizes.1 } else { sizes.0 };
    if is_used && cluster.iter().any(narrow) {
        let why = "Controller: Invalid --cluster-cidr, mask size of cluster CIDR must be less than or \
                   equal to --node-cidr-mask-size configured for CIDR family";
        return Err(why.into());
    }
    Ok(sizes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(words: &[&str]) -> Result<Options, String> {
        let parsed = runtime::flags::parse(&table(), words.iter().copied());
        parsed.map_err(|error| error.to_string()).and_then(|parsed| Options::from_flags(&parsed))
    }

    #[test]
    fn a_gate_of_the_past_asks_for_token_secrets() {
        let asked =
            |gates: &str| options(&[&format!("--feature-gates={gates}")]).map(|o| o.token_secrets);
        for (gates, wanted) in [
            ("LegacyServiceAccountTokenNoAutoGeneration=false", Some(true)),
            ("LegacyServiceAccountTokenNoAutoGeneration=true", Some(false)),
            ("Another=true", None),
        ] {
            assert_eq!(asked(gates).expect("sound"), wanted, "{gates}");
        }
        let given = options(&["--feature-gates=Another=true"]).expect("sound");
        assert_eq!(given.idle_gates, ["Another=true"]);
        assert!(asked("LegacyServiceAccountTokenNoAutoGeneration=x").is_err());
    }

    #[test]
    fn the_guides_unit_files_are_taken() {
        let old = "--bind-address=0.0.0.0 --address=0.0.0.0 --cluster-cidr=10.200.0.0/16 \
                   --cluster-name=kubernetes --cluster-signing-cert-file=ca.pem \
                   --cluster-signing-key-file=ca-key.pem --leader-elect=true \
                   --kubeconfig=kube-controller-manager.kubeconfig \
                   --service-account-private-key-file=service-account-key.pem \
                   --service-cluster-ip-range=10.32.0.0/24 \
                   --use-service-account-credentials=true --allocate-node-cidrs=true --v=2";
        let words: Vec<&str> = old.split_whitespace().collect();
        let options = options(&words).expect("sound");
        assert!(options.per_controller && options.signing.len() == 4);
        assert_eq!(options.component.serving.port, 10257);
        assert_eq!(options.node_mask_sizes, (24, 64));
    }

    #[test]
    fn mistakes_are_named() {
        let table = [
            (vec!["--no-such-flag=1"], "unknown flag: --no-such-flag"),
            (
                vec!["--controllers=nonsense"],
                "\"nonsense\" is not in the list of known controllers",
            ),
            (
                vec!["--cluster-cidr=10.0.0.0/8", "--service-cluster-ip-range=10.32.0.0/24"],
                "--cluster-cidr 10.0.0.0/8 and --service-cluster-ip-range 10.32.0.0/24 overlap: an \
                 address could be a pod's and a service's at once",
            ),
            (
                vec!["--allocate-node-cidrs"],
                "--allocate-node-cidrs is set, and needs --cluster-cidr",
            ),
            (
                vec![
                    "--allocate-node-cidrs",
                    "--cluster-cidr=10.0.0.0/16",
                    "--node-cidr-mask-size-ipv6=80",
                ],
                "usage of --node-cidr-mask-size-ipv6 is not allowed for a single-stack IPv4 cluster",
            ),
            (
                vec![
                    "--allocate-node-cidrs",
                    "--cluster-cidr=10.200.0.0/16",
                    "--node-cidr-mask-size=8",
                ],
                "Controller: Invalid --cluster-cidr, mask size of cluster CIDR must be less than or \
                 equal to --node-cidr-mask-size configured for CIDR family",
            ),
            (
                vec![
                    "--allocate-node-cidrs",
                    "--cluster-cidr=10.0.0.0/16,fd00::/48",
                    "--node-cidr-mask-size=24",
                ],
                "usage of --node-cidr-mask-size is not allowed with dual-stack clusters",
            ),
            (
                vec!["--leader-elect-lease-duration=5s"],
                "leaseDuration must be greater than renewDeadline",
            ),
        ];
        for (words, message) in table {
            assert_eq!(options(&words).err().as_deref(), Some(message));
        }
    }
}
