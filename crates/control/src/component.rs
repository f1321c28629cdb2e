//! The flags that kube-controller-manager and kube-scheduler share, and what they mean.
//!
//! Mirrors `k8s.io/component-base/config/options` (leader election), `k8s.io/apiserver/pkg/server/
//! options` (serving, delegated authentication and authorization) and `component-base/logs`. Of
//! the delegated part the flags are taken; see [`crate::serving`] for what is served to whom.

use client::lease::LeaseOptions;
use runtime::flags::{Flag, Kind, Parsed};
use runtime::tls::{CipherSuites, MinVersion, Pair};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Why removed flags are still taken.
pub const REMOVED: &str = "it no longer has any effect and will be removed.";

/// The shared rows.
pub const FLAGS: &[Flag] = &[
    // Leader election
    Flag::new("leader-elect", Kind::Bool, "Wait for the lease before working.").or("true"),
    Flag::new("leader-elect-lease-duration", Kind::Duration, "Wait of the others.").or("15s"),
    Flag::new("leader-elect-renew-deadline", Kind::Duration, "Time to renew in.").or("10s"),
    Flag::new("leader-elect-retry-period", Kind::Duration, "Between two tries.").or("2s"),
    Flag::new("leader-elect-resource-lock", Kind::Text, "Only leases.").or("leases"),
    Flag::new("leader-elect-resource-name", Kind::Text, "The lease's name."),
    Flag::new("leader-elect-resource-namespace", Kind::Text, "Its namespace.").or("kube-system"),
    // Clients
    Flag::new("kubeconfig", Kind::Text, "How to reach the API server."),
    Flag::new("master", Kind::Text, "The API server's URL, in place of the kubeconfig's."),
    Flag::new("kube-api-content-type", Kind::Text, "Accepted; JSON is spoken.")
        .or("application/vnd.kubernetes.protobuf"),
    // Serving
    Flag::new("bind-address", Kind::Text, "The address to serve on.").or("0.0.0.0"),
    Flag::new("cert-dir", Kind::Text, "Where a self-signed pair is kept."),
    Flag::new("tls-cert-file", Kind::Text, "The serving certificate."),
    Flag::new("tls-private-key-file", Kind::Text, "Its key."),
    Flag::new("tls-cipher-suites", Kind::List, "The cipher suites to offer."),
    Flag::new("tls-min-version", Kind::Text, "The lowest TLS version."),
    Flag::new("tls-curve-preferences", Kind::List, "Accepted; the library chooses."),
    Flag::new("tls-sni-cert-key", Kind::Repeated, "Certificates by server name."),
    Flag::new("disable-http2", Kind::Bool, "Serve HTTP/1.1 only."),
    Flag::new("disable-http2-serving", Kind::Bool, "Serve HTTP/1.1 only."),
    Flag::new("http2-max-streams-per-connection", Kind::Int, "Streams of one connection."),
    Flag::new("permit-address-sharing", Kind::Bool, "SO_REUSEADDR."),
    Flag::new("permit-port-sharing", Kind::Bool, "SO_REUSEPORT."),
    // Who may look
    Flag::new("authentication-kubeconfig", Kind::Text, "Who asks about tokens."),
    Flag::new("authentication-skip-lookup", Kind::Bool, "Read no configuration from the cluster."),
    Flag::new("authentication-token-webhook-cache-ttl", Kind::Duration, "").or("10s"),
    Flag::new("authentication-tolerate-lookup-failure", Kind::Bool, ""),
    Flag::new("client-ca-file", Kind::Text, "CAs of client certificates."),
    Flag::new("requestheader-allowed-names", Kind::List, ""),
    Flag::new("requestheader-client-ca-file", Kind::Text, ""),
    Flag::new("requestheader-extra-headers-prefix", Kind::List, "").or("x-remote-extra-"),
    Flag::new("requestheader-group-headers", Kind::List, "").or("x-remote-group"),
    Flag::new("requestheader-uid-headers", Kind::List, ""),
    Flag::new("requestheader-username-headers", Kind::List, "").or("x-remote-user"),
    Flag::new("authorization-always-allow-paths", Kind::List, "Paths open to everybody.")
        .or("/healthz,/readyz,/livez"),
    Flag::new("authorization-kubeconfig", Kind::Text, "Who asks about rights."),
    Flag::new("authorization-webhook-cache-authorized-ttl", Kind::Duration, "").or("10s"),
    Flag::new("authorization-webhook-cache-unauthorized-ttl", Kind::Duration, "").or("10s"),
    // Debugging, metrics, logs
    Flag::new("profiling", Kind::Bool, "Accepted; there are no profiles.").or("true"),
    Flag::new("contention-profiling", Kind::Bool, "Accepted; there are no profiles."),
    Flag::new("feature-gates", Kind::Switches, "Features to turn on or off."),
    Flag::new("emulated-version", Kind::List, "Accepted."),
    Flag::new("min-compatibility-version", Kind::List, "Accepted."),
    Flag::new("allow-metric-labels", Kind::Pairs, "Accepted."),
    Flag::new("allow-metric-labels-manifest", Kind::Text, "Accepted."),
    Flag::new("disabled-metrics", Kind::List, "Accepted."),
    Flag::new("show-hidden-metrics-for-version", Kind::Text, "Accepted."),
    Flag::new("log-flush-frequency", Kind::Duration, "Accepted.").or("5s"),
    Flag::new("log-json-info-buffer-size", Kind::Text, "Accepted."),
    Flag::new("log-json-split-stream", Kind::Bool, "Accepted."),
    Flag::new("log-text-info-buffer-size", Kind::Text, "Accepted."),
    Flag::new("log-text-split-stream", Kind::Bool, "Accepted."),
    Flag::new("logging-format", Kind::Text, "text or json.").or("text"),
    Flag::new("v", Kind::Int, "Verbosity.").short('v').or("0"),
    Flag::new("vmodule", Kind::Text, "Accepted."),
    Flag::new("version", Kind::TextOrAlone("true"), "Print the version and end."),
    // Of earlier generations
    Flag::new("address", Kind::Text, "").deprecated(REMOVED),
    Flag::new("port", Kind::Int, "").deprecated(REMOVED),
    Flag::new("logtostderr", Kind::Bool, "").or("true").deprecated(REMOVED),
    Flag::new("alsologtostderr", Kind::Bool, "").deprecated(REMOVED),
    Flag::new("log-dir", Kind::Text, "").deprecated(REMOVED),
    Flag::new("log-file", Kind::Text, "").deprecated(REMOVED),
    Flag::new("stderrthreshold", Kind::Text, "").deprecated(REMOVED),
];

