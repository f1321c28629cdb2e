//! clusterrole-aggregation-controller: the rules of an aggregating ClusterRole are those of the
//! roles that it selects.
//!
//! Mirrors `k8s.io/kubernetes/pkg/controller/clusterroleaggregation`.

use crate::context::Context;
use control::selector::Matcher;
use control::{Action, Informer, Key, Outcome, Queue, SyncError, execute, run_workers};
use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule};
use kube::Resource;
use serde_json::json;

const WORKERS: usize = 5;

/// Starts it.
pub(crate) fn start(context: &Context) {
    let roles = context.informers.of::<ClusterRole>();
    let queue = Queue::named("ClusterRoleAggregator");
    let (add, all) = (queue.clone(), roles.clone());
    roles.on_change(move |_| {
        for role in all.list() {
            if role.aggregation_rule.is_some() {
                add.add(Key::of(&*role));
            }
        }
    });
    let client = context.client();
    run_workers("clusterrole-aggregation-controller", WORKERS, queue, &context.shutdown, {
        move |key: Key| {
            let (roles, client) = (roles.clone(), client.clone());
            async move {
                roles.synced().await;
                if let Some(action) = plan(&roles, &key).map_err(SyncError::Other)? {
                    execute(&client, &action).await?;
                }
                Ok(Outcome::Done)
            }
        }
    });
}

fn plan(roles: &Informer<ClusterRole>, key: &Key) -> Result<Option<Action>, String> {
    let Some(role) = roles.get(key) else { return Ok(None) };
    let Some(aggregation) = &role.aggregation_rule else { return Ok(None) };
    let mut rules: Vec<PolicyRule> = Vec::new();
    for selector in aggregation.cluster_role_selectors.iter().flatten() {
        let matcher = Matcher::new(selector)?;
        // By name, as upstream does, so that the same roles give the same rules.
        for other in roles.list() {
            if other.metadata.name == role.metadata.name
                || !matcher.matches(other.metadata.labels.as_ref())
            {
                continue;
            }
            for rule in other.rules.iter().flatten() {
                if !rules.contains(rule) {
                    rules.push(rule.clone());
                }
            }
        }
    }
    if role.rules.as_deref().unwrap_or_default() == rules {
        return Ok(None);
    }
    let path = ClusterRole::url_path(&(), None);
    Ok(Some(Action::Apply {
        path: format!("{path}/{}", key.name),
        manager: "clusterrole-aggregation-controller",
        body: json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": key.name}, "rules": rules,
        }),
    }))
}
