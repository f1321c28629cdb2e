//! The `APIService` of each version that is served: where it stands in discovery, and that it is
//! served here.
//!
//! Mirrors `apiServicesToRegister` and the autoregister controller of `k8s.io/kube-aggregator`, for
//! those that are kept at the start only: what lacks is made, what differs is brought back, and
//! what an earlier start with other flags has left is removed.

use super::recorded::WRITES_AT_ONCE;
use crate::objects::Cached;
use crate::own::Own;
use auth::Objects;
use futures::{StreamExt, TryStreamExt, stream};
use kinds::Served;
use object::{GroupResource, Map, Result, Value, json, meta};
use std::sync::Arc;

const MANAGED: &str = "kube-aggregator.kubernetes.io/automanaged";
const AT_START: &str = "onstart";

/// What is to be done with one of them.
enum Step {
    Create(Value),
    Replace(Value),
    Remove(Arc<Value>),
}

/// Brings all of them into place.
pub(super) async fn ensure(own: &Own, objects: &Cached, served: &Served) -> Result<()> {
    let current = objects.list(&GroupResource::new("apiregistration.k8s.io", "apiservices"), None);
    stream::iter(plan(served, current))
        .map(|step| carry_out(own, step))
        .buffer_unordered(WRITES_AT_ONCE)
        .try_collect::<()>()
        .await
}

async fn carry_out(own: &Own, step: Step) -> Result<()> {
    match step {
        Step::Create(object) => own.ensure(&object).await,
        Step::Replace(object) => own.replace(&object).await,
        Step::Remove(object) => own.remove(&object).await,
    }
}

fn plan(served: &Served, current: Vec<Arc<Value>>) -> Vec<Step> {
    let mut lacking = wanted(served);
    let mut steps = Vec::new();
    for found in current {
        let wanted = lacking.remove(meta::name(&found));
        if found["metadata"]["labels"][MANAGED] != AT_START {
            continue;
        }
        match wanted {
            None => steps.push(Step::Remove(found)),
            Some(wanted) if wanted["spec"] != found["spec"] => {
                let mut changed = Value::clone(&found);
                changed["spec"] = wanted["spec"].clone();
                steps.push(Step::Replace(changed));
            }
            Some(_) => {}
        }
    }
    steps.extend(lacking.into_iter().map(|(_, object)| Step::Create(object)));
    steps
}

/// Those that there should be, by their names.
fn wanted(served: &Served) -> Map<String, Value> {
    let versions = served.versions().iter().map(|version| version.at);
    versions
        .filter(|at| at.is_registered())
        .map(|at| {
            let name = format!("{}.{}", at.version, at.group);
            let mut object = json!({
                "apiVersion": "apiregistration.k8s.io/v1",
                "kind": "APIService",
                "metadata": {"name": name, "labels": {MANAGED: AT_START}},
                "spec": {
                    "version": at.version,
                    "groupPriorityMinimum": at.group_priority,
                    "versionPriority": at.version_priority,
                },
            });
            if !at.group.is_empty() {
                object["spec"]["group"] = at.group.into();
            }
            (name, object)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(step: &Step) -> (&'static str, &str) {
        match step {
            Step::Create(object) => ("create", meta::name(object)),
            Step::Replace(object) => ("replace", meta::name(object)),
            Step::Remove(object) => ("remove", meta::name(object)),
        }
    }

    #[test]
    fn what_an_earlier_start_left_is_put_right() {
        let all = Served::new(|_, _| true);
        let mut left: Vec<_> = wanted(&all).into_iter().map(|(_, object)| object).collect();
        left.retain(|object| {
            let at = &object["spec"];
            at["group"] == "rbac.authorization.k8s.io" || at["group"] == "apps"
        });
        for object in &mut left {
            if object["spec"]["group"] == "apps" {
                object["spec"]["versionPriority"] = 1.into();
            }
        }
        left.push(json!({"metadata": {"name": "v1.example.com"}, "spec": {}}));
        let left: Vec<_> = left.into_iter().map(Arc::new).collect();
        let rbac_and_apps = Served::new(|at, _| {
            at.by_default && ["rbac.authorization.k8s.io", "apps", "batch"].contains(&at.group)
        });
        let steps = plan(&rbac_and_apps, left);
        let mut found: Vec<_> = steps.iter().map(name).collect();
        found.sort();
        assert_eq!(
            found,
            [
                ("create", "v1.batch"),
                ("remove", "v1beta1.rbac.authorization.k8s.io"),
                ("replace", "v1.apps"),
            ]
        );
    }
}
