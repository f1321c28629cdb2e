//! Slices of endpoints: whose they are, and how they are written.
//!
//! Mirrors the labels of `k8s.io/api/discovery/v1` and the slice tracker of
//! `k8s.io/endpointslice/util`.

use control::{Action, Expectations, Informer, Key, execute};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::Client;

/// The label that says who writes a slice.
pub(super) const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
/// The label that names a slice's Service.
pub(super) const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// The Service whose slice this is, where it is one of `manager`'s.
pub(super) fn service_of(slice: &EndpointSlice, manager: &str) -> Option<Key> {
    let labels = slice.metadata.labels.as_ref()?;
    if labels.get(MANAGED_BY).map(String::as_str) != Some(manager) {
        return None;
    }
    Some(Key::new(slice.metadata.namespace.clone()?, labels.get(SERVICE_NAME)?))
}

/// Writes to a slice of the Service `key`, and expects to see it. A namespace that ends meanwhile
/// takes nothing new.
pub(super) async fn write(
    client: &Client,
    expectations: &Expectations,
    slices: &Informer<EndpointSlice>,
    key: &Key,
    action: &Action,
) -> kube::Result<()> {
    let answer = match execute(client, action).await {
        Ok(answer) => answer,
        Err(error) if client::is_refused_by_ending(&error) => return Ok(()),
        Err(error) => return Err(error),
    };
    match action {
        Action::Delete { path, options } => {
            let name = path.rsplit('/').next().unwrap_or_default();
            let uid = options["preconditions"]["uid"].as_str().unwrap_or_default();
            let gone = (Key::new(key.namespace.as_str(), name), uid.to_owned());
            expectations.deleted(key, [gone]);
        }
        _ => expectations.wrote(key, slices, &[answer]),
    }
    Ok(())
}
