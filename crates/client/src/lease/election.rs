//! The loop of a candidate: wait, lead, renew, step down.

use super::record::{Observed, claim, release};
use super::{JITTER_FACTOR, LeaseOptions};
use crate::error::{is_exists, is_not_found, sentence};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::api::PostParams;
use kube::{Api, Client};
use runtime::{Shutdown, clock, entropy};

/// Why a leader is none any more.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// The lease could not be renewed in time, or another holds it: whoever led must stop now.
    #[error("leaderelection lost")]
    Lost,
    /// The times would allow two leaders.
    #[error("{0}")]
    Invalid(&'static str),
}

/// Waits for the lease, then runs `work` for as long as it is held. `work` is given a shutdown
/// that begins with `shutdown`, and should return soon after that.
///
/// # Errors
/// [`LeaseError::Lost`]: `work` was dropped at its next await, and the process should end.
pub async fn lead<F, W>(
    client: Client,
    options: &LeaseOptions,
    component: &str,
    shutdown: &Shutdown,
    work: W,
) -> Result<(), LeaseError>
where
    W: FnOnce(Shutdown) -> F,
    F: Future<Output = ()>,
{
    if !options.enabled {
        work(shutdown.child()).await;
        return Ok(());
    }
    options.validate().map_err(LeaseError::Invalid)?;
    let mut candidate =
        Candidate { api: Api::namespaced(client.clone(), &options.namespace), options, seen: None };
    if !candidate.wait_for_lease(shutdown).await {
        return Ok(());
    }
    tracing::info!(lease = options.name, identity = options.identity, "became leader");
    let lease = candidate.seen.as_ref().map(|seen| seen.lease.metadata.clone()).unwrap_or_default();
    let event = event(options, &lease, component);
    let announced = announce(client, options.namespace.clone(), event);
    runtime::spawn("leader event", announced).detach();
    let child = shutdown.child();
    tokio::select! {
        () = work(child.clone()) => {
            candidate.release().await;
            Ok(())
        }
        () = candidate.renew() => {
            child.begin();
            Err(LeaseError::Lost)
        }
    }
}

struct Candidate<'a> {
    api: Api<Lease>,
    options: &'a LeaseOptions,
    seen: Option<Observed>,
}

