//! legacy-serviceaccount-token-cleaner-controller: tokens in Secrets that were made by themselves
//! and that nobody uses are marked invalid, and deleted as long a time later.
//!
//! The API server notes on each Secret when its token was last used, and since when it notes that.
//! Ours does not yet, and then nothing is done.
//! Mirrors `k8s.io/kubernetes/pkg/controller/serviceaccount/legacy_serviceaccount_token_cleaner.go`.

mod mounted;

use crate::context::Context;
use client::{is_conflict, is_not_found};
use control::{Action, Informer, execute};
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret, ServiceAccount};
use k8s_openapi::jiff::civil::Date;
use k8s_openapi::jiff::tz::TimeZone;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::{Api, Client};
use runtime::clock;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Between two looks.
const PERIOD: Duration = Duration::from_secs(24 * 60 * 60);

const TOKENS: &str = "type=kubernetes.io/service-account-token";
const LAST_USED: &str = "kubernetes.io/legacy-token-last-used";
const INVALID_SINCE: &str = "kubernetes.io/legacy-token-invalid-since";
const ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";
const ACCOUNT_UID: &str = "kubernetes.io/service-account.uid";
const TRACKING: &str = "kube-apiserver-legacy-service-account-token-tracking";
const SINCE: &str = "since";

/// The API server's hook that begins to note uses.
const NOTING: &str = "poststarthook/start-legacy-token-tracking-controller";

struct Cleaner {
    client: Client,
    secrets: Arc<Informer<Secret>>,
    accounts: Arc<Informer<ServiceAccount>>,
    pods: Arc<Informer<Pod>>,
    unused_for: SignedDuration,
}

/// Starts it.
pub(crate) fn start(context: &Context) {
    let period = context.options.legacy_token_clean_up_period;
    let cleaner = Cleaner {
        client: context.client(),
        secrets: context.informers.of_selected::<Secret>(TOKENS),
        accounts: context.informers.of::<ServiceAccount>(),
        pods: context.informers.of::<Pod>(),
        unused_for: SignedDuration::try_from(period).unwrap_or(SignedDuration::MAX),
    };
    context.shutdown.spawn_until_begun("legacy-token-cleaner", async move {
        cleaner.secrets.synced().await;
        cleaner.accounts.synced().await;
        cleaner.pods.synced().await;
        let mut tick = clock::every(PERIOD);
        loop {
            if let Err(error) = cleaner.turn().await {
                tracing::warn!(error, "tokens that nobody uses are not looked for");
            }
            tick.tick().await;
        }
    });
}

