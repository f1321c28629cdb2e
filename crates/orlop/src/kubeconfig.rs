//! The kubeconfig file of the first administrator.

use crate::pki::{Leaf, write_private};
use anyhow::Result;
use serde_json::json;
use std::path::Path;

/// Writes a kubeconfig with its credentials embedded. YAML readers read JSON, and kubectl is one.
pub(crate) fn write(file: &Path, server: &str, ca_pem: &str, admin: &Leaf) -> Result<()> {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": "orlop",
            "cluster": {"server": server, "certificate-authority-data": encoded(ca_pem)},
        }],
        "users": [{
            "name": "admin",
            "user": {
                "client-certificate-data": encoded(&admin.certificate_pem),
                "client-key-data": encoded(&admin.key_pem),
            },
        }],
        "contexts": [{"name": "orlop", "context": {"cluster": "orlop", "user": "admin"}}],
        "current-context": "orlop",
        "preferences": {},
    });
    write_private(file, &(serde_json::to_string_pretty(&config)? + "\n"))
}

fn encoded(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}
