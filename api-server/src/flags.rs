//! The command line of kube-apiserver: upstream's flags, as data.
//!
//! All of upstream's are known: those that mean something here are below, the others are in `rest`.
//! What can't be served is refused with the reason. Flags that upstream removed, but that old unit
//! files still have, are taken with a warning.

mod rest;

use crate::services::ServiceNetwork;
use crate::settings::{Identity, Options, Protocols};
use crate::subresources::KubeletOptions;
use crate::{feature_gates, runtime_config};
use runtime::flags::{Flag, Kind, Parsed};
use std::path::PathBuf;
use std::time::Duration;

const REMOVED: &str = "it has no effect and can be removed";

/// Every flag, by upstream's names.
pub fn all() -> Vec<Flag> {
    FLAGS.iter().copied().chain(rest::rows()).collect()
}

/// Those that mean something to this server, and those of old.
const FLAGS: &[Flag] = &[
    Flag::new(
        "admission-control-config-file",
        Kind::Text,
        "The file that configures single admission plugins, of which PodSecurity can be.",
    ),
    Flag::new(
        "advertise-address",
        Kind::Text,
        "The address at which members of the cluster reach this server; by default that of --bind-address, or of the first interface.",
    ),
    Flag::new("allow-privileged", Kind::Bool, "Allow privileged containers.").or("false"),
    Flag::new(
        "anonymous-auth",
        Kind::Bool,
        "Let requests without credentials in as system:anonymous.",
    )
    .or("true"),
    Flag::new(
        "api-audiences",
        Kind::List,
        "The audiences that a service-account token must name one of; by default the issuer.",
    ),
    Flag::new("apiserver-count", Kind::Int, "The number of API servers of the cluster.")
        .or("1")
        .deprecated("apiserver-count is deprecated and will be removed in a future version."),
    Flag::new("audit-log-maxage", Kind::Int, "The days to keep old audit logs.").or("366"),
    Flag::new("audit-log-maxbackup", Kind::Int, "The number of old audit logs to keep.").or("100"),
    Flag::new("audit-log-maxsize", Kind::Int, "The megabytes at which an audit log is rotated.")
        .or("100"),
    Flag::new(
        "audit-log-path",
        Kind::Text,
        "Where the audit log goes; without --audit-policy-file no event is recorded.",
    ),
    Flag::new(
        "authorization-mode",
        Kind::List,
        "The authorizers, asked in this order: Node, RBAC, AlwaysAllow, AlwaysDeny.",
    )
    .or("AlwaysAllow"),
    Flag::new("bind-address", Kind::Text, "The address to listen on.").or("0.0.0.0"),
    Flag::new(
        "cert-dir",
        Kind::Text,
        "Where a self-signed certificate is kept when no --tls-cert-file is given.",
    )
    .or("/var/run/kubernetes"),
    Flag::new("client-ca-file", Kind::Text, "The CA that signs clients' certificates."),
    Flag::new(
        "default-not-ready-toleration-seconds",
        Kind::Int,
        "How long pods tolerate a node that is not ready.",
    )
    .or("300"),
    Flag::new(
        "default-unreachable-toleration-seconds",
        Kind::Int,
        "How long pods tolerate an unreachable node.",
    )
    .or("300"),
    Flag::new("disable-admission-plugins", Kind::List, "Admission plugins to switch off."),
    Flag::new(
        "enable-admission-plugins",
        Kind::List,
        "Admission plugins to switch on beside the default ones.",
    ),
    Flag::new(
        "enable-aggregator-routing",
        Kind::Bool,
        "Reach aggregated servers by their endpoints.",
    )
    .or("false"),
    Flag::new(
        "enable-bootstrap-token-auth",
        Kind::Bool,
        "Let secrets of type bootstrap.kubernetes.io/token in kube-system be tokens.",
    )
    .or("false"),
    Flag::new(
        "enable-priority-and-fairness",
        Kind::Bool,
        "Serve flow schemas and priority levels; requests are counted all the same.",
    )
    .or("true"),
    Flag::new("disable-http2-serving", Kind::Bool, "Serve HTTP/1.1 only.").or("false"),
    Flag::new("enable-swagger-ui", Kind::Bool, "").or("false").deprecated(REMOVED),
    Flag::new(
        "encryption-provider-config",
        Kind::Text,
        "The file that says how values are encrypted in the store.",
    ),
    Flag::new(
        "encryption-provider-config-automatic-reload",
        Kind::Bool,
        "Read that file again when it changes.",
    )
    .or("false"),
    Flag::new(
        "endpoint-reconciler-type",
        Kind::Text,
        "How the endpoints of the kubernetes service are kept: lease, none.",
    )
    .or("lease"),
    Flag::new("etcd-cafile", Kind::Text, "The CA that signed etcd's certificates."),
    Flag::new("etcd-certfile", Kind::Text, "The client certificate shown to etcd."),
    Flag::new(
        "etcd-compaction-interval",
        Kind::Duration,
        "How often the store's history is compacted; 0 for never.",
    )
    .or("5m0s"),
    Flag::new(
        "etcd-healthcheck-timeout",
        Kind::Duration,
        "How long etcd may take to answer a health check.",
    )
    .or("2s"),
    Flag::new("etcd-keyfile", Kind::Text, "The key of the client certificate shown to etcd."),
    Flag::new("etcd-prefix", Kind::Text, "The prefix of all keys in etcd.").or("/registry"),
    Flag::new("etcd-servers", Kind::List, "The etcd servers to connect to (scheme://host:port)."),
    Flag::new("event-ttl", Kind::Duration, "How long events are kept.").or("1h0m0s"),
    Flag::new("experimental-encryption-provider-config", Kind::Text, "")
        .deprecated("use --encryption-provider-config."),
    Flag::new("external-hostname", Kind::Text, "The host name for generated URLs."),
    Flag::new("feature-gates", Kind::Switches, "Feature gates (key=true|false)."),
    Flag::new(
        "http2-max-streams-per-connection",
        Kind::Int,
        "The requests at once on one connection; 0 for 250.",
    )
    .or("0"),
    Flag::new("insecure-port", Kind::Int, "")
        .or("0")
        .deprecated("This flag has no effect now and will be removed in v1.24."),
    Flag::new(
        "kubelet-certificate-authority",
        Kind::Text,
        "The CA that signed kubelets' certificates.",
    ),
    Flag::new(
        "kubelet-client-certificate",
        Kind::Text,
        "The client certificate shown to kubelets.",
    ),
    Flag::new(
        "kubelet-client-key",
        Kind::Text,
        "The key of the client certificate shown to kubelets.",
    ),
    Flag::new("kubelet-https", Kind::Bool, "").or("true").deprecated(REMOVED),
    Flag::new(
        "kubelet-preferred-address-types",
        Kind::List,
        "The order in which a node's addresses are tried.",
    )
    .or("Hostname,InternalDNS,InternalIP,ExternalDNS,ExternalIP"),
    Flag::new("kubelet-timeout", Kind::Duration, "How long a kubelet may take.").or("5s"),
    Flag::new(
        "livez-grace-period",
        Kind::Duration,
        "How long a start may take before /livez counts what is not yet done.",
    )
    .or("0s"),
    Flag::new("logging-format", Kind::Text, "text or json.").or("text"),
    Flag::new(
        "max-mutating-requests-inflight",
        Kind::Int,
        "The writes under way at once; above it, 429.",
    )
    .or("200"),
    Flag::new("max-requests-inflight", Kind::Int, "The reads under way at once; above it, 429.")
        .or("400"),
    Flag::new(
        "min-request-timeout",
        Kind::Int,
        "The seconds after which, at the earliest, a watch is ended.",
    )
    .or("1800"),
    Flag::new(
        "permit-port-sharing",
        Kind::Bool,
        "Let other processes listen on the same address and port (SO_REUSEPORT).",
    )
    .or("false"),
    Flag::new(
        "proxy-client-cert-file",
        Kind::Text,
        "The client certificate shown to aggregated servers.",
    ),
    Flag::new("proxy-client-key-file", Kind::Text, "Its key."),
    Flag::new("request-timeout", Kind::Duration, "How long a request that is no watch may take.")
        .or("1m0s"),
    Flag::new(
        "requestheader-allowed-names",
        Kind::List,
        "The names in certificates of front proxies; empty for any.",
    ),
    Flag::new(
        "requestheader-client-ca-file",
        Kind::Text,
        "The CA that signs front proxies' certificates.",
    ),
    Flag::new(
        "requestheader-extra-headers-prefix",
        Kind::List,
        "The prefixes of headers with more about a user.",
    ),
    Flag::new("requestheader-group-headers", Kind::List, "The headers with a user's groups."),
    Flag::new("requestheader-uid-headers", Kind::List, "The headers with a user's UID."),
    Flag::new("requestheader-username-headers", Kind::List, "The headers with a user's name."),
    Flag::new(
        "runtime-config",
        Kind::Settings,
        "API versions to switch on or off (apps/v1=true, api/all=true).",
    ),
    Flag::new("secure-port", Kind::Int, "The port to serve HTTPS on.").or("6443"),
    Flag::new(
        "service-account-extend-token-expiration",
        Kind::Bool,
        "Let tokens that pods mount live for a year.",
    )
    .or("true"),
    Flag::new(
        "service-account-issuer",
        Kind::Repeated,
        "Who issues service-account tokens; the first signs, all are accepted.",
    ),
    Flag::new(
        "service-account-jwks-uri",
        Kind::Text,
        "Where the keys of service-account tokens can be read.",
    ),
    Flag::new(
        "service-account-key-file",
        Kind::Repeated,
        "Keys that service-account tokens may be signed with (PEM, public or private).",
    ),
    Flag::new(
        "service-account-lookup",
        Kind::Bool,
        "Check that the account behind a token still exists.",
    )
    .or("true"),
    Flag::new(
        "service-account-max-token-expiration",
        Kind::Duration,
        "The longest life of a token that is asked for.",
    )
    .or("0s"),
    Flag::new(
        "service-account-signing-key-file",
        Kind::Text,
        "The key that signs service-account tokens.",
    ),
    Flag::new(
        "service-cluster-ip-range",
        Kind::Text,
        "The addresses of services, one range or one of each family.",
    )
    .or("10.0.0.0/24"),
    Flag::new("service-node-port-range", Kind::Text, "The ports of NodePort services.")
        .or("30000-32767"),
    Flag::new(
        "shutdown-delay-duration",
        Kind::Duration,
        "How long to go on serving once a shutdown has begun.",
    )
    .or("0s"),
    Flag::new("storage-backend", Kind::Text, "etcd3 or nothing.").or(""),
    Flag::new(
        "storage-media-type",
        Kind::Text,
        "The encoding in the store; only protobuf is supported.",
    )
    .or("application/vnd.kubernetes.protobuf"),
    Flag::new(
        "strict-transport-security-directives",
        Kind::List,
        "What Strict-Transport-Security tells browsers; without it the header is not sent.",
    ),
    Flag::new("target-ram-mb", Kind::Int, "").or("0").deprecated(REMOVED),
    Flag::new("tls-cert-file", Kind::Text, "The certificate to serve with, and its intermediates."),
    Flag::new("tls-cipher-suites", Kind::List, "The TLS 1.2 cipher suites to allow."),
    Flag::new("tls-min-version", Kind::Text, "VersionTLS12 or VersionTLS13.").or("VersionTLS12"),
    Flag::new("tls-private-key-file", Kind::Text, "The key of --tls-cert-file."),
    Flag::new(
        "tls-sni-cert-key",
        Kind::Repeated,
        "A certificate and key for other names (cert,key[:names]).",
    ),
    Flag::new(
        "token-auth-file",
        Kind::Text,
        "A file of static tokens (token,user,uid,\"groups\").",
    ),
    Flag::new("v", Kind::Int, "How much is logged, 0 to 10.").short('v').or("0"),
    Flag::new("version", Kind::TextOrAlone("true"), "Print the version and quit.").or("false"),
];

