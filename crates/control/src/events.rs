//! Events: what a controller tells people about an object.
//!
//! Written by one task, never by the worker that has something to say: a full backlog drops.
//! A repetition counts up the event that is there. Mirrors `k8s.io/client-go/tools/record`: the
//! same fields, the same form of name; of its correlation only the counting of equal events.

use crate::limits::{EVENT_BACKLOG, EVENT_MEMORY};
use client::is_not_found;
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource};
use runtime::Shutdown;
use runtime::clock::{self, Timestamp};
use serde_json::json;
use std::collections::HashMap;
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
    component: &'static str,
    sender: mpsc::Sender<Told>,
}

#[derive(Clone, Debug)]
struct Told {
    component: &'static str,
    about: ObjectReference,
    kind: EventType,
    reason: String,
    message: String,
    at: Timestamp,
}

impl Recorder {
    /// A recorder for `component`, whose events `client` writes until `shutdown` begins.
    pub fn new(client: Client, component: &'static str, shutdown: &Shutdown) -> Self {
        let (sender, receiver) = mpsc::channel(EVENT_BACKLOG);
        shutdown.spawn_until_begun("events", write_all(client, receiver));
        Self { component, sender }
    }

    /// The same backlog under another component's name.
    pub fn named(&self, component: &'static str) -> Self {
        Self { component, sender: self.sender.clone() }
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
        let told = Told {
            component: self.component,
            about,
            kind,
            reason: reason.into(),
            message: message.into(),
            at: clock::now(),
        };
        if self.sender.try_send(told).is_err() {
            tracing::warn!(component = self.component, "too many events wait, one is dropped");
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
    component: &'static str,
    uid: Option<String>,
    name: Option<String>,
    kind: EventType,
    reason: String,
    message: String,
}

struct Written {
    name: String,
    namespace: String,
    count: i32,
}

async fn write_all(client: Client, mut receiver: mpsc::Receiver<Told>) {
    let mut memory: HashMap<Sameness, Written> = HashMap::new();
    while let Some(told) = receiver.recv().await {
        if memory.len() >= EVENT_MEMORY {
            memory.clear();
        }
        let sameness = Sameness {
            component: told.component,
            uid: told.about.uid.clone(),
            name: told.about.name.clone(),
            kind: told.kind,
            reason: told.reason.clone(),
            message: told.message.clone(),
        };
        if let Some(written) = memory.get_mut(&sameness) {
            written.count += 1;
            match count_up(&client, written, told.at).await {
                Err(error) if is_not_found(&error) => {}
                Err(error) => {
                    tracing::debug!(%error, "an event was not counted up");
                    continue;
                }
                Ok(()) => continue,
            }
        }
        let event = first(&told);
        let namespace = event.metadata.namespace.clone().unwrap_or_default();
        let api: Api<Event> = Api::namespaced(client.clone(), &namespace);
        match api.create(&PostParams::default(), &event).await {
            Ok(_) => {
                let name = event.metadata.name.unwrap_or_default();
                memory.insert(sameness, Written { name, namespace, count: 1 });
            }
            // An event that its namespace no longer takes is no loss.
            Err(error) => tracing::debug!(%error, "an event was not written"),
        }
    }
}

async fn count_up(client: &Client, written: &Written, at: Timestamp) -> Result<(), kube::Error> {
    let api: Api<Event> = Api::namespaced(client.clone(), &written.namespace);
    let patch = json!({"count": written.count, "lastTimestamp": Time(at)});
    api.patch(&written.name, &PatchParams::default(), &Patch::Merge(patch)).await.map(drop)
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
        source: Some(EventSource { component: Some(told.component.into()), host: None }),
        reporting_component: Some(told.component.into()),
        ..Event::default()
    }
}
