//! `PodGroupProtection`, `PodGroupWorkloadExists` and `JobValidation`: pods that are placed together.
//!
//! The feature gates of the three are those without which there are no pod groups at all. Mirrors
//! `plugin/pkg/admission/scheduling/podgroupprotection`, `plugin/pkg/admission/podgroup` and
//! `plugin/pkg/admission/job`.

use super::Setup;
use super::pod_parts::{items, text};
use crate::{Cluster, Operation, Plugin, Request};
use async_trait::async_trait;
use object::{GroupResource, Result, Value, json, meta};
use std::sync::Arc;

const GROUP: &str = "scheduling.k8s.io";
const FINALIZER: &str = "scheduling.k8s.io/podgroup-protection";

struct PodGroupProtection;

struct PodGroupWorkloadExists {
    cluster: Arc<dyn Cluster>,
}

struct JobValidation {
    cluster: Arc<dyn Cluster>,
}

pub(super) fn protection(_setup: &Setup) -> Box<dyn Plugin> {
    Box::new(PodGroupProtection)
}

pub(super) fn workload_exists(setup: &Setup) -> Box<dyn Plugin> {
    Box::new(PodGroupWorkloadExists { cluster: setup.cluster.clone() })
}

pub(super) fn job_validation(setup: &Setup) -> Box<dyn Plugin> {
    Box::new(JobValidation { cluster: setup.cluster.clone() })
}

#[async_trait]
impl Plugin for PodGroupProtection {
    fn name(&self) -> &'static str {
        "PodGroupProtection"
    }

    async fn admit(&self, request: &Request<'_>, object: Option<&mut Value>) -> Result<()> {
        let made = request.is_whole(GROUP, "podgroups") && request.operation == Operation::Create;
        let Some(group) = object.filter(|_| made) else { return Ok(()) };
        let mut all: Vec<&str> = meta::finalizers(group).collect();
        if !all.contains(&FINALIZER) {
            all.push(FINALIZER);
            let all = json!(all);
            meta::of(group).insert("finalizers".into(), all);
        }
        Ok(())
    }
}

#[async_trait]
impl Plugin for PodGroupWorkloadExists {
    fn name(&self) -> &'static str {
        "PodGroupWorkloadExists"
    }

    async fn validate(&self, request: &Request<'_>, object: Option<&Value>) -> Result<()> {
        let made = request.is_whole(GROUP, "podgroups") && request.operation == Operation::Create;
        let Some(group) = object.filter(|_| made) else { return Ok(()) };
        let named = &group["spec"]["podGroupTemplateRef"]["workload"];
        if !named.is_object() {
            return Ok(());
        }
        let (name, template) = (text(&named["workloadName"]), text(&named["podGroupTemplateName"]));
        let resource = GroupResource::new(GROUP, "workloads");
        let found = match self.cluster.get(&resource, request.namespace, name) {
            Some(found) => Some(found),
            None => self.cluster.newest(&resource, request.namespace, name).await?,
        };
        let refuse =
            |why: String| Err(request.forbidden(object, format!("PodGroup rejected: {why}")));
        let Some(workload) = found else { return refuse(format!("Workload {name:?} not found")) };
        if meta::deletion_timestamp(&workload).is_some() {
            return refuse(format!("Workload {name:?} is being deleted"));
        }
        if items(&workload["spec"]["podGroupTemplates"]).any(|known| known["name"] == template) {
            return Ok(());
        }
        refuse(format!("PodGroupTemplate {template:?} not found in Workload {name:?}"))
    }
}

#[async_trait]
impl Plugin for JobValidation {
    fn name(&self) -> &'static str {
        "JobValidation"
    }

    async fn validate(&self, request: &Request<'_>, object: Option<&Value>) -> Result<()> {
        let changed = request.is_whole("batch", "jobs") && request.operation == Operation::Update;
        let (Some(job), Some(old), true) = (object, request.old, changed) else { return Ok(()) };
        if job["spec"]["parallelism"] == old["spec"]["parallelism"] {
            return Ok(());
        }
        let resource = GroupResource::new(GROUP, "podgroups");
        let named = &old["spec"]["template"]["spec"]["schedulingGroup"]["podGroupName"];
        let groups = match named.as_str() {
            Some(name) => {
                self.cluster.get(&resource, request.namespace, name).into_iter().collect()
            }
            None => {
                let mut all = self.cluster.list(&resource, Some(request.namespace));
                all.retain(|group| is_controlled_by(group, meta::uid(old)));
                all
            }
        };
        let gang = |group: &&Arc<Value>| group["spec"]["schedulingPolicy"]["gang"].is_object();
        match groups.iter().find(gang).map(|group| meta::name(group)) {
            Some(name) => Err(request.forbidden(
                object,
                format!(
                    "cannot change parallelism for a Job referencing gang-scheduled PodGroup {name:?}"
                ),
            )),
            None => Ok(()),
        }
    }
}