/// What a command line means; an error is one line that names the flag.
pub fn options(given: &Parsed) -> Result<Options, String> {
    refuse_unsupported(given)?;
    refuse_nonsense(given)?;
    let path = |name: &str| Some(given.text(name)).filter(|t| !t.is_empty()).map(PathBuf::from);
    let paths = |name: &str| given.list(name).iter().map(PathBuf::from).collect::<Vec<_>>();
    let text = |name: &str| Some(given.text(name).to_owned()).filter(|t| !t.is_empty());
    let seconds = |name: &str| u64::try_from(given.int(name)).unwrap_or(0);
    let encryption = path("encryption-provider-config")
        .or_else(|| path("experimental-encryption-provider-config"));
    let network = ServiceNetwork::parse(
        given.text("service-cluster-ip-range"),
        given.text("service-node-port-range"),
    )?;
    let gates = feature_gates::read(given.pairs("feature-gates"))
        .map_err(|why| format!("--feature-gates: {why}"))?;
    Ok(Options {
        bind_address: parse(given, "bind-address")?,
        secure_port: u16::try_from(given.int("secure-port"))
            .map_err(|_| "--secure-port must be between 0 and 65535".to_owned())?,
        advertise_address: match text("advertise-address") {
            Some(_) => Some(parse(given, "advertise-address")?),
            None => None,
        },
        tls_cert_file: path("tls-cert-file"),
        tls_private_key_file: path("tls-private-key-file"),
        tls_sni: given.list("tls-sni-cert-key").to_vec(),
        tls_min_version: given.text("tls-min-version").to_owned(),
        tls_cipher_suites: given.list("tls-cipher-suites").to_vec(),
        cert_dir: PathBuf::from(given.text("cert-dir")),
        etcd_prefix: given.text("etcd-prefix").to_owned(),
        encryption_provider_config: encryption,
        event_ttl: given.duration("event-ttl"),
        compaction_interval: Some(given.duration("etcd-compaction-interval"))
            .filter(|interval| *interval > Duration::ZERO),
        authorization_modes: given.list("authorization-mode").to_vec(),
        enable_admission: given.list("enable-admission-plugins").to_vec(),
        allow_privileged: given.bool("allow-privileged"),
        disable_admission: given.list("disable-admission-plugins").to_vec(),
        admission_control_config_file: path("admission-control-config-file"),
        not_ready_seconds: given.int("default-not-ready-toleration-seconds"),
        unreachable_seconds: given.int("default-unreachable-toleration-seconds"),
        constrained_impersonation: gates.enabled(feature_gates::CONSTRAINED_IMPERSONATION),
        served: runtime_config::served(
            given.pairs("runtime-config"),
            &gates,
            given.bool("enable-priority-and-fairness"),
        )
        .map_err(|why| format!("--runtime-config: {why}"))?,
        network,
        endpoint_reconciler: reconciler(given)?,
        shutdown_delay: given.duration("shutdown-delay-duration"),
        livez_grace: given.duration("livez-grace-period"),
        protocols: protocols(given)?,
        watch_seconds_min: seconds("min-request-timeout"),
        reads_max: seconds("max-requests-inflight") as usize,
        writes_max: seconds("max-mutating-requests-inflight") as usize,
        request_timeout: given.duration("request-timeout"),
        identity: Identity {
            client_ca_file: path("client-ca-file"),
            anonymous: given.bool("anonymous-auth"),
            bootstrap_tokens: given.bool("enable-bootstrap-token-auth"),
            token_file: path("token-auth-file"),
            issuers: given.list("service-account-issuer").to_vec(),
            key_files: paths("service-account-key-file"),
            signing_key_file: path("service-account-signing-key-file"),
            max_token_seconds: max_token_seconds(given)?,
            extended_tokens: given.bool("service-account-extend-token-expiration"),
            lookup: given.bool("service-account-lookup"),
            audiences: given.list("api-audiences").to_vec(),
            jwks_uri: text("service-account-jwks-uri"),
            front_proxy_ca_file: path("requestheader-client-ca-file"),
            front_proxy_names: given.list("requestheader-allowed-names").to_vec(),
            username_headers: given.list("requestheader-username-headers").to_vec(),
            uid_headers: given.list("requestheader-uid-headers").to_vec(),
            group_headers: given.list("requestheader-group-headers").to_vec(),
            extra_prefixes: given.list("requestheader-extra-headers-prefix").to_vec(),
        },
        kubelet: KubeletOptions {
            client_certificate: path("kubelet-client-certificate"),
            client_key: path("kubelet-client-key"),
            certificate_authority: path("kubelet-certificate-authority"),
            preferred_address_types: given.list("kubelet-preferred-address-types").to_vec(),
            timeout: given.duration("kubelet-timeout"),
        },
    })
}

