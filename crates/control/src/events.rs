//! Events: what a controller tells people about an object.
//!
//! Written by one task, never by the worker that has something to say: a full backlog drops.
//! A repetition counts up the event that is there, and of many that are alike one is made. Mirrors
//! `k8s.io/client-go/tools/record`: the same fields, the same form of name.

mod correlation;

use crate::limits::{EVENT_BACKLOG, EVENT_MEMORY};
use crate::{Action, execute};
use client::is_not_found;
use correlation::{COMBINED, Correlator, Verdict};
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::api::events;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, Time};
use kube::{Client, Resource};
use runtime::Shutdown;
use runtime::clock::{self, Timestamp};
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use tokio::sync::mpsc;

/// Whether an event tells of the usual or of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventType {
    /// `Normal`.
    Normal,
    /// `Warning`.
    Warning,
}

impl EventType {
    fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

/// Tells about objects, in the name of one component. Clones share the backlog.
#[derive(Clone, Debug)]
pub struct Recorder {
    component: Arc<str>,
    sender: mpsc::Sender<Told>,
}

#[derive(Clone, Debug)]
struct Told {
    component: Arc<str>,
    about: ObjectReference,
    kind: EventType,
    reason: String,
    message: String,
    /// Set for an event of the newer API, which says what was being done.
    action: Option<&'static str>,
    /// On whose behalf, where that is another object.
    related: Option<ObjectReference>,
    at: Timestamp,
}

impl Recorder {
    /// A recorder for `component`, whose events `client` writes until `shutdown` begins.
    pub fn new(client: Client, component: &'static str, shutdown: &Shutdown) -> Self {
        let (sender, receiver) = mpsc::channel(EVENT_BACKLOG);
        shutdown.spawn_until_begun("events", write_all(client, receiver));
        Self { component: component.into(), sender }
    }

    /// The same backlog under another component's name.
    pub fn named(&self, component: &str) -> Self {
        Self { component: component.into(), sender: self.sender.clone() }
    }

    /// Tells `message` about `object`; `reason` is one word in CamelCase.
    pub fn tell<K: Resource<DynamicType = ()>>(
        &self,
        object: &K,
        kind: EventType,
        reason: &str,
        message: impl Into<String>,
    ) {
        self.tell_about(reference(object), kind, reason, message);
    }

    /// Tells `message` about what `about` names.
    pub fn tell_about(
        &self,
        about: ObjectReference,
        kind: EventType,
        reason: &str,
        message: impl Into<String>,
    ) {
        self.send(about, None, kind, reason, None, message.into());
    }

    /// Tells `message` about `object` through `events.k8s.io/v1`: `action` says what was being
    /// done, as the scheduler's events have it.
    pub fn tell_doing<K: Resource<DynamicType = ()>>(
        &self,
        object: &K,
        kind: EventType,
        reason: &str,
        action: &'static str,
        message: impl Into<String>,
    ) {
        self.send(reference(object), None, kind, reason, Some(action), message.into());
    }

    /// The same, of what is done to `object` on behalf of `related`.
    pub fn tell_doing_for<K: Resource<DynamicType = ()>, R: Resource<DynamicType = ()>>(
        &self,
        object: &K,
        related: &R,
        kind: EventType,
        reason: &str,
        action: &'static str,
        message: impl Into<String>,
    ) {
        let related = Some(reference(related));
        self.send(reference(object), related, kind, reason, Some(action), message.into());
    }

