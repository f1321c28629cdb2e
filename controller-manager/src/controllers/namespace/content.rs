//! One resource of one namespace: delete it all, and count what is left.

use crate::discovery::Resource;
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use runtime::clock;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The Accept header for objects' metadata alone.
const METADATA_LIST: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// How long finalizers are guessed to take, in seconds.
const FINALIZER_ESTIMATE_SECONDS: u64 = 15;

/// What a deletion left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Emptied {
    /// Objects that are still there.
    pub(super) remaining: usize,
    /// How many of them wait for each finalizer.
    pub(super) finalizers: BTreeMap<String, usize>,
    /// When to look again, in seconds.
    pub(super) estimate_seconds: u64,
    /// Why what is left should not be.
    pub(super) trouble: Option<String>,
}

impl Emptied {
    pub(super) fn add(&mut self, other: Self) {
        self.remaining += other.remaining;
        self.estimate_seconds = self.estimate_seconds.max(other.estimate_seconds);
        for (finalizer, count) in other.finalizers {
            *self.finalizers.entry(finalizer).or_default() += count;
        }
    }
}

/// Deletes every object of `resource` in `namespace`.
pub(super) async fn empty(
    client: &Client,
    resource: &Resource,
    namespace: &str,
    deleted_at: Option<Timestamp>,
) -> Result<Emptied, String> {
    let path = resource.path(Some(namespace));
    let is_pods = resource.group.is_empty() && resource.plural == "pods";
    let estimate = if is_pods { grace_left(client, &path, deleted_at).await? } else { 0 };
    let deleted = resource.can("deletecollection") && delete(client, &path).await?;
    if !deleted {
        for item in list(client, resource, &path).await?.unwrap_or_default() {
            let name = item["metadata"]["name"].as_str().unwrap_or_default();
            delete(client, &format!("{path}/{name}")).await?;
        }
    }
    let Some(left) = list(client, resource, &path).await? else { return Ok(Emptied::default()) };
    let mut emptied =
        Emptied { remaining: left.len(), estimate_seconds: estimate, ..Emptied::default() };
    for finalizer in left.iter().flat_map(finalizers) {
        *emptied.finalizers.entry(finalizer).or_default() += 1;
    }
    if emptied.remaining > 0 && estimate == 0 {
        if emptied.finalizers.is_empty() {
            emptied.trouble = Some(unexpected(namespace, resource));
        } else {
            emptied.estimate_seconds = FINALIZER_ESTIMATE_SECONDS;
        }
    }
    Ok(emptied)
}

fn unexpected(namespace: &str, resource: &Resource) -> String {
    let Resource { group, version, plural, .. } = resource;
    format!(
        "unexpected items still remain in namespace: {namespace} for gvr: {group}/{version}, \
         Resource={plural}"
    )
}

fn finalizers(item: &Value) -> Vec<String> {
    let list = item["metadata"]["finalizers"].as_array();
    list.into_iter().flatten().filter_map(|f| f.as_str().map(str::to_owned)).collect()
}

/// Whether the server does this at all.
async fn delete(client: &Client, path: &str) -> Result<bool, String> {
    let body =
        json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"});
    let request = http::Request::delete(path)
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(body.to_string().into_bytes())
        .map_err(|error| error.to_string())?;
    match client.request_text(request).await {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 405) => Ok(false),
        Err(error) => Err(client::message(&error)),
    }
}

async fn list(
    client: &Client,
    resource: &Resource,
    path: &str,
) -> Result<Option<Vec<Value>>, String> {
    if !resource.can("list") {
        return Ok(None);
    }
    get_items(client, path, METADATA_LIST).await
}

async fn get_items(
    client: &Client,
    path: &str,
    accept: &str,
) -> Result<Option<Vec<Value>>, String> {
    let request = http::Request::get(path)
        .header(http::header::ACCEPT, accept)
        .body(Vec::new())
        .map_err(|error| error.to_string())?;
    match client.request::<Value>(request).await {
        Ok(mut list) => match list["items"].take() {
            Value::Array(items) => Ok(Some(items)),
            _ => Ok(Some(Vec::new())),
        },
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 405) => Ok(None),
        Err(error) => Err(client::message(&error)),
    }
}

/// The longest grace period of the pods, in seconds; 0 once that long has gone by.
async fn grace_left(
    client: &Client,
    path: &str,
    deleted_at: Option<Timestamp>,
) -> Result<u64, String> {
    let pods = get_items(client, path, "application/json").await?.unwrap_or_default();
    let longest = pods
        .iter()
        .filter(|pod| !matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed")))
        .filter_map(|pod| pod["spec"]["terminationGracePeriodSeconds"].as_u64())
        .max()
        .unwrap_or(0);
    let passed = deleted_at.map_or(0, |at| clock::now().duration_since(at).as_secs());
    Ok(if u64::try_from(passed).unwrap_or(0) >= longest { 0 } else { longest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_should_not_be_left_is_named_as_go_prints_it() {
        for (group, name) in [("", "/v1"), ("apps", "apps/v1")] {
            let resource = Resource::for_tests(group, "v1", "things", "Thing");
            let text = unexpected("ns", &resource);
            assert!(text.ends_with(&format!(" ns for gvr: {name}, Resource=things")), "{text}");
        }
    }
}