/// The longest life of a token that is asked for; 0 for no limit.
fn max_token_seconds(given: &Parsed) -> Result<i64, String> {
    let seconds = given.duration("service-account-max-token-expiration").as_secs();
    if seconds != 0 && !(60 * 60..=1 << 32).contains(&seconds) {
        return Err("the service-account-max-token-expiration must be between 1 hour and 2^32 \
                    seconds"
            .to_owned());
    }
    i64::try_from(seconds)
        .map_err(|_| "--service-account-max-token-expiration is too long".to_owned())
}

/// How the server speaks on a connection.
fn protocols(given: &Parsed) -> Result<Protocols, String> {
    let name = "http2-max-streams-per-connection";
    let streams = u32::try_from(given.int(name))
        .map_err(|_| format!("--{name} can not be negative value"))?;
    let name = "strict-transport-security-directives";
    let directives = given.list(name);
    for directive in directives {
        let is_age = directive.strip_prefix("max-age=").is_some();
        if !is_age && !matches!(directive.as_str(), "includeSubDomains" | "preload") {
            return Err(format!(
                "--{name} invalid, allowed values: max-age=expireTime, includeSubDomains, preload. \
                 see https://tools.ietf.org/html/rfc6797#section-6.1 for more information"
            ));
        }
    }
    let strict_transport = match directives {
        [] => None,
        said => Some(said.join("; ").parse().map_err(|error| format!("--{name}: {error}"))?),
    };
    Ok(Protocols {
        shares_port: given.bool("permit-port-sharing"),
        without_http2: given.bool("disable-http2-serving"),
        streams_max: (streams > 0).then_some(streams),
        strict_transport,
    })
}