    fn send(
        &self,
        about: ObjectReference,
        related: Option<ObjectReference>,
        kind: EventType,
        reason: &str,
        action: Option<&'static str>,
        message: String,
    ) {
        let told = Told {
            component: self.component.clone(),
            about,
            kind,
            reason: reason.into(),
            message,
            action,
            related,
            at: clock::now(),
        };
        if self.sender.try_send(told).is_err() {
            tracing::warn!(component = &*self.component, "too many events wait, one is dropped");
        }
    }
}

/// A full reference to `object`, as events have it.
pub fn reference<K: Resource<DynamicType = ()>>(object: &K) -> ObjectReference {
    let meta = object.meta();
    ObjectReference {
        api_version: Some(K::api_version(&()).into_owned()),
        kind: Some(K::kind(&()).into_owned()),
        name: meta.name.clone(),
        namespace: meta.namespace.clone(),
        uid: meta.uid.clone(),
        resource_version: meta.resource_version.clone(),
        field_path: None,
    }
}

#[derive(PartialEq, Eq, Hash)]
struct Sameness {
    component: Arc<str>,
    uid: Option<String>,
    name: Option<String>,
    kind: EventType,
    reason: String,
    /// None for the one that stands for many.
    message: Option<String>,
}

struct Written {
    path: String,
    count: i32,
}

async fn write_all(client: Client, mut receiver: mpsc::Receiver<Told>) {
    let mut memory: HashMap<Sameness, Written> = HashMap::new();
    let mut correlator = Correlator::default();
    while let Some(mut told) = receiver.recv().await {
        if memory.len() >= EVENT_MEMORY {
            memory.clear();
        }
        // Those of the newer API are not correlated but by their series.
        let verdict = match told.action {
            None => correlator.judge(&told, clock::monotonic()),
            Some(_) => Verdict::Alone,
        };
        let is_combined = verdict == Verdict::Combined;
        if is_combined {
            told.message.insert_str(0, COMBINED);
        }
        let sameness = Sameness {
            component: told.component.clone(),
            uid: told.about.uid.clone(),
            name: told.about.name.clone(),
            kind: told.kind,
            reason: told.reason.clone(),
            message: Some(told.message.clone()).filter(|_| !is_combined),
        };
        let mut known = memory.get_mut(&sameness);
        if let Some(written) = &mut known {
            written.count += 1;
        }
        if verdict == Verdict::Unheard {
            continue;
        }
        if let Some(written) = known {
            match count_up(&client, written, &told).await {
                Err(error) if is_not_found(&error) => {}
                Err(error) => {
                    tracing::debug!(%error, "an event was not counted up");
                    continue;
                }
                Ok(()) => continue,
            }
        }
        let action = match told.action {
            None => Action::create(&first(&told)),
            Some(action) => first_doing(&told, action),
        };
        let Action::Create { path, body } = &action else { continue };
        let name = body["metadata"]["name"].as_str().unwrap_or_default();
        let path = format!("{path}/{name}");
        match execute(&client, &action).await {
            Ok(_) => {
                memory.insert(sameness, Written { path, count: 1 });
            }
            // An event that its namespace no longer takes is no loss.
            Err(error) => tracing::debug!(%error, "an event was not written"),
        }
    }
}

async fn count_up(client: &Client, written: &Written, told: &Told) -> Result<(), kube::Error> {
    let (count, at) = (written.count, told.at);
    let body = match told.action {
        None => json!({"count": count, "lastTimestamp": Time(at), "message": told.message}),
        Some(_) => json!({"series": {"count": count, "lastObservedTime": MicroTime(at)}}),
    };
    let action = Action::Patch { path: written.path.clone(), strategic: false, body };
    execute(client, &action).await.map(drop)
}

fn first(told: &Told) -> Event {
    let namespace = told.about.namespace.clone().unwrap_or_else(|| "default".into());
    let about = told.about.name.as_deref().unwrap_or_default();
    Event {
        metadata: ObjectMeta {
            name: Some(format!("{about}.{:x}", told.at.as_nanosecond())),
            namespace: Some(namespace),
            ..ObjectMeta::default()
        },
        involved_object: told.about.clone(),
        reason: Some(told.reason.clone()),
        message: Some(told.message.clone()),
        type_: Some(told.kind.as_str().into()),
        count: Some(1),
        first_timestamp: Some(Time(told.at)),
        last_timestamp: Some(Time(told.at)),
        source: Some(EventSource { component: Some(told.component.to_string()), host: None }),
        reporting_component: Some(told.component.to_string()),
        ..Event::default()
    }
}

fn first_doing(told: &Told, action: &'static str) -> Action {
    let old = first(told);
    let namespace = old.metadata.namespace.as_deref();
    let mut body = json!({
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": old.metadata,
        "eventTime": MicroTime(told.at),
        "reportingController": &*told.component,
        "reportingInstance": format!("{}-{}", told.component, host_name()),
        "action": action,
        "reason": told.reason,
        "regarding": told.about,
        "note": told.message,
        "type": told.kind.as_str(),
    });
    if let Some(related) = &told.related {
        body["related"] = json!(related);
    }
    Action::Create { path: events::v1::Event::url_path(&(), namespace), body }
}

fn host_name() -> &'static str {
    static NAME: LazyLock<String> = LazyLock::new(|| {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        name.trim().to_owned()
    });
    &NAME
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::Pod;

    #[test]
    fn an_event_names_who_tells() {
        let (sender, mut receiver) = mpsc::channel(8);
        let recorder = Recorder { component: "own".into(), sender };
        for (teller, name) in [(recorder.clone(), "own"), (recorder.named("batch"), "batch")] {
            teller.tell_doing(&Pod::default(), EventType::Normal, "Scheduled", "Binding", "done");
            let told = receiver.try_recv().expect("told");
            let Action::Create { body, .. } = first_doing(&told, "Binding") else {
                panic!("an event is created")
            };
            assert_eq!(body["reportingController"], name);
            let instance = body["reportingInstance"].as_str().expect("an instance");
            assert!(instance.starts_with(&format!("{name}-")), "{instance}");
            let old = first(&told);
            assert_eq!(old.reporting_component.as_deref(), Some(name));
            assert_eq!(old.source.and_then(|source| source.component).as_deref(), Some(name));
        }
    }
}
