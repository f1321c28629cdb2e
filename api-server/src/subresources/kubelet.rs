//! Which kubelet to talk to for a node, and how it is trusted.
//!
//! Mirrors `pkg/kubelet/client/kubelet_client.go`.

use super::dial::Backend;
use crate::limits::BACKEND_CONNECT;
use object::{ApiError, Reason, Result, Value};
use runtime::tls::{TlsError, Trust, certificates, client_config, private_key};
use rustls::ClientConfig;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The port of a kubelet that has not said its own.
const DEFAULT_PORT: u16 = 10250;

/// What a node declares when its kubelet itself takes the streams that WebSocket clients send.
const TAKES_WEBSOCKETS: &str = "ExtendWebSocketsToKubelet";

/// What the server is told about kubelets. See [`crate::flags`].
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "each field is the flag of the same name")]
pub struct KubeletOptions {
    pub client_certificate: Option<PathBuf>,
    pub client_key: Option<PathBuf>,
    pub certificate_authority: Option<PathBuf>,
    pub preferred_address_types: Vec<String>,
    pub timeout: Duration,
}

/// The way to all kubelets, and to what pods and nodes serve.
#[derive(Debug)]
pub(crate) struct Kubelets {
    preferred: Vec<String>,
    connect_timeout: Duration,
    trusting: Arc<ClientConfig>,
    verifying: Arc<ClientConfig>,
    /// Towards pods, services and other ports of nodes: no identity, anyone is trusted.
    strangers: Arc<ClientConfig>,
}

/// One kubelet.
#[derive(Debug)]
pub(super) struct Kubelet {
    pub backend: Backend,
    /// Whether it takes WebSocket streams up to `v5.channel.k8s.io`, and tunnels of SPDY.
    pub takes_websockets: bool,
}

impl Kubelets {
    /// Reads the files that the flags name.
    ///
    /// # Errors
    /// [`TlsError`] naming the flag and the file.
    pub(crate) fn new(options: &KubeletOptions) -> Result<Self, TlsError> {
        let identity = || match (&options.client_certificate, &options.client_key) {
            (Some(certificate), Some(key)) => Ok(Some((
                certificates("--kubelet-client-certificate", certificate)?,
                private_key("--kubelet-client-key", key)?,
            ))),
            (None, None) => Ok(None),
            _ => Err(TlsError::Unusable {
                why: "--kubelet-client-certificate and --kubelet-client-key must be given together"
                    .to_owned(),
            }),
        };
        let trust = match &options.certificate_authority {
            Some(file) => Trust::Cas(certificates("--kubelet-certificate-authority", file)?),
            None => Trust::Anyone,
        };
        let named = |error| match error {
            TlsError::Unusable { why } => TlsError::Unusable {
                why: format!("--kubelet-client-certificate, --kubelet-client-key: {why}"),
            },
            other => other,
        };
        let timeout = options.timeout;
        Ok(Self {
            preferred: options.preferred_address_types.clone(),
            connect_timeout: if timeout.is_zero() { BACKEND_CONNECT } else { timeout },
            trusting: Arc::new(client_config(Trust::Anyone, identity()?, &[]).map_err(named)?),
            verifying: Arc::new(client_config(trust, identity()?, &[]).map_err(named)?),
            strangers: Arc::new(client_config(Trust::Anyone, None, &[])?),
        })
    }

    /// The kubelet of `node`, by what its status says.
    pub(super) fn of_node(&self, node: &Value) -> Result<Kubelet> {
        let status = &node["status"];
        let said = status["daemonEndpoints"]["kubeletEndpoint"]["Port"].as_u64();
        let port = said.and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0);
        let features = status["declaredFeatures"].as_array();
        Ok(Kubelet {
            backend: Backend {
                tls: Some(self.verifying.clone()),
                host: self.address(&status["addresses"])?,
                port: port.unwrap_or(DEFAULT_PORT),
                connect_timeout: self.connect_timeout,
            },
            takes_websockets: features
                .is_some_and(|all| all.iter().any(|name| name == TAKES_WEBSOCKETS)),
        })
    }

    /// The same kubelet, whoever signed its certificate: a client may ask for that when it reads
    /// logs.
    pub(super) fn trusted(&self, backend: Backend) -> Backend {
        Backend { tls: Some(self.trusting.clone()), ..backend }
    }

    /// Something in a pod or on a node that is no kubelet.
    pub(super) fn stranger(&self, scheme: &str, host: String, port: u16) -> Backend {
        let mut backend = Backend::plain(host, port);
        if scheme == "https" {
            backend.tls = Some(self.strangers.clone());
        }
        backend
    }

    fn address(&self, addresses: &Value) -> Result<String> {
        let text = |value: &'_ Value| value.as_str().unwrap_or_default().to_owned();
        let all = addresses.as_array().into_iter().flatten();
        let all: Vec<(String, String)> =
            all.map(|one| (text(&one["type"]), text(&one["address"]))).collect();
        let first = self.preferred.iter().find_map(|wanted| all.iter().find(|(t, _)| t == wanted));
        match first {
            Some((_, address)) => Ok(address.clone()),
            None => {
                let known: Vec<String> = all.iter().map(|(t, a)| format!("{{{t} {a}}}")).collect();
                let known = known.join(" ");
                let why = format!("no preferred addresses found; known addresses: [{known}]");
                Err(ApiError::new(500, Reason::Unknown, why))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::json;

    fn kubelets(preferred: &[&str]) -> Kubelets {
        let options = KubeletOptions {
            client_certificate: None,
            client_key: None,
            certificate_authority: None,
            preferred_address_types: preferred.iter().map(|t| (*t).to_owned()).collect(),
            timeout: Duration::from_secs(5),
        };
        Kubelets::new(&options).unwrap()
    }

    #[test]
    fn takes_the_address_whose_type_is_preferred() {
        let addresses = json!([
            {"type": "InternalIP", "address": "10.0.0.1"},
            {"type": "Hostname", "address": "a"},
        ]);
        let address = |preferred: &[&str]| kubelets(preferred).address(&addresses);
        assert_eq!(address(&["Hostname", "InternalIP"]).unwrap(), "a");
        assert_eq!(address(&["ExternalIP", "InternalIP"]).unwrap(), "10.0.0.1");
        assert_eq!(
            address(&["ExternalIP"]).unwrap_err().message,
            "no preferred addresses found; known addresses: [{InternalIP 10.0.0.1} {Hostname a}]"
        );
    }
}