/// How long it is remembered who may look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// `--authentication-token-webhook-cache-ttl`: that a token is nobody's.
    pub unknown: Duration,
    /// `--authorization-webhook-cache-authorized-ttl`
    pub allowed: Duration,
    /// `--authorization-webhook-cache-unauthorized-ttl`
    pub refused: Duration,
}

/// Where and with what a component serves its health.
#[derive(Clone, Debug)]
pub struct ServingOptions {
    /// `--bind-address`.
    pub address: IpAddr,
    /// `--secure-port`; 0 serves nothing.
    pub port: u16,
    /// `--tls-cert-file` and `--tls-private-key-file`; without them a pair is made up.
    pub pair: Option<(PathBuf, PathBuf)>,
    /// `--tls-sni-cert-key`.
    pub by_name: Vec<Pair>,
    /// `--tls-min-version`.
    pub min_version: MinVersion,
    /// `--tls-cipher-suites`.
    pub suites: CipherSuites,
    /// Not `--disable-http2-serving`.
    pub http2: bool,
    /// `--http2-max-streams-per-connection`, where it is set.
    pub streams_max: Option<u32>,
    /// `--permit-port-sharing`: others may listen on the same port.
    pub shares_port: bool,
    /// How long answers are remembered.
    pub remembered: Remembered,
    /// `--cert-dir`: where the pair that is made up is kept.
    pub certificate_folder: Option<PathBuf>,
    /// `--authorization-always-allow-paths`.
    pub open_paths: Vec<String>,
}

/// What the shared flags say.
#[derive(Clone, Debug)]
pub struct ComponentOptions {
    /// The way to the API server.
    pub connect: client::ConnectOptions,
    /// The lease.
    pub lease: LeaseOptions,
    /// Health and metrics.
    pub serving: ServingOptions,
}