impl Cleaner {
    async fn turn(&self) -> Result<(), String> {
        if !self.are_uses_noted().await? {
            tracing::info!("the API server does not note uses of tokens: none is cleaned up");
            return Ok(());
        }
        let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), "kube-system");
        let map = api.get(TRACKING).await.map_err(|error| client::message(&error))?;
        let since = map.data.as_ref().and_then(|data| data.get(SINCE));
        let since = since.ok_or("configMap does not have since label")?;
        let since: Date =
            since.parse().map_err(|error| format!("error parsing trackedSince time: {error}"))?;
        let now = clock::now();
        let Some(limit) = limit(since, now, self.unused_for) else { return Ok(()) };
        for secret in self.secrets.list() {
            let fate =
                fate(&secret, &limit, &|| self.is_mounted(&secret), &|| self.is_generated(&secret));
            let action = match fate {
                Fate::Stays => continue,
                Fate::Invalid => Action::patch(
                    &*secret,
                    json!({"metadata": {"uid": secret.metadata.uid,
                        "labels": {INVALID_SINCE: limit.today}}}),
                ),
                Fate::Goes => delete(&secret),
            };
            match execute(&self.client, &action).await {
                Err(error) if !is_conflict(&error) && !is_not_found(&error) => {
                    let error = client::message(&error);
                    tracing::warn!(action = action.describe(), error, "a token is not cleaned up");
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether the API server is one that notes uses: where it isn't, what was noted earlier says
    /// nothing of today, and tokens in use would go.
    async fn are_uses_noted(&self) -> Result<bool, String> {
        let request = http::Request::get("/readyz?verbose").body(Vec::new());
        let request = request.map_err(|error| error.to_string())?;
        let text = self.client.request_text(request).await;
        Ok(text.map_err(|error| client::message(&error))?.contains(NOTING))
    }

    /// Whether the account names the Secret: those that people made are not named.
    fn is_generated(&self, secret: &Secret) -> bool {
        let annotation = |name: &str| secret.metadata.annotations.as_ref()?.get(name).cloned();
        let Some(name) = annotation(ACCOUNT_NAME) else { return false };
        let namespace = secret.metadata.namespace.clone().unwrap_or_default();
        let Some(account) = self.accounts.get(&control::Key::new(namespace, name)) else {
            return false;
        };
        let uid = annotation(ACCOUNT_UID).filter(|uid| !uid.is_empty());
        (uid.is_none() || uid == account.metadata.uid)
            && account.secrets.iter().flatten().any(|named| named.name == secret.metadata.name)
    }

    fn is_mounted(&self, secret: &Secret) -> bool {
        let name = secret.metadata.name.as_deref().unwrap_or_default();
        let pods = self.pods.list_in(secret.metadata.namespace.as_deref().unwrap_or_default());
        let names: BTreeSet<&str> = pods.iter().flat_map(|pod| mounted::secrets(pod)).collect();
        names.contains(name)
    }
}

fn delete(secret: &Secret) -> Action {
    let meta = &secret.metadata;
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let path = format!("/api/v1/namespaces/{}/secrets/{}", text(&meta.namespace), text(&meta.name));
    let version = &meta.resource_version;
    Action::Delete { path, options: json!({"preconditions": {"resourceVersion": version}}) }
}

/// What is too old.
struct Limit {
    at: Timestamp,
    day: String,
    today: String,
}

/// `None` while uses have not been noted for long enough: from the day after the first one on.
fn limit(since: Date, now: Timestamp, unused_for: SignedDuration) -> Option<Limit> {
    let noted = since.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    if now.duration_since(noted) < unused_for {
        return None;
    }
    let at = now.checked_sub(unused_for).ok()?;
    let day = |time: Timestamp| time.to_zoned(TimeZone::UTC).date().to_string();
    Some(Limit { at, day: day(at), today: day(now) })
}

#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Stays,
    Invalid,
    Goes,
}

fn fate(
    secret: &Secret,
    limit: &Limit,
    is_mounted: &dyn Fn() -> bool,
    is_generated: &dyn Fn() -> bool,
) -> Fate {
    let meta = &secret.metadata;
    let created = meta.creation_timestamp.as_ref().map(|time| time.0);
    if created.is_none_or(|created| created >= limit.at) || meta.deletion_timestamp.is_some() {
        return Fate::Stays;
    }
    let label = |name: &str| meta.labels.as_ref()?.get(name).map(String::as_str);
    let is_date = |text: &str| text.len() == limit.day.len() && text.parse::<Date>().is_ok();
    // Dates in this form sort as texts do. One that can't be read says nothing of the use.
    let is_used = |used: &str| !is_date(used) || used >= limit.day.as_str();
    if label(LAST_USED).is_some_and(is_used) || !is_generated() || is_mounted() {
        return Fate::Stays;
    }
    match label(INVALID_SINCE).filter(|since| is_date(since)) {
        None => Fate::Invalid,
        Some(since) if since >= limit.day.as_str() => Fate::Stays,
        Some(_) => Fate::Goes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const YEAR: SignedDuration = SignedDuration::from_hours(8760);

    fn limit_at(now: &str, since: &str) -> Option<Limit> {
        limit(since.parse().expect("a date"), now.parse().expect("a time"), YEAR)
    }

    #[test]
    fn nothing_is_unused_before_uses_were_noted_for_long_enough() {
        assert!(limit_at("2025-12-31T23:59:59Z", "2024-12-31").is_none());
        let limit = limit_at("2026-01-01T00:00:00Z", "2024-12-31").expect("long enough");
        assert_eq!((limit.day.as_str(), limit.today.as_str()), ("2025-01-01", "2026-01-01"));
    }

    #[test]
    fn unused_tokens_are_marked_and_then_deleted() {
        let limit = limit_at("2026-01-01T12:00:00Z", "2024-01-01").expect("long enough");
        let secret = |created: &str, labels: Value| -> Secret {
            serde_json::from_value(json!({"metadata": {"name": "s", "labels": labels,
                "creationTimestamp": created}}))
            .expect("a secret")
        };
        let old = "2024-06-01T00:00:00Z";
        let table = [
            (secret(old, json!({})), Fate::Invalid),
            (secret("2025-06-01T00:00:00Z", json!({})), Fate::Stays),
            (secret(old, json!({LAST_USED: "2025-01-01"})), Fate::Stays),
            (secret(old, json!({LAST_USED: "2024-12-31"})), Fate::Invalid),
            (secret(old, json!({LAST_USED: "yesterday"})), Fate::Stays),
            (secret(old, json!({INVALID_SINCE: "2025-01-01"})), Fate::Stays),
            (secret(old, json!({INVALID_SINCE: "2024-12-31"})), Fate::Goes),
            (secret(old, json!({INVALID_SINCE: "long ago"})), Fate::Invalid),
        ];
        for (secret, expected) in table {
            assert_eq!(fate(&secret, &limit, &|| false, &|| true), expected, "{secret:?}");
            assert_eq!(fate(&secret, &limit, &|| true, &|| true), Fate::Stays);
            assert_eq!(fate(&secret, &limit, &|| false, &|| false), Fate::Stays);
        }
    }
}
