//! What the server is told at its start, as its flags mean it.

use crate::services::ServiceNetwork;
use crate::subresources::KubeletOptions;
use http::HeaderValue;
use kinds::Served;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What the server is told at its start, beside the store. See [`crate::flags`].
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "each field is the flag of the same name")]
pub struct Options {
    pub bind_address: IpAddr,
    pub secure_port: u16,
    pub advertise_address: Option<IpAddr>,
    pub tls_cert_file: Option<PathBuf>,
    pub tls_private_key_file: Option<PathBuf>,
    pub tls_sni: Vec<String>,
    pub tls_min_version: String,
    pub tls_cipher_suites: Vec<String>,
    pub cert_dir: PathBuf,
    pub etcd_prefix: String,
    pub encryption_provider_config: Option<PathBuf>,
    pub event_ttl: Duration,
    pub compaction_interval: Option<Duration>,
    pub authorization_modes: Vec<String>,
    pub enable_admission: Vec<String>,
    pub allow_privileged: bool,
    pub disable_admission: Vec<String>,
    pub admission_control_config_file: Option<PathBuf>,
    pub not_ready_seconds: i64,
    pub unreachable_seconds: i64,
    /// The gate `ConstrainedImpersonation` of `--feature-gates`.
    pub constrained_impersonation: bool,
    /// `--runtime-config`, by the gates of `--feature-gates`.
    pub served: Served,
    pub network: ServiceNetwork,
    pub endpoint_reconciler: String,
    pub shutdown_delay: Duration,
    pub livez_grace: Duration,
    pub protocols: Protocols,
    pub watch_seconds_min: u64,
    pub reads_max: usize,
    pub writes_max: usize,
    pub request_timeout: Duration,
    pub identity: Identity,
    pub kubelet: KubeletOptions,
}

/// How the server speaks on a connection.
#[derive(Clone, Debug, Default)]
pub struct Protocols {
    /// `--permit-port-sharing`.
    pub shares_port: bool,
    /// `--disable-http2-serving`.
    pub without_http2: bool,
    /// `--http2-max-streams-per-connection`; `None` for upstream's default.
    pub streams_max: Option<u32>,
    /// `--strict-transport-security-directives`, as the header says them.
    pub strict_transport: Option<HeaderValue>,
}

/// How the server tells who asks.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs, reason = "each field is the flag of the same name")]
pub struct Identity {
    pub client_ca_file: Option<PathBuf>,
    pub anonymous: bool,
    pub bootstrap_tokens: bool,
    pub token_file: Option<PathBuf>,
    pub issuers: Vec<String>,
    pub key_files: Vec<PathBuf>,
    pub signing_key_file: Option<PathBuf>,
    pub max_token_seconds: i64,
    pub extended_tokens: bool,
    pub lookup: bool,
    pub audiences: Vec<String>,
    pub jwks_uri: Option<String>,
    pub front_proxy_ca_file: Option<PathBuf>,
    pub front_proxy_names: Vec<String>,
    pub username_headers: Vec<String>,
    pub uid_headers: Vec<String>,
    pub group_headers: Vec<String>,
    pub extra_prefixes: Vec<String>,
}
