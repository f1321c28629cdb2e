//! The ConfigMap by which other servers of the cluster know whom this one trusts.
//!
//! Mirrors `pkg/controlplane/controller/clusterauthenticationtrust` of `k8s.io/kubernetes`. What
//! another API server of the cluster has written stays: trust is added to, never taken away.

use crate::objects::Cached;
use crate::own::Own;
use crate::settings::Identity;
use auth::Objects;
use object::{ApiError, GroupResource, Result, Value, json, meta};
use std::path::Path;

const NAMESPACE: &str = "kube-system";
const NAME: &str = "extension-apiserver-authentication";

/// Creates the ConfigMap, or adds what is missing in it.
pub(super) async fn ensure(own: &Own, objects: &Cached, identity: &Identity) -> Result<()> {
    let existing = objects.get(&GroupResource::new("", "configmaps"), NAMESPACE, NAME);
    let mut wanted = match &existing {
        Some(existing) => (**existing).clone(),
        None => json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": NAME, "namespace": NAMESPACE},
        }),
    };
    if let Some(file) = &identity.client_ca_file {
        add_bundle(&mut wanted, "client-ca-file", file)?;
    }
    if let Some(file) = &identity.front_proxy_ca_file {
        add_bundle(&mut wanted, "requestheader-client-ca-file", file)?;
        let lists = [
            ("requestheader-username-headers", &identity.username_headers),
            ("requestheader-uid-headers", &identity.uid_headers),
            ("requestheader-group-headers", &identity.group_headers),
            ("requestheader-extra-headers-prefix", &identity.extra_prefixes),
            ("requestheader-allowed-names", &identity.front_proxy_names),
        ];
        for (key, list) in lists {
            // Upstream leaves out the one that it came to know last, where nobody set it.
            if key != "requestheader-uid-headers" || !list.is_empty() {
                add_list(&mut wanted, key, list);
            }
        }
    }
    match existing {
        Some(existing) if *existing == wanted => Ok(()),
        Some(_) => own.replace(&wanted).await,
        None => own.ensure(&wanted).await,
    }
}

/// Adds the certificates of a file to those that are there.
fn add_bundle(object: &mut Value, key: &str, file: &Path) -> Result<()> {
    let own = std::fs::read_to_string(file).map_err(ApiError::internal)?;
    let data = meta::entry(object, "data");
    let before = data.get(key).and_then(Value::as_str).unwrap_or_default();
    if !before.contains(own.trim()) {
        let both = format!("{before}{own}");
        data.insert(key.to_owned(), both.into());
    }
    Ok(())
}

/// Adds words to a list that is kept as JSON text.
fn add_list(object: &mut Value, key: &str, own: &[String]) {
    let data = meta::entry(object, "data");
    let before = data.get(key).and_then(Value::as_str).unwrap_or("[]");
    let mut all: Vec<String> = serde_json::from_str(before).unwrap_or_default();
    let missing: Vec<String> = own.iter().filter(|word| !all.contains(word)).cloned().collect();
    all.extend(missing);
    data.insert(key.to_owned(), json!(all).to_string().into());
}