/// How the endpoints of the `kubernetes` service are kept.
fn reconciler(given: &Parsed) -> Result<String, String> {
    match given.text("endpoint-reconciler-type") {
        known @ ("lease" | "none") => Ok(known.to_owned()),
        "master-count" => Err("--endpoint-reconciler-type: master-count is not supported by this \
                               server; lease does the same without a count"
            .to_owned()),
        other => Err(format!(
            "--endpoint-reconciler-type must be one of: [lease master-count none], got {other:?}"
        )),
    }
}

/// Flags whose effect would be missed must not be taken in silence.
fn refuse_unsupported(given: &Parsed) -> Result<(), String> {
    rest::refuse(given)?;
    let media = given.text("storage-media-type");
    if media != "application/vnd.kubernetes.protobuf" {
        return Err(format!("--storage-media-type: {media:?} is not supported, only protobuf is"));
    }
    if !matches!(given.text("storage-backend"), "" | "etcd3") {
        return Err("--storage-backend: only etcd3 is supported".to_owned());
    }
    Ok(())
}

/// Values that nobody can mean, in upstream's words.
fn refuse_nonsense(given: &Parsed) -> Result<(), String> {
    for name in ["max-requests-inflight", "max-mutating-requests-inflight"] {
        if given.int(name) < 0 {
            return Err(format!("--{name} can not be negative value"));
        }
    }
    let count = given.int("apiserver-count");
    if count <= 0 {
        return Err(format!(
            "--apiserver-count should be a positive number, but value '{count}' provided"
        ));
    }
    let issuer = "service-account-issuer";
    if given.was_given(issuer) && given.list(issuer).is_empty() {
        return Err("--service-account-issuer: service-account-issuer should not be an empty \
                    string"
            .to_owned());
    }
    Ok(())
}

