//! What can go wrong on the way to an API server, and the questions that callers ask of an answer.

use crate::limits;
use kube::Error;

/// Why no client could be made, or why one can't speak.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The kubeconfig could not be read or understood.
    #[error("--kubeconfig {path}: {why}")]
    Kubeconfig {
        /// The file.
        path: String,
        /// What is wrong with it, in one line.
        why: String,
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
    #[error("--kubeconfig: can't set up the connection to the API server: {0}")]
    Setup(String),
    /// The proxy asked for can't be. Its address may hold a password, so it is not said.
    #[error(
        "the proxy of the kubeconfig (proxy-url) or of the environment (HTTPS_PROXY, HTTP_PROXY): \
         it has to be http://host:port or socks5://host:port"
    )]
    Proxy,
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

/// Whether the answer was that nothing new is made in a namespace that ends, or has ended.
pub fn is_refused_by_ending(error: &Error) -> bool {
    let Error::Api(status) = error else { return false };
    let mut causes = status.details.iter().flat_map(|details| &details.causes);
    status.code == 404 || causes.any(|cause| cause.reason == "NamespaceTerminating")
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
        Error::Service(unreached) => unreached.to_string(),
        other => other.to_string(),
    }
}

/// The same of an error that may come from an answer, for logs: the sentence alone, not the whole
/// `Status` around it.
pub fn sentence(error: &(dyn std::error::Error + 'static)) -> String {
    let mut inner = Some(error);
    while let Some(this) = inner {
        if let Some(answered) = this.downcast_ref::<Error>() {
            return message(answered);
        }
        inner = this.source();
    }
    error.to_string()
}

/// An error and all that is below it, in one line, each said once.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut line = first_line(error);
    let mut inner = error.source();
    while let Some(this) = inner {
        let words = first_line(this);
        if !line.ends_with(&words) {
            line = format!("{line}: {words}");
        }
        inner = this.source();
    }
    line
}

/// Without the picture of the place that errors about YAML go on with.
fn first_line(error: &dyn std::error::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::core::Status;

    #[derive(Debug, thiserror::Error)]
    #[error("{words}")]
    struct Layer {
        words: &'static str,
        source: Option<Box<Layer>>,
    }

    #[derive(Debug, thiserror::Error)]
    #[error("failed to start watching object: {0}")]
    struct Above(#[source] Error);

    fn layers(words: &[&'static str]) -> Box<Layer> {
        let (first, rest) = words.split_first().expect("at least one");
        Box::new(Layer { words: first, source: (!rest.is_empty()).then(|| layers(rest)) })
    }

    #[test]
    fn a_chain_is_one_line_and_says_nothing_twice() {
        let cases: &[(&[&'static str], &str)] = &[
            (
                &["client error (Connect)", "tcp connect error", "refused"],
                "client error (Connect): tcp connect error: refused",
            ),
            (&["a: b: c", "b: c", "c"], "a: b: c"),
            (&["line 1: expected a mapping\n  |\n1 | x\n  | ^"], "line 1: expected a mapping"),
        ];
        for (words, expected) in cases {
            assert_eq!(chain(&*layers(words)), *expected);
        }
    }

    #[test]
    fn a_namespace_that_ends_takes_nothing_new() {
        let answer = |code, cause| {
            let details = serde_json::json!({"causes": [{"reason": cause}]});
            let details = serde_json::from_value(details).expect("details");
            let status = Status::failure("no", "Forbidden").with_code(code);
            Error::Api(Box::new(status.with_details(details)))
        };
        for (code, cause, expected) in [
            (403, "NamespaceTerminating", true),
            (403, "FieldValueInvalid", false),
            (404, "", true),
        ] {
            assert_eq!(is_refused_by_ending(&answer(code, cause)), expected, "{code} {cause}");
        }
    }

    #[test]
    fn a_sentence_is_found_below_and_without_its_status() {
        let refused = Error::Service("GET https://a:6443/x: refused".into());
        assert_eq!(sentence(&refused), "GET https://a:6443/x: refused");
        let status = Status::failure("pods is forbidden", "Forbidden").with_code(403);
        assert_eq!(sentence(&Above(Error::Api(Box::new(status)))), "pods is forbidden");
        assert_eq!(sentence(&std::fmt::Error), std::fmt::Error.to_string());
    }
}
