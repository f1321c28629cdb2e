//! Upstream's flags that say nothing to this server: taken without effect where nothing is missed
//! by that, refused with a reason where something would be.

use runtime::flags::Kind::{Bool, Duration, Float, Int, List, Pairs, Text};
use runtime::flags::{Flag, Kind, Parsed};

/// Name, kind and upstream's default of what tunes, counts or logs in a way that this server has no
/// use for.
const ACCEPTED: &[(&str, Kind, &str)] = &[
    ("aggregator-reject-forwarding-redirect", Bool, "true"),
    ("audit-log-batch-buffer-size", Int, "10000"),
    ("audit-log-batch-max-size", Int, "1"),
    ("audit-log-batch-max-wait", Duration, "0s"),
    ("audit-log-batch-throttle-burst", Int, "0"),
    ("audit-log-batch-throttle-enable", Bool, "false"),
    ("audit-log-batch-throttle-qps", Float, "0"),
    ("audit-log-compress", Bool, "false"),
    ("audit-log-format", Text, "json"),
    ("audit-log-mode", Text, "blocking"),
    ("audit-log-truncate-enabled", Bool, "false"),
    ("audit-log-truncate-max-batch-size", Int, "10485760"),
    ("audit-log-truncate-max-event-size", Int, "102400"),
    ("audit-log-version", Text, "audit.k8s.io/v1"),
    ("audit-webhook-batch-buffer-size", Int, "10000"),
    ("audit-webhook-batch-max-size", Int, "400"),
    ("audit-webhook-batch-max-wait", Duration, "30s"),
    ("audit-webhook-batch-throttle-burst", Int, "15"),
    ("audit-webhook-batch-throttle-enable", Bool, "true"),
    ("audit-webhook-batch-throttle-qps", Float, "10"),
    ("audit-webhook-initial-backoff", Duration, "10s"),
    ("audit-webhook-mode", Text, "batch"),
    ("audit-webhook-truncate-enabled", Bool, "false"),
    ("audit-webhook-truncate-max-batch-size", Int, "10485760"),
    ("audit-webhook-truncate-max-event-size", Int, "102400"),
    ("audit-webhook-version", Text, "audit.k8s.io/v1"),
    ("authentication-token-webhook-cache-ttl", Duration, "2m0s"),
    ("authentication-token-webhook-version", Text, "v1beta1"),
    ("authorization-webhook-cache-authorized-ttl", Duration, "5m0s"),
    ("authorization-webhook-cache-unauthorized-ttl", Duration, "30s"),
    ("authorization-webhook-version", Text, "v1beta1"),
    ("coordinated-leadership-lease-duration", Duration, "15s"),
    ("coordinated-leadership-renew-deadline", Duration, "10s"),
    ("coordinated-leadership-retry-period", Duration, "2s"),
    ("default-watch-cache-size", Int, "100"),
    ("delete-collection-workers", Int, "1"),
    ("emulation-forward-compatible", Bool, "false"),
    ("enable-logs-handler", Bool, "true"),
    ("etcd-count-metric-poll-period", Duration, "1m0s"),
    ("etcd-db-metric-poll-interval", Duration, "30s"),
    ("etcd-readycheck-timeout", Duration, "2s"),
    ("lease-reuse-duration-seconds", Int, "60"),
    ("log-flush-frequency", Duration, "5s"),
    ("log-json-info-buffer-size", Text, ""),
    ("log-json-split-stream", Bool, "false"),
    ("log-text-info-buffer-size", Text, ""),
    ("log-text-split-stream", Bool, "false"),
    ("oidc-ca-file", Text, ""),
    ("oidc-client-id", Text, ""),
    ("oidc-groups-claim", Text, ""),
    ("oidc-groups-prefix", Text, ""),
    ("oidc-required-claim", Pairs, ""),
    ("oidc-signing-algs", List, "RS256"),
    ("oidc-username-claim", Text, "sub"),
    ("oidc-username-prefix", Text, ""),
    ("peer-advertise-ip", Text, ""),
    ("peer-advertise-port", Text, ""),
    ("peer-ca-file", Text, ""),
    ("permit-address-sharing", Bool, "false"),
    ("profiling", Bool, "true"),
    ("runtime-config-emulation-forward-compatible", Bool, "false"),
    ("storage-initialization-timeout", Duration, "1m0s"),
    ("vmodule", Text, ""),
    ("watch-cache", Bool, "true"),
    ("watch-cache-sizes", List, ""),
];

