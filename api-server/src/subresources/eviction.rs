//! `pods/eviction`: a deletion that a PodDisruptionBudget may put off.
//!
//! Mirrors `pkg/registry/core/pod/storage/eviction.go`.

use crate::ask::Ask;
use crate::objects::Cached;
use crate::{Api, answer, body};
use auth::Objects;
use axum::body::Body;
use http::{Response, StatusCode};
use object::{ApiError, Cause, GroupResource, Gvk, Result, Selector, Value, json, meta};
use registry::{Call, DeleteOptions, Target};
use std::sync::Arc;

/// How often a lost race is run again.
const ATTEMPTS: usize = 20;
/// How many pods may be on their way out with nobody having seen them go (upstream's number).
const DISRUPTED_PODS_MAX: usize = 2000;
const PUT_OFF: &str = "Cannot evict pod as it would violate the pod's disruption budget.";
const RETRY_SECONDS: u32 = 10;

pub(super) async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let mut eviction = body::object(ask, &spoken(ask))?;
    body::check_namespace(ask, &eviction)?;
    let name = ask.resource.name.as_str();
    let names_it = |eviction: &mut Value| match meta::name(eviction) == name {
        true => Ok(()),
        false => Err(ApiError::bad_request("name in URL does not match name in Eviction object")),
    };
    let call = ask.call(false)?;
    api.registry.pass(&call, &ask.target(), &mut eviction, &names_it).await?;
    ask.keep_warnings(&call);
    let options = crate::verbs::meant_options(&eviction["deleteOptions"])?;
    let mut call = ask.call(false)?;
    call.dry_run |=
        eviction["deleteOptions"]["dryRun"].as_array().is_some_and(|list| !list.is_empty());
    let done = evict(&Work { api, ask, call: &call, options: &options }).await?;
    answer::value(ask, StatusCode::CREATED, &done)
}

/// Old clients speak `policy/v1beta1` here, which is gone everywhere else.
fn spoken(ask: &Ask) -> Gvk {
    let said = serde_json::from_slice::<Value>(&ask.body).unwrap_or_default();
    let version = if said["apiVersion"] == "policy/v1beta1" { "v1beta1" } else { "v1" };
    Gvk::new("policy", version, "Eviction")
}

struct Work<'a> {
    api: &'a Api,
    ask: &'a Ask,
    call: &'a Call<'a>,
    options: &'a DeleteOptions,
}

async fn evict(work: &Work<'_>) -> Result<Value> {
    let success = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    let insists = work.options.resource_version.is_some();
    let mut pod = work.pod().await?;
    for _ in 0..ATTEMPTS {
        if !is_free(&pod) {
            break;
        }
        let version =
            (!insists && is_guarded(&pod)).then(|| meta::resource_version(&pod).to_owned());
        match work.delete(version).await {
            Err(error) if error.is_conflict() && !insists => pod = work.pod().await?,
            outcome => return outcome.map(|()| success),
        }
    }
    let Some(budget) = work.budget(&pod)? else {
        return work.delete(None).await.map(|()| success);
    };
    let budget_name = meta::name(&budget).to_owned();
    if !is_ready(&pod) && gives_up_unready(&budget) {
        // It does not count, as long as it stays what it is now.
        let version = meta::resource_version(&pod).to_owned();
        return match work.delete(Some(version)).await {
            Err(error) if error.is_conflict() && !insists => Err(still_processed(&budget_name)),
            outcome => outcome.map(|()| success),
        };
    }
    work.charge(&budget_name, meta::name(&pod)).await?;
    work.delete(None).await.map(|()| success)
}

