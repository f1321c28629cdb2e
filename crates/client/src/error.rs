//! What can go wrong on the way to an API server, and the questions that callers ask of an answer.

use crate::limits;
use kube::Error;

/// Why no client could be made, or why one can't speak.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The kubeconfig could not be read or understood.
    #[error("kubeconfig {path:?}: {source}")]
    Kubeconfig {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: Box<kube::config::KubeconfigError>,
    },
    /// Neither a kubeconfig nor a master address was given, and this is not a pod.
    #[error(
        "no --kubeconfig and no --master was given, and the process does not run in a pod: {0}"
    )]
    NotConfigured(Box<kube::config::InClusterError>),
    /// The address of the API server is not a URL.
    #[error("invalid --master {address:?}: {source}")]
    Master {
        /// The text given.
        address: String,
        /// What is wrong with it.
        source: http::uri::InvalidUri,
    },
    /// The client could not be built: certificates, keys, TLS.
    #[error("can't set up the connection to the API server: {0}")]
    Setup(#[source] Box<kube::Error>),
    /// The kubeconfig asks for a proxy.
    #[error(
        "proxy-url {address:?} of the kubeconfig: proxies are not served, name the server itself"
    )]
    Proxy {
        /// The proxy's URL.
        address: String,
    },
    /// The kubeconfig's `tls-server-name` is no name that a certificate can have.
    #[error("tls-server-name {name:?} of the kubeconfig: {source}")]
    ServerName {
        /// The text given.
        name: String,
        /// What is wrong with it.
        source: rustls::pki_types::InvalidDnsNameError,
    },
    /// A token for a service account could not be had.
    #[error("no token for service account kube-system/{account}: {source}")]
    Token {
        /// The account's name.
        account: String,
        /// The answer to the token request.
        source: Box<kube::Error>,
    },
    /// The API server serves no token requests, and the account's Secret has no token that is good.
    #[error(
        "no token for service account kube-system/{account}: the API server does not serve token \
         requests, and no Secret with a good token has appeared within {} s; \
         serviceaccount-token-controller makes one with the key of \
         --service-account-private-key-file",
        limits::TOKEN_SECRET_WAIT.as_secs()
    )]
    NoTokenSecret {
        /// The account's name.
        account: String,
    },
}

fn code(error: &Error) -> Option<u16> {
    match error {
        Error::Api(status) => Some(status.code),
        _ => None,
    }
}

fn reason_is(error: &Error, reason: &str) -> bool {
    matches!(error, Error::Api(status) if status.reason == reason)
}

/// Whether the answer was 404.
pub fn is_not_found(error: &Error) -> bool {
    code(error) == Some(404)
}

/// Whether the answer was a conflict of revisions or preconditions, not "already exists".
pub fn is_conflict(error: &Error) -> bool {
    code(error) == Some(409) && !is_exists(error)
}

/// Whether the answer was that an object of that name is there.
pub fn is_exists(error: &Error) -> bool {
    reason_is(error, "AlreadyExists")
}

/// Whether the answer was 403.
pub fn is_forbidden(error: &Error) -> bool {
    code(error) == Some(403)
}

/// Whether the answer was 410: the revision asked for is compacted away.
pub fn is_gone(error: &Error) -> bool {
    code(error) == Some(410)
}

/// The server's own sentence, where there is one; else what went wrong on the way.
pub fn message(error: &Error) -> String {
    match error {
        Error::Api(status) if !status.message.is_empty() => status.message.clone(),
        other => other.to_string(),
    }
}