/// Name, kind, upstream's default, what else does no more than that, and why nothing else can be
/// had.
const ONLY_AS_IS: &[(&str, Kind, &str, &[&str], &str)] = &[
    ("allow-metric-labels", Pairs, "", &[], LABELS),
    ("allow-metric-labels-manifest", Text, "", &[], LABELS),
    ("contention-profiling", Bool, "false", &[], "this server has no profiles; leave the flag out"),
    ("disabled-metrics", List, "", &[], "this server shows all its metrics; leave the flag out"),
    ("emulated-version", List, "", EMULATED, "this server is 1.36 only; leave the flag out"),
    (
        "enable-garbage-collector",
        Bool,
        "true",
        &[],
        "this server always marks what waits for its dependents; leave the flag out",
    ),
    ("goaway-chance", Float, "0", &[], "this server sends no client away; leave the flag out"),
    (
        "min-compatibility-version",
        List,
        "",
        COMPATIBLE,
        "this server is compatible to 1.35 only; leave the flag out",
    ),
    ("show-hidden-metrics-for-version", Text, "", &[], "this server hides none; leave it out"),
    (
        "shutdown-send-retry-after",
        Bool,
        "false",
        &[],
        "this server closes its port once --shutdown-delay-duration is over; leave the flag out",
    ),
    (
        "shutdown-watch-termination-grace-period",
        Duration,
        "0s",
        &[],
        "watches end once --shutdown-delay-duration is over; leave the flag out",
    ),
    ("tls-curve-preferences", List, "", &[], "the curves can't be chosen here; leave the flag out"),
];

const LABELS: &str = "this server shows all labels; leave the flag out";
const EMULATED: &[&str] = &["1.36", "kube=1.36"];
const COMPATIBLE: &[&str] = &["1.35", "kube=1.35"];

/// Name, kind, and why it can't be had.
const REFUSED: &[(&str, Kind, &str)] = &[
    ("admission-control", List, "use --enable-admission-plugins and --disable-admission-plugins"),
    ("audit-policy-file", Text, "this server does not audit yet; leave the flag out"),
    ("audit-webhook-config-file", Text, "this server does not audit yet; leave the flag out"),
    ("authentication-config", Text, TOKENS),
    ("authentication-token-webhook-config-file", Text, TOKENS),
    ("authorization-config", Text, "use --authorization-mode, with Node and RBAC"),
    ("authorization-policy-file", Text, "use --authorization-mode, with Node and RBAC"),
    ("authorization-webhook-config-file", Text, "use --authorization-mode, with Node and RBAC"),
    ("cors-allowed-origins", List, "this server has no CORS; leave the flag out"),
    ("debug-socket-path", Text, "this server has no debug socket; leave the flag out"),
    ("egress-selector-config-file", Text, "this server calls nodes directly; leave the flag out"),
    ("etcd-servers-overrides", List, "all kinds are kept in --etcd-servers; leave the flag out"),
    (
        "kubernetes-service-node-port",
        Int,
        "the kubernetes service is of type ClusterIP here; leave the flag out",
    ),
    (
        "max-connection-bytes-per-sec",
        Int,
        "this server does not slow connections down; leave the flag out",
    ),
    ("oidc-issuer-url", Text, TOKENS),
    ("service-account-signing-endpoint", Text, "use --service-account-signing-key-file"),
    ("tracing-config-file", Text, "this server does not trace; leave the flag out"),
];

const TOKENS: &str = "this server knows tokens of service accounts, bootstrap tokens and \
                      --token-auth-file; leave the flag out";

/// Their rows.
pub(super) fn rows() -> impl Iterator<Item = Flag> {
    let accepted = ACCEPTED.iter().map(|row| Flag::new(row.0, row.1, "Accepted.").or(row.2));
    let refused =
        REFUSED.iter().map(|row| Flag::new(row.0, row.1, "Not supported by this server."));
    let as_is = ONLY_AS_IS.iter().map(|row| Flag::new(row.0, row.1, "Accepted.").or(row.2));
    accepted.chain(as_is).chain(refused)
}

/// Flags whose effect would be missed must not be taken in silence.
///
/// # Errors
/// One line that names the flag and says what to do.
pub(super) fn refuse(given: &Parsed) -> Result<(), String> {
    let asked = |name: &str, kind: Kind| match kind {
        Bool => given.bool(name),
        Int => given.int(name) != 0,
        List => !given.list(name).is_empty(),
        _ => !given.text(name).is_empty(),
    };
    for (name, kind, default, same, why) in ONLY_AS_IS {
        let is_same = match kind {
            Bool => given.bool(name).to_string() == *default,
            Duration => given.duration(name).is_zero(),
            Float => given.float(name) == 0.0,
            List => given.list(name).iter().all(|said| same.contains(&said.as_str())),
            Pairs => given.pairs(name).is_empty(),
            _ => given.text(name).is_empty(),
        };
        if !is_same {
            return Err(format!("--{name}: {why}"));
        }
    }
    match REFUSED.iter().find(|(name, kind, _)| asked(name, *kind)) {
        Some((name, _, why)) => Err(format!("--{name}: {why}")),
        None => Ok(()),
    }
}
