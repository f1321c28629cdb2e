//! `Priority`: a pod's priority is that of its class.
//!
//! Mirrors `plugin/pkg/admission/priority`.

use super::Setup;
use super::pod_parts::text;
use crate::{Cluster, Operation, Plugin, Request};
use async_trait::async_trait;
use object::{GroupResource, Result, Value, meta};
use std::sync::Arc;

struct Priority {
    cluster: Arc<dyn Cluster>,
}

pub(super) fn make(setup: &Setup) -> Box<dyn Plugin> {
    Box::new(Priority { cluster: setup.cluster.clone() })
}

fn classes() -> GroupResource {
    GroupResource::new("scheduling.k8s.io", "priorityclasses")
}

#[async_trait]
impl Plugin for Priority {
    fn name(&self) -> &'static str {
        "Priority"
    }

    async fn admit(&self, request: &Request<'_>, object: Option<&mut Value>) -> Result<()> {
        let Some(pod) = object.filter(|_| request.is_whole("", "pods")) else { return Ok(()) };
        match (request.operation, request.old) {
            (Operation::Create, _) => self.created(request, pod).await,
            (Operation::Update, Some(old)) => {
                for field in ["priority", "preemptionPolicy"] {
                    if pod["spec"][field].is_null() && !old["spec"][field].is_null() {
                        pod["spec"][field] = old["spec"][field].clone();
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn validate(&self, request: &Request<'_>, object: Option<&Value>) -> Result<()> {
        let is_class = request.is_whole("scheduling.k8s.io", "priorityclasses");
        let changes = matches!(request.operation, Operation::Create | Operation::Update);
        let Some(class) = object.filter(|_| is_class && changes) else { return Ok(()) };
        if class["globalDefault"] != true {
            return Ok(());
        }
        match self.default_class() {
            Some(known)
                if request.operation == Operation::Create
                    || meta::name(&known) != meta::name(class) =>
            {
                let why = format!(
                    "PriorityClass {} is already marked as default. Only one default can exist",
                    meta::name(&known)
                );
                Err(request.forbidden(Some(class), why))
            }
            _ => Ok(()),
        }
    }
}

impl Priority {
    async fn created(&self, request: &Request<'_>, pod: &mut Value) -> Result<()> {
        let asked = text(&pod["spec"]["priorityClassName"]).to_owned();
        let class = if asked.is_empty() {
            self.default_class()
        } else {
            let known = match self.cluster.get(&classes(), "", &asked) {
                Some(class) => Some(class),
                None => self.cluster.newest(&classes(), "", &asked).await?,
            };
            let missing = || {
                request
                    .forbidden(Some(pod), format!("no PriorityClass with name {asked} was found"))
            };
            Some(known.ok_or_else(missing)?)
        };
        let value = class.as_ref().and_then(|class| class["value"].as_i64()).unwrap_or_default();
        let policy = match &class {
            Some(class) => text(&class["preemptionPolicy"]),
            None => "PreemptLowerPriority",
        };
        let given = pod["spec"]["priority"].as_i64();
        if given.is_some_and(|given| given != value) {
            let why = format!(
                "the integer value of priority ({}) must not be provided in pod spec; priority admission \
                 controller computed {value} from the given PriorityClass name",
                given.unwrap_or_default()
            );
            return Err(request.forbidden(Some(pod), why));
        }
        let given = text(&pod["spec"]["preemptionPolicy"]);
        if !policy.is_empty() && !given.is_empty() && given != policy {
            let why = format!(
                "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; \
                 priority admission controller computed {policy} from the given PriorityClass name"
            );
            return Err(request.forbidden(Some(pod), why));
        }
        let spec = meta::entry(pod, "spec");
        if let Some(class) = &class {
            spec.insert("priorityClassName".into(), meta::name(class).into());
        }
        spec.insert("priority".into(), value.into());
        if !policy.is_empty() {
            spec.insert("preemptionPolicy".into(), policy.into());
        }
        Ok(())
    }

    /// The default class; the lowest where there are several.
    fn default_class(&self) -> Option<Arc<Value>> {
        let mut all = self.cluster.list(&classes(), None);
        all.retain(|class| class["globalDefault"] == true);
        all.into_iter().min_by_key(|class| class["value"].as_i64().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::{Case, cluster};
    use object::json;

    #[tokio::test]
    async fn a_pod_gets_the_priority_of_its_class() {
        let cluster = cluster();
        let case = Case::new(make, &cluster, "", "pods");
        let mut plain = json!({"spec": {}});
        case.create("ns", &mut plain).await.expect("admitted");
        assert_eq!(
            plain["spec"],
            json!({"priority": 0, "preemptionPolicy": "PreemptLowerPriority"})
        );
        cluster.put(
            "scheduling.k8s.io",
            "priorityclasses",
            json!({"metadata": {"name": "high"},
            "value": 1000, "globalDefault": true, "preemptionPolicy": "Never"}),
        );
        let mut defaulted = json!({"spec": {}});
        case.create("ns", &mut defaulted).await.expect("admitted");
        assert_eq!(defaulted["spec"]["priorityClassName"], "high");
        assert_eq!(defaulted["spec"]["priority"], 1000);
        let mut wrong = json!({"metadata": {"name": "p"}, "spec": {"priorityClassName": "high", "priority": 7}});
        let why = case.create("ns", &mut wrong).await.expect_err("a refusal").to_string();
        assert!(why.contains("the integer value of priority (7) must not be provided"), "{why}");
        let mut none = json!({"metadata": {"name": "p"}, "spec": {"priorityClassName": "none"}});
        let why = case.create("ns", &mut none).await.expect_err("a refusal").to_string();
        assert_eq!(why, "pods \"p\" is forbidden: no PriorityClass with name none was found");
    }

    #[tokio::test]
    async fn there_is_one_default_class() {
        let cluster = cluster();
        cluster.put(
            "scheduling.k8s.io",
            "priorityclasses",
            json!({"metadata": {"name": "one"}, "value": 1, "globalDefault": true}),
        );
        let case = Case::new(make, &cluster, "scheduling.k8s.io", "priorityclasses");
        let mut two = json!({"metadata": {"name": "two"}, "value": 2, "globalDefault": true});
        let why = case.create("", &mut two).await.expect_err("a refusal").to_string();
        assert!(why.ends_with(
            "PriorityClass one is already marked as default. Only one default can exist"
        ));
    }
}