impl ComponentOptions {
    /// Reads the shared flags. `program` is the name of the lease too where none is given.
    ///
    /// # Errors
    /// The sentence to print before the process ends.
    pub fn from_flags(flags: &Parsed, program: &str) -> Result<Self, String> {
        let path = |name: &str| Some(flags.text(name)).filter(|t| !t.is_empty()).map(PathBuf::from);
        let text = |name: &str| Some(flags.text(name)).filter(|t| !t.is_empty()).map(str::to_owned);
        let lock = flags.text("leader-elect-resource-lock");
        if lock != "leases" {
            return Err(format!(
                "resourceLock: Invalid value: {lock:?}: resourceLock value must be \"leases\""
            ));
        }
        let lease = LeaseOptions {
            enabled: flags.bool("leader-elect"),
            namespace: flags.text("leader-elect-resource-namespace").to_owned(),
            name: text("leader-elect-resource-name").unwrap_or_else(|| program.to_owned()),
            lease_duration: flags.duration("leader-elect-lease-duration"),
            renew_deadline: flags.duration("leader-elect-renew-deadline"),
            retry_period: flags.duration("leader-elect-retry-period"),
            ..LeaseOptions::new(program)
        };
        lease.validate()?;
        let address = flags.text("bind-address");
        let port = flags.int("secure-port");
        Ok(Self {
            connect: client::ConnectOptions {
                program: program.to_owned(),
                kubeconfig: path("kubeconfig"),
                master: text("master"),
                qps: flags.float("kube-api-qps"),
                burst: u32::try_from(flags.int("kube-api-burst")).unwrap_or(0),
            },
            lease,
            serving: ServingOptions {
                address: address
                    .parse()
                    .map_err(|_| format!("--bind-address: {address:?} is not an IP address"))?,
                port: u16::try_from(port).map_err(|_| {
                    format!("--secure-port {port} must be between 0 and 65535, inclusive. 0 for turning off secure port")
                })?,
                pair: pair(path("tls-cert-file"), path("tls-private-key-file"))?,
                by_name: by_name(flags.list("tls-sni-cert-key"))?,
                min_version: flags
                    .text("tls-min-version")
                    .parse()
                    .map_err(|why| format!("--tls-min-version: {why}"))?,
                suites: CipherSuites::parse(flags.list("tls-cipher-suites"))
                    .map_err(|why| format!("--tls-cipher-suites: {why}"))?,
                http2: !flags.bool("disable-http2-serving") && !flags.bool("disable-http2"),
                streams_max: u32::try_from(flags.int("http2-max-streams-per-connection"))
                    .ok()
                    .filter(|streams| *streams > 0),
                shares_port: flags.bool("permit-port-sharing"),
                remembered: Remembered {
                    unknown: flags.duration("authentication-token-webhook-cache-ttl"),
                    allowed: flags.duration("authorization-webhook-cache-authorized-ttl"),
                    refused: flags.duration("authorization-webhook-cache-unauthorized-ttl"),
                },
                certificate_folder: path("cert-dir"),
                open_paths: flags.list("authorization-always-allow-paths").to_vec(),
            },
        })
    }
}

fn pair(
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
) -> Result<Option<(PathBuf, PathBuf)>, String> {
    match (certificate, key) {
        (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
        (None, None) => Ok(None),
        _ => Err("--tls-cert-file and --tls-private-key-file must be given together".into()),
    }
}

/// Reads `certificate,key[:names]`.
fn by_name(given: &[String]) -> Result<Vec<Pair>, String> {
    let read = |text: &String| {
        let (files, names) = text.split_once(':').unwrap_or((text, ""));
        let Some((certificate, key)) = files.split_once(',') else {
            return Err(format!("--tls-sni-cert-key: {text:?}: expected certificate,key[:names]"));
        };
        Ok(Pair {
            flag: "--tls-sni-cert-key",
            certificate: certificate.into(),
            key: key.into(),
            names: names.split(',').filter(|n| !n.is_empty()).map(str::to_owned).collect(),
        })
    };
    given.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<ServingOptions, String> {
        let mut flags = FLAGS.to_vec();
        flags.push(Flag::new("secure-port", Kind::Int, "").or("1"));
        flags.push(Flag::new("kube-api-qps", Kind::Float, "").or("1"));
        flags.push(Flag::new("kube-api-burst", Kind::Int, "").or("1"));
        let parsed = runtime::flags::parse(&flags, words.iter().copied()).expect("known");
        ComponentOptions::from_flags(&parsed, "it").map(|options| options.serving)
    }

    #[test]
    fn what_is_served_is_as_the_flags_say() {
        let plain = read(&[]).expect("sound");
        assert!(plain.http2 && plain.streams_max.is_none() && !plain.shares_port);
        assert_eq!(plain.remembered.allowed, Duration::from_secs(10));
        let given = read(&[
            "--tls-min-version=VersionTLS13",
            "--tls-sni-cert-key=a.pem,b.pem:x.example,y.example",
            "--disable-http2-serving",
            "--http2-max-streams-per-connection=7",
            "--permit-port-sharing",
            "--authorization-webhook-cache-unauthorized-ttl=1s",
        ])
        .expect("sound");
        assert_eq!((given.min_version, given.http2), (MinVersion::Tls13, false));
        assert_eq!((given.streams_max, given.shares_port), (Some(7), true));
        assert_eq!(given.by_name[0].names, ["x.example", "y.example"]);
        assert_eq!(given.remembered.refused, Duration::from_secs(1));
    }

    #[test]
    fn mistakes_name_their_flag() {
        for (word, flag) in [
            ("--tls-cert-file=a", "--tls-cert-file and --tls-private-key-file"),
            ("--tls-min-version=VersionTLS9", "--tls-min-version: "),
            ("--tls-cipher-suites=NONSENSE", "--tls-cipher-suites: "),
            ("--tls-sni-cert-key=a", "--tls-sni-cert-key: "),
        ] {
            let error = read(&[word]).expect_err(word);
            assert!(error.starts_with(flag), "{error}");
        }
    }
}
