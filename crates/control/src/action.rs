//! What a plan asks for: a write to the API server, as data, and its execution.
//!
//! A plan is compared in tests as a list of these. Each is safe to execute twice: a create of
//! what is there, and a delete of what is gone, count as done; an update carries the resource
//! version that it was planned on.

use client::{is_exists, is_not_found};
use futures::future::{BoxFuture, join_all};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Client, Error, Resource};
use serde::Serialize;
use serde_json::{Value, json};

use crate::limits::FIRST_BATCH;

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// POST `body` to the collection `path`.
    Create {
        /// The collection.
        path: String,
        /// The object.
        body: Value,
    },
    /// PUT `body` to `path`: an object or one of its subresources.
    Update {
        /// The object.
        path: String,
        /// Its whole new state, with the resource version that it was read at.
        body: Value,
    },
    /// PATCH `path`, as a JSON merge patch or a strategic one.
    Patch {
        /// The object.
        path: String,
        /// Whether lists merge by their keys.
        strategic: bool,
        /// The patch.
        body: Value,
    },
    /// Server-side apply `body` to `path`, in the name of `manager`, against whoever disagrees.
    Apply {
        /// The object.
        path: String,
        /// The field manager.
        manager: &'static str,
        /// The fields that are wanted.
        body: Value,
    },
    /// DELETE `path`.
    Delete {
        /// The object.
        path: String,
        /// DeleteOptions: preconditions, propagation, grace.
        options: Value,
    },
}

impl Action {
    /// Makes `object`.
    pub fn create<K>(object: &K) -> Self
    where
        K: Resource<DynamicType = ()> + Serialize,
    {
        Self::Create {
            path: K::url_path(&(), object.meta().namespace.as_deref()),
            body: to_value(object),
        }
    }

    /// Replaces `object`, status aside.
    pub fn update<K>(object: &K) -> Self
    where
        K: Resource<DynamicType = ()> + Serialize,
    {
        Self::Update { path: path_of(object, ""), body: to_value(object) }
    }

    /// Replaces the status of `object`.
    pub fn update_status<K>(object: &K) -> Self
    where
        K: Resource<DynamicType = ()> + Serialize,
    {
        Self::Update { path: path_of(object, "/status"), body: to_value(object) }
    }

    /// Merges `body` into `object`.
    pub fn patch<K: Resource<DynamicType = ()>>(object: &K, body: Value) -> Self {
        Self::Patch { path: path_of(object, ""), strategic: false, body }
    }

    /// Merges `body` into `object`, lists by their keys.
    pub fn patch_strategic<K: Resource<DynamicType = ()>>(object: &K, body: Value) -> Self {
        Self::Patch { path: path_of(object, ""), strategic: true, body }
    }

    /// Merges `body` into the status of `object`, lists by their keys.
    pub fn patch_status<K: Resource<DynamicType = ()>>(object: &K, body: Value) -> Self {
        Self::Patch { path: path_of(object, "/status"), strategic: true, body }
    }

    /// Deletes `object` and no other of its name, in the background.
    pub fn delete<K: Resource<DynamicType = ()>>(object: &K) -> Self {
        Self::delete_at(path_of(object, ""), object.meta().uid.as_deref().unwrap_or_default())
    }

    fn delete_at(path: String, uid: &str) -> Self {
        let options = json!({"preconditions": {"uid": uid}, "propagationPolicy": "Background"});
        Self::Delete { path, options }
    }

    /// The request's method and path, for messages.
    pub fn describe(&self) -> String {
        match self {
            Self::Create { path, .. } => format!("POST {path}"),
            Self::Update { path, .. } => format!("PUT {path}"),
            Self::Patch { path, .. } => format!("PATCH {path}"),
            Self::Apply { path, .. } => format!("APPLY {path}"),
            Self::Delete { path, .. } => format!("DELETE {path}"),
        }
    }