impl Candidate<'_> {
    /// Whether the lease was had; `false` when the shutdown came first.
    async fn wait_for_lease(&mut self, shutdown: &Shutdown) -> bool {
        let mut reported = String::new();
        loop {
            let tried = tokio::select! {
                tried = self.acquire_or_renew() => tried,
                () = shutdown.begun() => return false,
            };
            match tried {
                Ok(true) => return true,
                Ok(false) => {
                    let holder = self.seen.as_ref().map(Observed::holder).unwrap_or_default();
                    if reported != holder {
                        tracing::info!(lease = self.options.name, leader = holder, "new leader");
                        reported = holder.to_owned();
                    }
                }
                Err(error) => {
                    let error = sentence(&error);
                    tracing::error!(lease = self.options.name, error, "error acquiring the lease");
                }
            }
            let wait = entropy::jitter(self.options.retry_period, JITTER_FACTOR);
            tokio::select! {
                () = clock::sleep(wait) => {}
                () = shutdown.begun() => return false,
            }
        }
    }

    /// Returns when the lease is lost.
    async fn renew(&mut self) {
        let mut renewed_at = clock::monotonic();
        loop {
            clock::sleep(self.options.retry_period).await;
            let left = self.options.renew_deadline.saturating_sub(renewed_at.elapsed());
            match clock::timeout(left, self.acquire_or_renew()).await {
                Ok(Ok(true)) => renewed_at = clock::monotonic(),
                Ok(Ok(false)) => return,
                Ok(Err(error)) => {
                    let error = sentence(&error);
                    tracing::error!(lease = self.options.name, error, "failed to renew the lease");
                }
                Err(_) => {
                    tracing::error!(lease = self.options.name, "failed to renew the lease in time");
                    return;
                }
            }
        }
    }

    /// Whether the lease is ours now.
    async fn acquire_or_renew(&mut self) -> Result<bool, kube::Error> {
        let params = PostParams::default();
        let held = self.seen.as_ref().filter(|seen| seen.holder() == self.options.identity);
        if let Some(held) = held {
            let wanted = claim(self.options, Some(&held.lease), clock::now());
            if let Ok(lease) = self.api.replace(&self.options.name, &params, &wanted).await {
                Observed::see(&mut self.seen, lease, clock::monotonic());
                return Ok(true);
            }
        }
        let found = match self.api.get(&self.options.name).await {
            Err(error) if is_not_found(&error) => None,
            other => Some(other?),
        };
        let wanted = claim(self.options, found.as_ref(), clock::now());
        let written = match found {
            None => match self.api.create(&params, &wanted).await {
                // Another candidate was faster; the next round sees it.
                Err(error) if is_exists(&error) => return Ok(false),
                other => other?,
            },
            Some(lease) => {
                Observed::see(&mut self.seen, lease, clock::monotonic());
                let another = self.seen.as_ref().is_some_and(|seen| {
                    seen.is_held_by_another(&self.options.identity, clock::monotonic())
                });
                if another {
                    return Ok(false);
                }
                self.api.replace(&self.options.name, &params, &wanted).await?
            }
        };
        Observed::see(&mut self.seen, written, clock::monotonic());
        Ok(true)
    }

    /// Lets the next candidate in at once. Failing to is no harm: the lease ends by itself.
    async fn release(&self) {
        let Some(seen) = self.seen.as_ref().filter(|s| s.holder() == self.options.identity) else {
            return;
        };
        let free = release(&seen.lease, clock::now());
        let params = PostParams::default();
        let put = self.api.replace(&self.options.name, &params, &free);
        match clock::timeout(self.options.retry_period, put).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                tracing::warn!(error = sentence(&error), "could not release the lease");
            }
            Err(_) => tracing::warn!("could not release the lease in time"),
        }
    }
}

/// The event that upstream's leader leaves on its lease, by which `kubectl describe` finds it.
fn event(options: &LeaseOptions, lease: &ObjectMeta, component: &str) -> Event {
    let now = clock::now();
    let host = options.identity.split('_').next().unwrap_or_default().to_owned();
    Event {
        metadata: ObjectMeta {
            name: Some(format!("{}.{:x}", options.name, now.as_nanosecond())),
            namespace: Some(options.namespace.clone()),
            ..ObjectMeta::default()
        },
        involved_object: ObjectReference {
            api_version: Some("coordination.k8s.io/v1".into()),
            kind: Some("Lease".into()),
            name: Some(options.name.clone()),
            namespace: Some(options.namespace.clone()),
            uid: lease.uid.clone(),
            resource_version: lease.resource_version.clone(),
            ..ObjectReference::default()
        },
        reason: Some("LeaderElection".into()),
        message: Some(format!("{} became leader", options.identity)),
        type_: Some("Normal".into()),
        count: Some(1),
        first_timestamp: Some(Time(now)),
        last_timestamp: Some(Time(now)),
        source: Some(EventSource { component: Some(component.to_owned()), host: Some(host) }),
        reporting_component: Some(component.to_owned()),
        ..Event::default()
    }
}

async fn announce(client: Client, namespace: String, event: Event) {
    let events: Api<Event> = Api::namespaced(client, &namespace);
    if let Err(error) = events.create(&PostParams::default(), &event).await {
        tracing::debug!(%error, "the event of the new leader was not written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_names_the_lease_that_it_is_about() {
        let lease = ObjectMeta {
            uid: Some("7".into()),
            resource_version: Some("9".into()),
            ..ObjectMeta::default()
        };
        let about = event(&LeaseOptions::new("kube-scheduler"), &lease, "default-scheduler")
            .involved_object;
        assert_eq!(about.kind.as_deref(), Some("Lease"));
        assert_eq!(
            (about.uid.as_deref(), about.resource_version.as_deref()),
            (Some("7"), Some("9"))
        );
    }
}
