//! Whether the priority level that a flow schema names is there, told in its status.
//!
//! Requests are not sorted by flow schemas here (see `seats`); `kubectl get flowschemas` shows this
//! condition as MISSINGPL all the same. Mirrors `presyncFlowSchemaStatus` of
//! `k8s.io/apiserver/pkg/util/flowcontrol`.

use crate::objects::Cached;
use crate::own::Own;
use auth::Objects;
use object::{GroupResource, Result, Value, json, meta};
use runtime::{Shutdown, clock};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

const GROUP: &str = "flowcontrol.apiserver.k8s.io";
const MANAGER: &str = "api-priority-and-fairness-config-consumer-v1";

/// The pause after a turn, in which more changes may come.
const PAUSE: Duration = Duration::from_millis(200);

/// Keeps the status of flow schemas up to date until the end.
pub(super) async fn run(own: Own, objects: Cached, shutdown: Shutdown) {
    let changed = Arc::new(Notify::new());
    for resource in ["flowschemas", "prioritylevelconfigurations"] {
        let changed = changed.clone();
        let watcher = Arc::new(move |_: &auth::Change| changed.notify_one());
        objects.watch(&GroupResource::new(GROUP, resource), watcher);
    }
    loop {
        tokio::select! {
            () = changed.notified() => {}
            () = shutdown.begun() => return,
        }
        if let Err(error) = turn(&own, &objects).await {
            tracing::warn!("the status of a flow schema was not written: {error}");
            clock::sleep(super::RETRY).await;
            changed.notify_one();
        }
        clock::sleep(PAUSE).await;
    }
}

async fn turn(own: &Own, objects: &Cached) -> Result<()> {
    let levels = GroupResource::new(GROUP, "prioritylevelconfigurations");
    let is_there = |name: &str| objects.get(&levels, "", name).is_some();
    let now = object::time::print(clock::now());
    for schema in objects.list(&GroupResource::new(GROUP, "flowschemas"), None) {
        if let Some(status) = plan(&schema, is_there, &now) {
            match own.apply_status(&status, MANAGER).await {
                Err(error) if error.is_not_found() => {}
                other => other?,
            }
        }
    }
    Ok(())
}

/// What is to be applied to the status of a flow schema; `None` where it is so already.
fn plan(schema: &Value, is_there: impl Fn(&str) -> bool, now: &str) -> Option<Value> {
    let level = schema["spec"]["priorityLevelConfiguration"]["name"].as_str().unwrap_or_default();
    let begin = "This FlowSchema references the PriorityLevelConfiguration object named";
    let (status, reason, end) = if is_there(level) {
        ("False", "Found", "and it exists")
    } else {
        ("True", "NotFound", "but there is no such object")
    };
    let message = format!("{begin} {level:?} {end}");
    let before = schema["status"]["conditions"].as_array().into_iter().flatten();
    let before = before.into_iter().find(|condition| condition["type"] == "Dangling");
    let is_so = before.is_some_and(|condition| {
        condition["status"] == status
            && condition["reason"] == reason
            && condition["message"] == message.as_str()
    });
    (!is_so).then(|| {
        json!({
            "apiVersion": format!("{GROUP}/v1"),
            "kind": "FlowSchema",
            "metadata": {"name": meta::name(schema)},
            "status": {"conditions": [{
                "type": "Dangling",
                "status": status,
                "lastTransitionTime": now,
                "reason": reason,
                "message": message,
            }]},
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-01-01T00:00:00Z";

    #[test]
    fn a_level_that_is_missing_is_told_once() {
        let mut schema = json!({
            "metadata": {"name": "a"},
            "spec": {"priorityLevelConfiguration": {"name": "high"}},
        });
        for (there, status, reason) in [(true, "False", "Found"), (false, "True", "NotFound")] {
            let told = plan(&schema, |level| there && level == "high", NOW).expect("a change");
            let condition = &told["status"]["conditions"][0];
            assert_eq!(
                (&condition["status"], &condition["reason"]),
                (&json!(status), &json!(reason))
            );
            schema["status"] = told["status"].clone();
            assert_eq!(plan(&schema, |_| there, NOW), None);
        }
        let message = "This FlowSchema references the PriorityLevelConfiguration object named \
                       \"high\" but there is no such object";
        assert_eq!(schema["status"]["conditions"][0]["message"], message);
    }
}