impl Work<'_> {
    async fn pod(&self) -> Result<Arc<Value>> {
        let objects = Cached(self.api.registry.cache.clone());
        let (namespace, name) = (&self.ask.resource.namespace, &self.ask.resource.name);
        objects.need(&GroupResource::new("", "pods"), namespace, name).await
    }

    /// The one budget that guards a pod.
    fn budget(&self, pod: &Value) -> Result<Option<Arc<Value>>> {
        let objects = Cached(self.api.registry.cache.clone());
        let resource = GroupResource::new("policy", "poddisruptionbudgets");
        let mut guards = objects.list(&resource, Some(&self.ask.resource.namespace));
        guards.retain(|budget| {
            let selector = Selector::from_label_selector(&budget["spec"]["selector"]);
            selector.is_ok_and(|selector| selector.matches_object(pod))
        });
        if guards.len() > 1 {
            return Err(ApiError::new(
                500,
                object::Reason::Unknown,
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does \
                 not support.",
            ));
        }
        Ok(guards.pop())
    }

    /// Takes one disruption from a budget, which must have one left.
    async fn charge(&self, budget: &str, pod: &str) -> Result<()> {
        let kind = kinds::find("policy", "v1", "poddisruptionbudgets")
            .ok_or_else(ApiError::no_such_resource)?;
        let namespace = self.ask.resource.namespace.as_str();
        let target = Target { kind, subresource: "status", namespace, name: budget };
        let now = self.call.now.clone();
        let change = |live: Option<&Value>| live.map(|live| charged(live, pod, &now)).transpose();
        let mut call = self.ask.call(false)?;
        call.gvk = kind.gvk("v1");
        call.dry_run = self.call.dry_run;
        self.api.registry.update(&call, &target, &change).await.map(drop)
    }

    /// Says why the pod goes, then deletes it. `version`: only while it is this one.
    async fn delete(&self, version: Option<String>) -> Result<()> {
        let mut options = self.options.clone();
        options.resource_version = version.or(options.resource_version);
        if !self.call.dry_run {
            let target = Target { subresource: "status", ..self.ask.target() };
            let change = |live: Option<&Value>| {
                let Some(live) = live else { return Ok(None) };
                only_if(live, &options)?;
                Ok(Some(told(live, &self.call.now)))
            };
            let (item, _) = self.api.registry.update(self.call, &target, &change).await?;
            if options.resource_version.is_some() {
                options.resource_version = Some(item.revision.to_string());
            }
        }
        let target = Target { subresource: "", ..self.ask.target() };
        self.api.registry.delete(self.call, &target, &options).await.map(drop)
    }
}

/// Whether the pod does not run anything that a budget could guard.
fn is_free(pod: &Value) -> bool {
    let phase = pod["status"]["phase"].as_str().unwrap_or_default();
    matches!(phase, "Succeeded" | "Failed" | "Pending") || meta::deletion_timestamp(pod).is_some()
}

/// Whether it may still come to run something.
fn is_guarded(pod: &Value) -> bool {
    let phase = pod["status"]["phase"].as_str().unwrap_or_default();
    !matches!(phase, "Succeeded" | "Failed") && meta::deletion_timestamp(pod).is_none()
}

fn is_ready(pod: &Value) -> bool {
    condition(&pod["status"], "Ready").is_some_and(|found| found["status"] == "True")
}

fn condition<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    status["conditions"].as_array()?.iter().find(|condition| condition["type"] == kind)
}

fn gives_up_unready(budget: &Value) -> bool {
    let status = |field: &str| budget["status"][field].as_i64().unwrap_or_default();
    let healthy =
        status("currentHealthy") >= status("desiredHealthy") && status("desiredHealthy") > 0;
    budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow" || healthy
}

fn only_if(pod: &Value, options: &DeleteOptions) -> Result<()> {
    let refuse = |what: &str, wanted: &str, found: &str, fate: &str| {
        let why = format!(
            "the {what} in the precondition ({wanted}) does not match the {what} in record ({found}). The \
             object might have been {fate}"
        );
        Err(ApiError::conflict(&GroupResource::new("", "Pod"), meta::name(pod), why))
    };
    match (&options.uid, &options.resource_version) {
        (Some(uid), _) if uid != meta::uid(pod) => {
            refuse("UID", uid, meta::uid(pod), "deleted and then recreated")
        }
        (_, Some(version)) if version != meta::resource_version(pod) => {
            refuse("ResourceVersion", version, meta::resource_version(pod), "modified")
        }
        _ => Ok(()),
    }
}

/// The pod with the condition that says that it is evicted.
fn told(pod: &Value, now: &str) -> Value {
    let mut pod = pod.clone();
    let was = condition(&pod["status"], "DisruptionTarget").cloned().unwrap_or_default();
    let mut condition = json!({
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
        "lastTransitionTime": now,
    });
    if was["status"] == "True" {
        condition["lastTransitionTime"] = was["lastTransitionTime"].clone();
    }
    let list = meta::entry(&mut pod, "status").entry("conditions").or_insert_with(|| json!([]));
    if let Some(list) = list.as_array_mut() {
        match list.iter_mut().find(|known| known["type"] == "DisruptionTarget") {
            Some(known) => *known = condition,
            None => list.push(condition),
        }
    }
    pod
}

/// The budget with one disruption fewer, which this pod is.
fn charged(budget: &Value, pod: &str, now: &str) -> Result<Value> {
    let name = meta::name(budget);
    let status = &budget["status"];
    let number = |field: &str| status[field].as_i64().unwrap_or_default();
    if number("observedGeneration") < meta::generation(budget) {
        return Err(still_processed(name));
    }
    let resource = GroupResource::new("policy", "poddisruptionbudget");
    let allowed = number("disruptionsAllowed");
    if allowed < 0 {
        return Err(ApiError::forbidden(&resource, name, "pdb disruptions allowed is negative"));
    }
    let disrupted = status["disruptedPods"].as_object().map_or(0, |map| map.len());
    if disrupted > DISRUPTED_PODS_MAX {
        let why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller";
        return Err(ApiError::forbidden(&resource, name, why));
    }
    if allowed == 0 {
        return Err(put_off(0, none_left(budget)));
    }
    let mut charged = budget.clone();
    charged["status"]["disruptionsAllowed"] = (allowed - 1).into();
    charged["status"]["disruptedPods"][pod] = now.into();
    if allowed == 1 {
        set_exhausted(&mut charged, now);
    }
    Ok(charged)
}

