//! The three APIs that tell what is used: of resources, of an adapter's own metrics, and of what is
//! outside of the cluster.
//!
//! Mirrors `k8s.io/kubernetes/pkg/controller/podautoscaler/metrics` and the clients of
//! `k8s.io/metrics`. Each is served by somebody else, behind the API server.

use super::requests::milli;
use super::usage::{Sample, Samples};
use crate::scale::Mapping;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::{Client, Error};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// The window of a sample whose server says none.
const DEFAULT_WINDOW: SignedDuration = SignedDuration::from_mins(1);

/// The versions of the custom metrics API, the better one first.
const CUSTOM_VERSIONS: [&str; 2] = ["v1beta2", "v1beta1"];
const CUSTOM: &str = "custom.metrics.k8s.io";

#[derive(Deserialize)]
struct List<T> {
    #[serde(default = "Vec::new")]
    items: Vec<T>,
}

#[derive(Deserialize)]
struct PodMetrics {
    metadata: Named,
    timestamp: Timestamp,
    #[serde(default)]
    window: String,
    #[serde(default)]
    containers: Vec<ContainerMetrics>,
}

#[derive(Deserialize)]
struct ContainerMetrics {
    name: String,
    #[serde(default)]
    usage: BTreeMap<String, Quantity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetricValue {
    #[serde(default)]
    described_object: Named,
    #[serde(default)]
    timestamp: Option<Timestamp>,
    #[serde(default, alias = "window")]
    window_seconds: Option<i64>,
    value: Quantity,
}

#[derive(Default, Deserialize)]
struct Named {
    #[serde(default)]
    name: String,
}

/// What the pods that `selector` selects use of `resource`; of one `container`, or of all.
pub(super) async fn resource(
    client: &Client,
    namespace: &str,
    selector: &str,
    resource: &str,
    container: &str,
) -> Result<Samples, String> {
    let path = format!("/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods");
    let missing = "get pods.metrics.k8s.io";
    let list: List<PodMetrics> = get(client, &path, &[("labelSelector", selector)], missing)
        .await
        .map_err(|error| format!("unable to fetch metrics from resource metrics API: {error}"))?;
    if list.items.is_empty() {
        return Err("no metrics returned from resource metrics API".into());
    }
    Ok(list.items.iter().filter_map(|pod| sample(pod, resource, container)).collect())
}

fn sample(pod: &PodMetrics, resource: &str, container: &str) -> Option<(String, Sample)> {
    let used = |one: &ContainerMetrics| one.usage.get(resource).map(milli);
    let milli = if container.is_empty() {
        let parts: Option<Vec<i64>> = pod.containers.iter().map(used).collect();
        parts.filter(|parts| !parts.is_empty())?.iter().sum()
    } else {
        used(pod.containers.iter().find(|one| one.name == container)?)?
    };
    let window = runtime::flags::duration::parse(&pod.window).ok();
    let window = window.and_then(|window| SignedDuration::try_from(window).ok());
    let sample = Sample { at: pod.timestamp, window: window.unwrap_or_default(), milli };
    Some((pod.metadata.name.clone(), sample))
}

/// What an adapter says of `metric` for each of the pods that `selector` selects.
pub(super) async fn of_pods(
    client: &Client,
    namespace: &str,
    selector: &str,
    (metric, metric_selector): (&str, &str),
) -> Result<Samples, String> {
    let place = format!("namespaces/{namespace}/pods/*/{metric}");
    let query = [("labelSelector", selector), ("metricLabelSelector", metric_selector)];
    let values = custom(client, &place, &query).await?;
    if values.is_empty() {
        return Err("no metrics returned from custom metrics API".into());
    }
    let sample = |value: MetricValue| {
        let window = value.window_seconds.map_or(DEFAULT_WINDOW, SignedDuration::from_secs);
        let at = value.timestamp.unwrap_or(Timestamp::UNIX_EPOCH);
        (value.described_object.name, Sample { at, window, milli: milli(&value.value) })
    };
    Ok(values.into_iter().map(sample).collect())
}

/// What an adapter says of `metric` for one object, in thousandths. `mapping`: the object's kind;
/// `None` for the namespace itself.
pub(super) async fn of_object(
    client: &Client,
    namespace: &str,
    (mapping, name): (Option<&Mapping>, &str),
    (metric, metric_selector): (&str, &str),
) -> Result<i64, String> {
    let place = match mapping {
        None => format!("namespaces/{namespace}/metrics/{metric}"),
        Some(mapping) => {
            format!("namespaces/{namespace}/{}/{name}/{metric}", mapping.group_resource())
        }
    };
    let values = custom(client, &place, &[("metricLabelSelector", metric_selector)]).await?;
    match values.as_slice() {
        [only] => Ok(milli(&only.value)),
        many => Err(format!(
            "unable to fetch metrics from custom metrics API: the custom metrics API server \
             returned {} results when we asked for exactly one",
            many.len()
        )),
    }
}

/// What is said of `metric` outside of the cluster, in thousandths.
pub(super) async fn external(
    client: &Client,
    namespace: &str,
    (metric, metric_selector): (&str, &str),
) -> Result<Vec<i64>, String> {
    let path = format!("/apis/external.metrics.k8s.io/v1beta1/namespaces/{namespace}/{metric}");
    let missing = format!("get {metric}.external.metrics.k8s.io");
    let query = [("labelSelector", metric_selector)];
    let list: List<MetricValue> = get(client, &path, &query, &missing)
        .await
        .map_err(|error| format!("unable to fetch metrics from external metrics API: {error}"))?;
    if list.items.is_empty() {
        return Err("no metrics returned from external metrics API".into());
    }
    Ok(list.items.iter().map(|value| milli(&value.value)).collect())
}

async fn custom(
    client: &Client,
    place: &str,
    query: &[(&str, &str)],
) -> Result<Vec<MetricValue>, String> {
    let failed =
        |error: String| format!("unable to fetch metrics from custom metrics API: {error}");
    let version = custom_version(client).await.map_err(failed)?;
    let path = format!("/apis/{CUSTOM}/{version}/{place}");
    let metric = place.rsplit('/').next().unwrap_or_default();
    let missing = format!("get {metric}.{CUSTOM}");
    let list: List<MetricValue> = get(client, &path, query, &missing).await.map_err(failed)?;
    Ok(list.items)
}

async fn custom_version(client: &Client) -> Result<&'static str, String> {
    let groups = client.list_api_groups().await.map_err(|error| client::message(&error))?;
    let group = groups.groups.iter().find(|group| group.name == CUSTOM);
    let served = |version: &&&str| {
        let versions = group.into_iter().flat_map(|group| &group.versions);
        versions.into_iter().any(|known| known.version == ***version)
    };
    let found = CUSTOM_VERSIONS.iter().find(|version| served(version));
    found.copied().ok_or_else(|| format!("no custom metrics API ({CUSTOM}) registered"))
}

