//! Whether the API server gives out tokens for a time, or knows only those in Secrets.
//!
//! One without `--service-account-signing-key-file`, as there were up to Kubernetes 1.19, has no
//! `serviceaccounts/token` among its resources.

use kube::{Client, Error};

/// Whether the resources of `v1` have `serviceaccounts/token`.
///
/// # Errors
/// When the API server can't be asked.
pub async fn are_served(client: &Client) -> Result<bool, Error> {
    let listed = client.list_core_api_resources("v1").await?;
    Ok(listed.resources.iter().any(|resource| resource.name == "serviceaccounts/token"))
}
