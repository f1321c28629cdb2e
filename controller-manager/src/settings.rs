//! What the controller manager is told at its start, as its flags mean it.

use crate::subnets::Subnet;
use control::component::ComponentOptions;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// How many keys of a kind are worked on at a time.
#[derive(Clone, Debug)]
pub struct Concurrency {
    /// `--concurrent-deployment-syncs`
    pub deployments: usize,
    /// `--concurrent-replicaset-syncs`
    pub replica_sets: usize,
    /// `--concurrent-namespace-syncs`
    pub namespaces: usize,
    /// `--concurrent-service-endpoint-syncs`
    pub endpoint_slices: usize,
    /// `--concurrent-endpoint-syncs`
    pub endpoints: usize,
    /// `--concurrent-horizontal-pod-autoscaler-syncs`
    pub autoscalers: usize,
    /// `--mirroring-concurrent-service-endpoint-syncs`
    pub mirrored_endpoints: usize,
    /// `--concurrent-gc-syncs`
    pub garbage: usize,
    /// `--concurrent-daemonset-syncs`
    pub daemon_sets: usize,
    /// `--concurrent-statefulset-syncs`
    pub stateful_sets: usize,
    /// `--concurrent-job-syncs`
    pub jobs: usize,
    /// `--concurrent-cron-job-syncs`
    pub cron_jobs: usize,
    /// `--concurrent-rc-syncs`
    pub replication_controllers: usize,
    /// `--concurrent-resource-quota-syncs`
    pub quotas: usize,
    /// `--concurrent-serviceaccount-token-syncs`
    pub tokens: usize,
    /// `--concurrent-ttl-after-finished-syncs`
    pub ttl_after_finished: usize,
    /// `--concurrent-ephemeralvolume-syncs`.
    pub ephemeral_volumes: usize,
}

/// How fast nodes that fell silent lose their pods.
#[derive(Clone, Debug)]
pub struct Eviction {
    /// `--node-eviction-rate`: nodes a second.
    pub rate: f64,
    /// `--secondary-node-eviction-rate`.
    pub secondary_rate: f64,
    /// `--large-cluster-size-threshold`: nodes.
    pub large_cluster_size: usize,
    /// `--unhealthy-zone-threshold`: a share of 1.
    pub unhealthy_zone: f64,
}

/// How pods are scaled by metrics.
#[derive(Clone, Debug)]
pub struct Autoscaling {
    /// `--horizontal-pod-autoscaler-sync-period`.
    pub sync_period: Duration,
    /// `--horizontal-pod-autoscaler-downscale-stabilization`.
    pub downscale_stabilization: Duration,
    /// `--horizontal-pod-autoscaler-tolerance`.
    pub tolerance: f64,
    /// `--horizontal-pod-autoscaler-cpu-initialization-period`.
    pub cpu_initialization_period: Duration,
    /// `--horizontal-pod-autoscaler-initial-readiness-delay`.
    pub initial_readiness_delay: Duration,
}

/// A certificate and its key, on disk.
#[derive(Clone, Debug)]
pub struct SigningPair {
    /// PEM.
    pub certificate: PathBuf,
    /// PEM.
    pub key: PathBuf,
}

/// The CAs that requests are signed with, each with the name of its signer.
pub type SigningPairs = BTreeMap<&'static str, SigningPair>;

/// How long changes are gathered before endpoints are written anew.
#[derive(Clone, Copy, Debug, Default)]
pub struct Batching {
    /// `--endpoint-updates-batch-period`.
    pub endpoints: Duration,
    /// `--endpointslice-updates-batch-period`.
    pub endpoint_slices: Duration,
    /// `--mirroring-endpointslice-updates-batch-period`.
    pub mirrored_endpoints: Duration,
}

/// What the controller manager is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// What it shares with the scheduler.
    pub component: ComponentOptions,
    /// `--controllers`.
    pub controllers: Vec<String>,
    /// `--use-service-account-credentials`.
    pub per_controller: bool,
    /// The content of `--root-ca-file`.
    pub root_ca: Option<String>,
    /// `--service-account-private-key-file`.
    pub service_account_key: Option<PathBuf>,
    /// Whether each service account gets a Secret with a token that does not end, as up to 1.23:
    /// `--feature-gates=LegacyServiceAccountTokenNoAutoGeneration=false`. `None`: where the API
    /// server has no other tokens.
    pub token_secrets: Option<bool>,
    /// `--cluster-signing-cert-file` and `--cluster-signing-key-file` for all signers, or those
    /// of single ones.
    pub signing: SigningPairs,
    /// `--cluster-signing-duration`.
    pub signing_duration: Duration,
    /// `--cluster-cidr`.
    pub cluster_cidrs: Vec<Subnet>,
    /// `--service-cluster-ip-range`.
    pub service_cidrs: Vec<Subnet>,
    /// `--allocate-node-cidrs`.
    pub allocate_node_cidrs: bool,
    /// `--node-cidr-mask-size`, by family: IPv4, IPv6.
    pub node_mask_sizes: (u8, u8),
    /// `--node-monitor-period`.
    pub node_monitor_period: Duration,
    /// `--node-monitor-grace-period`.
    pub node_monitor_grace_period: Duration,
    /// `--node-startup-grace-period`.
    pub node_startup_grace_period: Duration,
    /// `--terminated-pod-gc-threshold`.
    pub terminated_pods_max: i64,
    /// `--max-endpoints-per-slice`.
    pub endpoints_per_slice: usize,
    /// Of nodes' pods.
    pub eviction: Eviction,
    /// `--horizontal-pod-autoscaler-*`.
    pub autoscaler: Autoscaling,
    /// `--mirroring-max-endpoints-per-subset`.
    pub mirrored_per_subset: usize,
    /// `--legacy-service-account-token-clean-up-period`.
    pub legacy_token_clean_up_period: Duration,
    /// `--resource-quota-sync-period`.
    pub quota_sync_period: Duration,
    /// `--enable-garbage-collector`.
    pub enable_garbage_collector: bool,
    /// `--pvclaimbinder-sync-period`.
    pub volume_sync_period: Duration,
    /// `--enable-dynamic-provisioning`.
    pub dynamic_provisioning: bool,
    /// Not `--disable-force-detach-on-timeout`.
    pub force_detach: bool,
    /// Workers.
    pub concurrency: Concurrency,
    /// Of endpoints.
    pub batching: Batching,
    /// `--controller-start-interval`.
    pub start_interval: Duration,
    /// `--controller-shutdown-timeout`; zero waits for ever.
    pub shutdown_timeout: Duration,
    /// Of `--feature-gates`: those that change nothing here.
    pub idle_gates: Vec<String>,
}
