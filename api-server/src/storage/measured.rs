//! A store whose requests are counted and timed, by operation and resource.
//!
//! Mirrors `k8s.io/apiserver/pkg/storage/etcd3/metrics`: the names say etcd. The watch of all keys
//! is no request that ends, and is not counted.

use async_trait::async_trait;
use runtime::clock::{Instant, monotonic};
use runtime::metrics::{Counter, Family, Histogram, Registry};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use store::{Change, Expect, Outcome, Page, Range, Revision, Store, StoreError, Watch};

struct Families {
    requests: Arc<Family<Counter>>,
    errors: Arc<Family<Counter>>,
    durations: Arc<Family<Histogram>>,
}

const LABELS: &[&str] = &["operation", "group", "resource"];

static FAMILIES: LazyLock<Families> = LazyLock::new(|| {
    let registry = Registry::global();
    Families {
        requests: registry.counter("etcd_requests_total", "Requests to etcd.", LABELS),
        errors: registry.counter("etcd_request_errors_total", "Those that failed.", LABELS),
        durations: registry.histogram(
            "etcd_request_duration_seconds",
            "How long requests to etcd took.",
            LABELS,
            crate::metrics::DURATION_BUCKETS,
        ),
    }
});

/// A store whose requests are counted and timed.
pub(super) struct Measured<S> {
    inner: S,
    /// `--etcd-prefix`, with a slash behind it.
    prefix: String,
    /// Group and resource by what their keys begin with.
    resources: HashMap<&'static str, (&'static str, &'static str)>,
}

impl<S: Store> Measured<S> {
    /// Over a store with the catalogue's kinds below this prefix.
    pub(super) fn new(inner: S, prefix: &str) -> Self {
        let named =
            |kind: &&'static kinds::Kind| Some((kind.storage?.key, (kind.group, kind.plural)));
        let resources = kinds::all().iter().filter_map(named).collect();
        Self { inner, prefix: format!("{}/", prefix.trim_end_matches('/')), resources }
    }

    /// What a key is of: the kind whose keys begin as it does.
    fn resource(&self, key: &str) -> (&'static str, &'static str) {
        let Some(within) = key.strip_prefix(&self.prefix) else { return ("", "") };
        let ends = within.match_indices('/').map(|(at, _)| at).take(KEY_PARTS_MAX);
        let mut begins = ends.map(|end| &within[..end]);
        begins.find_map(|begin| self.resources.get(begin)).copied().unwrap_or_default()
    }

    fn count<T>(
        &self,
        operation: &str,
        key: &str,
        begun: Instant,
        result: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let (group, resource) = self.resource(key);
        let labels = [operation, group, resource];
        FAMILIES.requests.with(&labels).increment();
        if result.is_err() {
            FAMILIES.errors.with(&labels).increment();
        }
        let took = monotonic().duration_since(begun);
        FAMILIES.durations.with(&labels).observe_duration(took);
        result
    }
}

/// The parts of a key that name its kind, at most: `services/specs`.
const KEY_PARTS_MAX: usize = 2;

#[async_trait]
impl<S: Store> Store for Measured<S> {
    async fn get(&self, key: &str) -> Result<(Option<store::Entry>, Revision), StoreError> {
        let begun = monotonic();
        self.count("get", key, begun, self.inner.get(key).await)
    }

    async fn range(&self, range: Range) -> Result<Page, StoreError> {
        let begun = monotonic();
        let start = range.start.clone();
        self.count("list", &start, begun, self.inner.range(range).await)
    }

    async fn commit(
        &self,
        key: &str,
        expect: Expect,
        change: Change,
    ) -> Result<Outcome, StoreError> {
        let operation = match (&change, expect) {
            (Change::Delete, _) => "delete",
            (Change::Put { .. }, Expect::Absent) => "create",
            (Change::Put { .. }, _) => "update",
        };
        let begun = monotonic();
        self.count(operation, key, begun, self.inner.commit(key, expect, change).await)
    }

    async fn watch(&self, after: Revision) -> Result<Watch, StoreError> {
        self.inner.watch(after).await
    }

    async fn revision(&self) -> Result<Revision, StoreError> {
        self.inner.revision().await
    }

    async fn compact(&self, revision: Revision) -> Result<(), StoreError> {
        self.inner.compact(revision).await
    }

    async fn stale(&self, key: &str) -> Result<bool, StoreError> {
        self.inner.stale(key).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn keys_say_what_they_are_of() {
        let measured = Measured::new(store::Memory::new(), "/registry");
        for (key, expected) in [
            ("/registry/pods/a/b", ("", "pods")),
            ("/registry/services/specs/a/b", ("", "services")),
            ("/registry/services/endpoints/a/b", ("", "endpoints")),
            ("/registry/deployments/a/b", ("apps", "deployments")),
            (
                "/registry/apiregistration.k8s.io/apiservices/v1.",
                ("apiregistration.k8s.io", "apiservices"),
            ),
            ("/registry/nothing/a", ("", "")),
            ("/registry/", ("", "")),
            ("compact_rev_key", ("", "")),
        ] {
            assert_eq!(measured.resource(key), expected, "{key}");
        }
    }
}