fn is_controlled_by(object: &Value, uid: &str) -> bool {
    let owners = &object["metadata"]["ownerReferences"];
    items(owners).any(|owner| owner["controller"] == true && owner["uid"] == uid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::{Case, cluster};

    #[tokio::test]
    async fn a_group_is_held_until_its_pods_are_gone() {
        let case = Case::new(protection, &cluster(), GROUP, "podgroups");
        let mut group = json!({"metadata": {"name": "g"}});
        for _ in 0..2 {
            case.create("ns", &mut group).await.expect("admitted");
        }
        assert_eq!(group["metadata"]["finalizers"], json!([FINALIZER]));
    }

    #[tokio::test]
    async fn a_group_is_made_of_a_template_that_there_is() {
        let cluster = cluster();
        let templates = json!([{"name": "t"}]);
        let workload = |name: &str, gone: bool| {
            let mut metadata = json!({"name": name, "namespace": "ns"});
            if gone {
                metadata["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
            }
            json!({"metadata": metadata, "spec": {"podGroupTemplates": templates}})
        };
        cluster.put(GROUP, "workloads", workload("w", false));
        cluster.put(GROUP, "workloads", workload("gone", true));
        let case = Case::new(workload_exists, &cluster, GROUP, "podgroups");
        for (workload, template, why) in [
            ("w", "t", None),
            ("w", "u", Some("PodGroupTemplate \"u\" not found in Workload \"w\"")),
            ("gone", "t", Some("Workload \"gone\" is being deleted")),
            ("none", "t", Some("Workload \"none\" not found")),
        ] {
            let named = json!({"workloadName": workload, "podGroupTemplateName": template});
            let spec = json!({"podGroupTemplateRef": {"workload": named}});
            let mut group = json!({"metadata": {"name": "g"}, "spec": spec});
            let told = case.create("ns", &mut group).await.err().map(|error| error.message);
            let why = why.map(|why| {
                format!("podgroups.scheduling.k8s.io \"g\" is forbidden: PodGroup rejected: {why}")
            });
            assert_eq!(told, why);
        }
        assert!(case.create("ns", &mut json!({"metadata": {"name": "g"}})).await.is_ok());
    }

    #[tokio::test]
    async fn a_gang_keeps_its_size() {
        let cluster = cluster();
        let owner = json!({"uid": "u", "controller": true});
        let policy = json!({"gang": {"minCount": 2}});
        cluster.put(
            GROUP,
            "podgroups",
            json!({
                "metadata": {"name": "g", "namespace": "ns", "ownerReferences": [owner]},
                "spec": {"schedulingPolicy": policy},
            }),
        );
        let case = Case::new(job_validation, &cluster, "batch", "jobs");
        let job = |uid: &str, size: u32, group: Value| {
            let template = json!({"spec": {"schedulingGroup": group}});
            let spec = json!({"parallelism": size, "template": template});
            json!({"metadata": {"name": "j", "uid": uid}, "spec": spec})
        };
        let named = json!({"podGroupName": "g"});
        for (old, new, allowed) in [
            (job("u", 2, Value::Null), job("u", 2, Value::Null), true),
            (job("u", 2, Value::Null), job("u", 3, Value::Null), false),
            (job("v", 2, Value::Null), job("v", 3, Value::Null), true),
            (job("v", 2, named.clone()), job("v", 3, named.clone()), false),
        ] {
            let outcome = case.update("ns", "j", &old, &mut new.clone()).await;
            assert_eq!(outcome.is_ok(), allowed, "{new}");
        }
    }
}