/// Reads `path`. `missing` says what is asked for, as client-go tells of paths that nobody serves.
async fn get<T: DeserializeOwned>(
    client: &Client,
    path: &str,
    query: &[(&str, &str)],
    missing: &str,
) -> Result<T, String> {
    let given = query.iter().filter(|(_, value)| !value.is_empty());
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish();
    let request = http::Request::get(format!("{path}?{query}"))
        .body(Vec::new())
        .map_err(|error| error.to_string())?;
    client.request(request).await.map_err(|error| match &error {
        Error::Api(status) if status.code == 404 && !is_told(&status.message) => {
            format!("the server could not find the requested resource ({missing})")
        }
        _ => client::message(&error),
    })
}

/// Whether a 404 tells of an object, and isn't only a path that nobody serves.
fn is_told(message: &str) -> bool {
    !message.is_empty()
        && !message.starts_with("404 page not found")
        && message != "the server could not find the requested resource"
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pod_is_the_sum_of_its_containers_or_nothing() {
        let pod: PodMetrics = serde_json::from_value(json!({
            "metadata": {"name": "p"}, "timestamp": "2026-01-01T00:00:00Z", "window": "15.5s",
            "containers": [{"name": "a", "usage": {"cpu": "1500000n", "memory": "1Ki"}},
                           {"name": "b", "usage": {"cpu": "3m"}}]}))
        .expect("metrics");
        let milli =
            |resource, container| sample(&pod, resource, container).map(|(_, sample)| sample.milli);
        assert_eq!(milli("cpu", ""), Some(5), "1.5m is rounded up");
        assert_eq!(milli("cpu", "b"), Some(3));
        assert_eq!(milli("memory", ""), None, "one says nothing");
        assert_eq!(milli("memory", "a"), Some(1_024_000));
        assert_eq!(milli("cpu", "c"), None);
        let (_, sample) = sample(&pod, "cpu", "a").expect("a sample");
        assert_eq!(sample.window, SignedDuration::from_millis(15_500));
    }

    #[test]
    fn both_versions_of_custom_metrics_are_read() {
        for window in ["window", "windowSeconds"] {
            let value: MetricValue = serde_json::from_value(json!({
                "describedObject": {"kind": "Pod", "name": "p"}, window: 30,
                "timestamp": "2026-01-01T00:00:00Z", "value": "7"}))
            .expect("a value");
            assert_eq!((value.window_seconds, milli(&value.value)), (Some(30), 7000));
            assert_eq!(value.described_object.name, "p");
        }
    }
}