    fn request(&self) -> Result<http::Request<Vec<u8>>, Error> {
        let applied;
        let (method, path, content, body) = match self {
            Self::Apply { path, manager, body } => {
                applied = format!("{path}?fieldManager={manager}&force=true");
                ("PATCH", &applied, "application/apply-patch+yaml", body)
            }
            Self::Create { path, body } => ("POST", path, "application/json", body),
            Self::Update { path, body } => ("PUT", path, "application/json", body),
            Self::Patch { path, body, strategic: false } => {
                ("PATCH", path, "application/merge-patch+json", body)
            }
            Self::Patch { path, body, strategic: true } => {
                ("PATCH", path, "application/strategic-merge-patch+json", body)
            }
            Self::Delete { path, options } => ("DELETE", path, "application/json", options),
        };
        http::Request::builder()
            .method(method)
            .uri(path)
            .header(http::header::CONTENT_TYPE, content)
            .header(http::header::ACCEPT, "application/json")
            .body(serde_json::to_vec(body).map_err(Error::SerdeError)?)
            .map_err(Error::HttpError)
    }
}

/// The path of `object`, with `suffix` (`"/status"`) behind it.
pub(crate) fn path_of<K: Resource<DynamicType = ()>>(object: &K, suffix: &str) -> String {
    let meta = object.meta();
    path_in(&K::url_path(&(), meta.namespace.as_deref()), meta, suffix)
}

fn path_in(collection: &str, meta: &ObjectMeta, suffix: &str) -> String {
    format!("{collection}/{}{suffix}", meta.name.as_deref().unwrap_or_default())
}

/// `object` as JSON with its apiVersion and kind.
fn to_value<K: Resource<DynamicType = ()> + Serialize>(object: &K) -> Value {
    let value = serde_json::to_value(object).expect("API types are trees of plain JSON");
    named(value, &K::api_version(&()), &K::kind(&()))
}

fn named(mut value: Value, api_version: &str, kind: &str) -> Value {
    value["apiVersion"] = api_version.into();
    value["kind"] = kind.into();
    value
}

/// Executes `action`. The object that the server answered with is given back, where there is one.
///
/// # Errors
/// The server's answer, but for "already exists" to a create with a name and "not found" to a
/// delete: those are given back as `None`.
pub fn execute<'a>(
    client: &'a Client,
    action: &'a Action,
) -> BoxFuture<'a, Result<Option<Value>, Error>> {
    // Boxed, so that it is not a part of each controller's future.
    Box::pin(ask(client, action))
}

async fn ask(client: &Client, action: &Action) -> Result<Option<Value>, Error> {
    tracing::debug!(action = action.describe(), "executing");
    match client.request::<Value>(action.request()?).await {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(action, Action::Delete { .. }) && is_not_found(&error) => Ok(None),
        Err(error) if is_named_create(action) && is_exists(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_named_create(action: &Action) -> bool {
    matches!(action, Action::Create { body, .. } if body["metadata"]["name"].is_string())
}

/// Executes `actions` side by side, first one, then twice as many each time; when a batch has an
/// error, the rest is left out. Mirrors upstream's `slowStartBatch`, so that what can't work (a
/// quota, an admission plugin) is asked for once, not a thousand times.
pub async fn execute_all(
    client: &Client,
    actions: &[Action],
) -> (Vec<Option<Value>>, Option<Error>) {
    let mut done = Vec::with_capacity(actions.len());
    let (mut rest, mut size) = (actions, FIRST_BATCH);
    while !rest.is_empty() {
        let (batch, later) = rest.split_at(size.min(rest.len()));
        let mut failed = None;
        for result in join_all(batch.iter().map(|action| execute(client, action))).await {
            match result {
                Ok(value) => done.push(value),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        if failed.is_some() {
            return (done, failed);
        }
        (rest, size) = (later, size * 2);
    }
    (done, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::{Node, Pod};

    #[test]
    fn paths_and_bodies_are_those_of_the_api() {
        let mut pod = Pod::default();
        pod.metadata.name = Some("p".into());
        pod.metadata.namespace = Some("ns".into());
        pod.metadata.uid = Some("u".into());
        assert_eq!(Action::create(&pod).describe(), "POST /api/v1/namespaces/ns/pods");
        let status = Action::update_status(&pod);
        assert_eq!(status.describe(), "PUT /api/v1/namespaces/ns/pods/p/status");
        let Action::Update { body, .. } = status else { panic!("an update") };
        assert_eq!((&body["kind"], &body["apiVersion"]), (&json!("Pod"), &json!("v1")));
        let Action::Delete { options, .. } = Action::delete(&pod) else { panic!("a delete") };
        assert_eq!(options["preconditions"]["uid"], "u");
        let mut node = Node::default();
        node.metadata.name = Some("n".into());
        assert_eq!(Action::patch(&node, json!({})).describe(), "PATCH /api/v1/nodes/n");
    }
}