fn parse<T: std::str::FromStr>(given: &Parsed, name: &str) -> Result<T, String>
where
    T::Err: std::fmt::Display,
{
    let text = given.text(name);
    text.parse().map_err(|error| format!("--{name}: {text:?}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Options, String> {
        let given = runtime::flags::parse(&all(), arguments.iter().copied());
        options(&given.map_err(|error| error.to_string())?)
    }

    #[test]
    fn no_flag_is_there_twice() {
        let mut names: Vec<&str> = all().iter().map(|flag| flag.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn what_would_be_missed_or_means_nothing_is_refused_by_name() {
        assert!(read(&[]).is_ok());
        assert!(read(&["--emulated-version=1.36", "--goaway-chance=0"]).is_ok());
        assert!(read(&["--profiling=false", "--watch-cache-sizes=pods#100"]).is_ok());
        for argument in [
            "--oidc-issuer-url=https://a",
            "--authorization-config=/a",
            "--audit-policy-file=/a",
            "--enable-garbage-collector=false",
            "--emulated-version=kube=1.35",
            "--tls-curve-preferences=X25519",
            "--strict-transport-security-directives=forever",
            "--goaway-chance=0.01",
            "--shutdown-watch-termination-grace-period=30s",
            "--kubernetes-service-node-port=30000",
            "--max-requests-inflight=-1",
            "--apiserver-count=0",
            "--service-account-issuer=",
            "--storage-backend=etcd2",
        ] {
            let (name, _) = argument.split_once('=').unwrap_or((argument, ""));
            let why = read(&[argument]).expect_err(argument);
            assert!(why.starts_with(name) && why.lines().count() == 1, "{argument}: {why}");
        }
    }
}
