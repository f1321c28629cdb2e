//! Kubeconfig files, with the credentials of one user embedded.

use crate::authority::Pair;
use crate::files;
use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What a kubeconfig is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kubeconfig<'a> {
    /// What the cluster is called.
    pub(crate) cluster: &'a str,
    /// What the context is called.
    pub(crate) context: &'a str,
    /// What the user is called.
    pub(crate) user: &'a str,
    /// The URL of the API server.
    pub(crate) server: &'a str,
    /// The certificate of the CA that signed the API server's.
    pub(crate) ca_pem: &'a str,
    /// The user's certificate and key.
    pub(crate) pair: &'a Pair,
}

impl Kubeconfig<'_> {
    /// The file's text.
    pub(crate) fn text(&self) -> Result<String> {
        let Self { cluster, context, user, server, ca_pem, pair } = *self;
        let ca = STANDARD.encode(ca_pem);
        let certificate = STANDARD.encode(files::read(&pair.certificate)?);
        let key = STANDARD.encode(files::read(&pair.key)?);
        Ok(format!(
            r#"apiVersion: v1
kind: Config
clusters:
- name: {cluster}
  cluster:
    server: "{server}"
    certificate-authority-data: {ca}
users:
- name: {user}
  user:
    client-certificate-data: {certificate}
    client-key-data: {key}
contexts:
- name: {context}
  context:
    cluster: {cluster}
    user: {user}
current-context: {context}
preferences: {{}}
"#
        ))
    }
}
