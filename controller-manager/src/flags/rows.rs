//! The controller manager's own rows. A help text of `Accepted.` marks what has no effect here.

use control::component::REMOVED;
use runtime::flags::{Flag, Kind};

use Kind::{Bool, Duration, Float, Int, List, Text};

/// Named as upstream names them; shared ones are in `control::component`.
pub(super) const ROWS: &[Flag] = &[
    Flag::new("controllers", List, "Which to run: '*', 'foo', '-foo'.").or("*"),
    Flag::new("use-service-account-credentials", Bool, "Each controller as its own account."),
    Flag::new("controller-start-interval", Duration, "Wait before each starts.").or("0s"),
    Flag::new("controller-shutdown-timeout", Duration, "Time to stop in.").or("10s"),
    Flag::new("min-resync-period", Duration, "Accepted.").or("12h"),
    Flag::new("cluster-name", Text, "Accepted.").or("kubernetes"),
    // Addresses
    Flag::new("allocate-node-cidrs", Bool, "Give each node a subnet of --cluster-cidr."),
    Flag::new("cidr-allocator-type", Text, "Only RangeAllocator.").or("RangeAllocator"),
    Flag::new("cluster-cidr", Text, "Where pods' addresses come from."),
    Flag::new("service-cluster-ip-range", Text, "Where services' addresses come from."),
    Flag::new("node-cidr-mask-size", Int, "Bits of a node's subnet.").or("0"),
    Flag::new("node-cidr-mask-size-ipv4", Int, "The same for IPv4.").or("0"),
    Flag::new("node-cidr-mask-size-ipv6", Int, "The same for IPv6.").or("0"),
    // Clouds: out of tree
    Flag::new("cloud-config", Text, "Accepted."),
    Flag::new("cloud-provider", Text, "Empty or external."),
    Flag::new("configure-cloud-routes", Bool, "Accepted.").or("true"),
    Flag::new("external-cloud-volume-plugin", Text, "Accepted."),
    Flag::new("route-reconciliation-period", Duration, "Accepted.").or("10s"),
    Flag::new("concurrent-service-syncs", Int, "Accepted.").or("1"),
    Flag::new("enable-leader-migration", Bool, "Accepted."),
    Flag::new("leader-migration-config", Text, "Accepted."),
    // Certificates and tokens
    Flag::new("cluster-signing-cert-file", Text, "The CA that signs requests."),
    Flag::new("cluster-signing-key-file", Text, "Its key."),
    Flag::new("cluster-signing-duration", Duration, "The longest life signed for.").or("8760h"),
    Flag::new(
        "cluster-signing-kube-apiserver-client-cert-file",
        Text,
        "The CA of clients of the API server.",
    ),
    Flag::new("cluster-signing-kube-apiserver-client-key-file", Text, "Its key."),
    Flag::new("cluster-signing-kubelet-client-cert-file", Text, "The CA of kubelets as clients."),
    Flag::new("cluster-signing-kubelet-client-key-file", Text, "Its key."),
    Flag::new("cluster-signing-kubelet-serving-cert-file", Text, "The CA of kubelets as servers."),
    Flag::new("cluster-signing-kubelet-serving-key-file", Text, "Its key."),
    Flag::new(
        "cluster-signing-legacy-unknown-cert-file",
        Text,
        "The CA of the signer legacy-unknown.",
    ),
    Flag::new("cluster-signing-legacy-unknown-key-file", Text, "Its key."),
    Flag::new("root-ca-file", Text, "What pods know the API server by."),
    Flag::new("service-account-private-key-file", Text, "What signs service accounts' tokens."),
    Flag::new("concurrent-serviceaccount-token-syncs", Int, "").or("5"),
    Flag::new("legacy-service-account-token-clean-up-period", Duration, "Until unused ones go.")
        .or("8760h"),
    // Workloads
    Flag::new("concurrent-deployment-syncs", Int, "").or("5"),
    Flag::new("concurrent-replicaset-syncs", Int, "").or("5"),
    Flag::new("concurrent-rc-syncs", Int, "").or("5"),
    Flag::new("concurrent-statefulset-syncs", Int, "").or("5"),
    Flag::new("concurrent-daemonset-syncs", Int, "").or("2"),
    Flag::new("concurrent-job-syncs", Int, "").or("5"),
    Flag::new("concurrent-cron-job-syncs", Int, "").or("5"),
    Flag::new("concurrent-ttl-after-finished-syncs", Int, "").or("5"),
    Flag::new("concurrent-horizontal-pod-autoscaler-syncs", Int, "").or("5"),
    Flag::new("horizontal-pod-autoscaler-cpu-initialization-period", Duration, "").or("5m"),
    Flag::new("horizontal-pod-autoscaler-downscale-stabilization", Duration, "").or("5m"),
    Flag::new("horizontal-pod-autoscaler-initial-readiness-delay", Duration, "").or("30s"),
    Flag::new("horizontal-pod-autoscaler-sync-period", Duration, "").or("15s"),
    Flag::new("horizontal-pod-autoscaler-tolerance", Float, "").or("0.1"),
    // Endpoints
    Flag::new("concurrent-endpoint-syncs", Int, "").or("5"),
    Flag::new("endpoint-updates-batch-period", Duration, "Wait for more changes.").or("0s"),
    Flag::new("concurrent-service-endpoint-syncs", Int, "").or("5"),
    Flag::new("endpointslice-updates-batch-period", Duration, "Wait for more changes.").or("0s"),
    Flag::new("max-endpoints-per-slice", Int, "Endpoints in one slice.").or("100"),
    Flag::new("mirroring-concurrent-service-endpoint-syncs", Int, "").or("5"),
    Flag::new("mirroring-endpointslice-updates-batch-period", Duration, "Wait for more changes.")
        .or("0s"),
    Flag::new("mirroring-max-endpoints-per-subset", Int, "Addresses mirrored of a subset.")
        .or("1000"),
    // Garbage, namespaces, quotas
    Flag::new("concurrent-gc-syncs", Int, "").or("20"),
    Flag::new("enable-garbage-collector", Bool, "As the API server's flag.").or("true"),
    Flag::new("concurrent-namespace-syncs", Int, "").or("10"),
    Flag::new("namespace-sync-period", Duration, "Accepted.").or("5m"),
    Flag::new("terminated-pod-gc-threshold", Int, "Finished pods that are kept.").or("12500"),
    Flag::new("concurrent-resource-quota-syncs", Int, "").or("5"),
    Flag::new("resource-quota-sync-period", Duration, "").or("5m"),
    // Nodes
    Flag::new("node-monitor-period", Duration, "Between two looks at nodes.").or("5s"),
    Flag::new("node-monitor-grace-period", Duration, "Silence that makes unknown.").or("50s"),
    Flag::new("node-startup-grace-period", Duration, "The same for a new node.").or("1m"),
    Flag::new("node-eviction-rate", Float, "Nodes a second.").or("0.1"),
    Flag::new("secondary-node-eviction-rate", Float, "Nodes a second.").or("0.01"),
    Flag::new("large-cluster-size-threshold", Int, "Nodes.").or("50"),
    Flag::new("unhealthy-zone-threshold", Float, "A share of 1.").or("0.55"),
    // Volumes
    Flag::new("attach-detach-reconcile-sync-period", Duration, "Accepted.").or("1m"),
    Flag::new("disable-attach-detach-reconcile-sync", Bool, "Accepted."),
    Flag::new("disable-force-detach-on-timeout", Bool, "Wait for lost nodes for ever."),
    Flag::new("concurrent-ephemeralvolume-syncs", Int, "Workers on ephemeral volumes.").or("5"),
    Flag::new("enable-dynamic-provisioning", Bool, "Ask for volumes to be made.").or("true"),
    Flag::new("enable-hostpath-provisioner", Bool, "Refused."),
    Flag::new("flex-volume-plugin-dir", Text, "Accepted."),
    Flag::new("pv-recycler-increment-timeout-nfs", Int, "Accepted.").or("30"),
    Flag::new("pv-recycler-minimum-timeout-hostpath", Int, "Accepted.").or("60"),
    Flag::new("pv-recycler-minimum-timeout-nfs", Int, "Accepted.").or("300"),
    Flag::new("pv-recycler-pod-template-filepath-hostpath", Text, "Accepted."),
    Flag::new("pv-recycler-pod-template-filepath-nfs", Text, "Accepted."),
    Flag::new("pv-recycler-timeout-increment-hostpath", Int, "Accepted.").or("30"),
    Flag::new("pvclaimbinder-sync-period", Duration, "Between looks at what waits.").or("15s"),
    // Others
    Flag::new("concurrent-device-taint-eviction-syncs", Int, "Accepted.").or("8"),
    Flag::new("concurrent-resourceclaim-syncs", Int, "Accepted.").or("50"),
    Flag::new("concurrent-validating-admission-policy-status-syncs", Int, "Accepted.").or("5"),
    // Of earlier generations
    Flag::new("pod-eviction-timeout", Duration, "").or("5m").deprecated(REMOVED),
    Flag::new("enable-taint-manager", Bool, "").or("true").deprecated(REMOVED),
    Flag::new("deployment-controller-sync-period", Duration, "").or("30s").deprecated(REMOVED),
    Flag::new("register-retry-count", Int, "").or("10").deprecated(REMOVED),
    Flag::new("volume-host-cidr-denylist", List, "").deprecated(REMOVED),
    Flag::new("volume-host-allow-local-loopback", Bool, "").or("true").deprecated(REMOVED),
    Flag::new("horizontal-pod-autoscaler-upscale-delay", Duration, "").or("3m").deprecated(REMOVED),
    Flag::new("horizontal-pod-autoscaler-downscale-delay", Duration, "")
        .or("5m")
        .deprecated(REMOVED),
];