fn set_exhausted(budget: &mut Value, now: &str) {
    let generation = budget["status"]["observedGeneration"].clone();
    let list = meta::entry(budget, "status").entry("conditions").or_insert_with(|| json!([]));
    let Some(list) = list.as_array_mut() else { return };
    let found = list.iter().position(|known| known["type"] == "DisruptionAllowed");
    let was = found.map(|place| list.remove(place)).unwrap_or_default();
    let since =
        if was["status"] == "False" { was["lastTransitionTime"].clone() } else { now.into() };
    list.insert(
        found.unwrap_or(list.len()),
        json!({
            "type": "DisruptionAllowed",
            "status": "False",
            "reason": "InsufficientPods",
            "message": "",
            "observedGeneration": generation,
            "lastTransitionTime": since,
        }),
    );
}

/// Why a budget has no disruption left.
fn none_left(budget: &Value) -> String {
    let (name, status) = (meta::name(budget), &budget["status"]);
    let number = |field: &str| status[field].as_i64().unwrap_or_default();
    let refused = condition(status, "DisruptionAllowed").filter(|found| {
        found["status"] == "False" && found["message"].as_str().is_some_and(|text| !text.is_empty())
    });
    let text = |found: &Value, field: &str| found[field].as_str().unwrap_or_default().to_owned();
    let plain = format!("The disruption budget {name} does not allow evicting pods currently");
    match refused {
        Some(found) if found["reason"] == "SyncFailed" => {
            format!("{plain} because it failed sync: {}", text(found, "message"))
        }
        _ if number("currentHealthy") <= number("desiredHealthy") => format!(
            "The disruption budget {name} needs {} healthy pods and has {} currently",
            number("desiredHealthy"),
            number("currentHealthy")
        ),
        Some(found) => format!("{plain} ({}): {}", text(found, "reason"), text(found, "message")),
        None => plain,
    }
}

fn still_processed(budget: &str) -> ApiError {
    put_off(
        RETRY_SECONDS,
        format!("The disruption budget {budget} is still being processed by the server."),
    )
}

fn put_off(retry_seconds: u32, why: String) -> ApiError {
    let mut error = ApiError::too_many_requests(PUT_OFF, retry_seconds);
    let cause = Cause { reason: "DisruptionBudget".to_owned(), message: why, field: String::new() };
    error.details.get_or_insert_default().causes.push(cause);
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(allowed: i64) -> Value {
        json!({"metadata": {"name": "b", "generation": 2}, "status": {"observedGeneration": 2,
            "disruptionsAllowed": allowed, "currentHealthy": 3, "desiredHealthy": 3}})
    }

    #[test]
    fn a_budget_is_charged_once_for_each_pod() {
        let once = charged(&budget(1), "web", "2026-01-01T00:00:00Z").expect("one was left");
        assert_eq!(once["status"]["disruptionsAllowed"], 0);
        assert_eq!(once["status"]["disruptedPods"]["web"], "2026-01-01T00:00:00Z");
        assert_eq!(
            condition(&once["status"], "DisruptionAllowed").expect("said")["reason"],
            "InsufficientPods"
        );
        let why = charged(&once, "other", "").expect_err("none is left");
        assert_eq!((why.code, why.to_string().as_str()), (429, PUT_OFF));
        let causes = why.to_status()["details"]["causes"].clone();
        assert_eq!(
            causes,
            json!([{"reason": "DisruptionBudget",
            "message": "The disruption budget b needs 3 healthy pods and has 3 currently"}])
        );
    }

    #[test]
    fn a_budget_that_is_not_yet_counted_puts_off() {
        let mut fresh = budget(5);
        fresh["metadata"]["generation"] = 3.into();
        let why = charged(&fresh, "web", "").expect_err("put off").to_status();
        assert_eq!(why["details"]["retryAfterSeconds"], 10);
    }

    #[test]
    fn what_runs_nothing_is_free() {
        let pod = |phase: &str| json!({"status": {"phase": phase}});
        assert!(is_free(&pod("Pending")) && is_free(&pod("Failed")) && !is_free(&pod("Running")));
        assert!(is_guarded(&pod("Pending")) && !is_guarded(&pod("Succeeded")));
    }
}
