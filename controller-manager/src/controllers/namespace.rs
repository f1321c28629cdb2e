//! namespace-controller: empties a namespace that is being deleted, and then lets it go.
//!
//! Pods go first: what they use stays until they have ended. What remains is said in the
//! namespace's conditions. Mirrors `k8s.io/kubernetes/pkg/controller/namespace`.

mod conditions;
mod content;

use crate::context::Context;
use crate::discovery::{Resource, discover};
use conditions::Findings;
use content::{Emptied, empty};
use control::{Action, Informer, Key, Outcome, Queue, SyncError, execute, run_workers};
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client};
use runtime::clock;
use std::sync::Arc;
use std::time::Duration;

/// The finalizer in `spec.finalizers` that stands for this controller.
const FINALIZER: &str = "kubernetes";

/// How long after the deletion the work begins, so that every API server knows of it.
const GRACE: Duration = Duration::from_secs(5);

/// Between two looks at a namespace that is not empty yet, at least.
const RECHECK_MIN: Duration = Duration::from_secs(1);

/// The longest wait after a round that failed.
const RETRY_MAX: Duration = Duration::from_secs(60);

/// Each namespace takes a hundred requests: upstream's factors.
const PACE: client::Pace = client::Pace { qps: 20.0, burst: 100 };

/// Starts it.
pub(crate) fn start(context: &Context) {
    let namespaces = context.informers.of::<Namespace>();
    let queue = Queue::named("namespace").retried_within(RETRY_MAX);
    let add = queue.clone();
    namespaces.on_change(move |change| {
        let namespace = change.object();
        if namespace.metadata.deletion_timestamp.is_some() {
            add.add_after(Key::of(&**namespace), GRACE);
        }
    });
    let client = context.paced_client(PACE);
    let workers = context.options.concurrency.namespaces;
    run_workers("namespace-controller", workers, queue, &context.shutdown, move |key| {
        let (client, namespaces) = (client.clone(), namespaces.clone());
        async move { sync(&client, &namespaces, &key).await }
    });
}

async fn sync(
    client: &Client,
    namespaces: &Arc<Informer<Namespace>>,
    key: &Key,
) -> Result<Outcome, SyncError> {
    if namespaces.get(key).is_none() {
        return Ok(Outcome::Done);
    }
    let api: Api<Namespace> = Api::all(client.clone());
    let Some(mut namespace) = api.get_opt(&key.name).await? else { return Ok(Outcome::Done) };
    if namespace.metadata.deletion_timestamp.is_none() || is_finalized(&namespace) {
        return Ok(Outcome::Done);
    }
    let phase = namespace.status.as_ref().and_then(|status| status.phase.as_deref());
    if phase != Some("Terminating") {
        namespace.status.get_or_insert_default().phase = Some("Terminating".into());
        execute(client, &Action::update_status(&namespace)).await?;
        let Some(fresh) = api.get_opt(&key.name).await? else { return Ok(Outcome::Done) };
        namespace = fresh;
    }
    let (findings, emptied) = empty_all(client, &namespace).await;
    if let Some(status) = conditions::updated(&namespace, &findings, clock::now()) {
        namespace.status = Some(status);
        if let Some(answer) = execute(client, &Action::update_status(&namespace)).await?
            && let Ok(fresh) = control::decode(&answer)
        {
            namespace = fresh;
        }
    }
    if !findings.errors.is_empty() || !findings.discovery.is_empty() {
        let mut all = findings.errors;
        all.extend(findings.discovery);
        return Err(SyncError::Other(all.join("; ")));
    }
    if emptied.remaining > 0 {
        let wait = Duration::from_secs(emptied.estimate_seconds / 2 + 1).max(RECHECK_MIN);
        return Ok(Outcome::Again(wait));
    }
    finalize(client, &namespace).await
}

fn is_finalized(namespace: &Namespace) -> bool {
    let finalizers = namespace.spec.as_ref().and_then(|spec| spec.finalizers.as_ref());
    finalizers.is_none_or(Vec::is_empty)
}

/// Empties every resource; pods first, and nothing else as long as there are pods.
async fn empty_all(client: &Client, namespace: &Namespace) -> (Findings, Emptied) {
    let name = namespace.metadata.name.as_deref().unwrap_or_default();
    let deleted_at = namespace.metadata.deletion_timestamp.as_ref().map(|time| time.0);
    let mut findings = Findings::default();
    let mut total = Emptied::default();
    let mut resources: Vec<Resource> = match discover(client).await {
        Ok(found) => {
            findings.discovery =
                found.failed.into_iter().map(|(group, why)| format!("{group}: {why}")).collect();
            found.resources
        }
        Err(error) => {
            findings.discovery.push(client::message(&error));
            return (findings, total);
        }
    };
    resources.retain(|resource| resource.namespaced && resource.can("delete"));
    resources.sort_by_key(|resource| !(resource.group.is_empty() && resource.plural == "pods"));
    for resource in &resources {
        let is_pods = resource.group.is_empty() && resource.plural == "pods";
        match empty(client, resource, name, deleted_at).await {
            Ok(mut emptied) => {
                findings.note(resource, &emptied);
                findings.errors.extend(emptied.trouble.take());
                total.add(emptied);
            }
            Err(error) => findings.errors.push(error),
        }
        if is_pods && total.remaining > 0 {
            break;
        }
    }
    (findings, total)
}

async fn finalize(client: &Client, namespace: &Namespace) -> Result<Outcome, SyncError> {
    let mut namespace = namespace.clone();
    let finalizers = namespace.spec.get_or_insert_default().finalizers.get_or_insert_default();
    finalizers.retain(|finalizer| finalizer != FINALIZER);
    let Action::Update { path, body } = Action::update(&namespace) else {
        return Ok(Outcome::Done);
    };
    let action = Action::Update { path: format!("{path}/finalize"), body };
    match execute(client, &action).await {
        Err(error) if client::is_not_found(&error) => Ok(Outcome::Done),
        other => Ok(other.map(|_| Outcome::Done)?),
    }
}
