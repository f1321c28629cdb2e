//! `componentstatuses`: the health of the other programs, asked for when it is read.
//!
//! Only whether they listen on this machine is looked at, not what their `/healthz` says. Mirrors
//! `pkg/registry/core/componentstatus`.

use crate::Api;
use crate::answer;
use crate::ask::Ask;
use crate::objects::Cached;
use axum::body::Body;
use http::{Response, StatusCode};
use object::{ApiError, GroupResource, Result, Value, json};
use std::time::Duration;
use tokio::net::TcpStream;

/// How long a component may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The components and the ports of their health.
const COMPONENTS: &[(&str, u16)] = &[("controller-manager", 10257), ("scheduler", 10259)];
const STORE: &str = "etcd-0";

pub(super) async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let mut items = Vec::new();
    for (name, port) in COMPONENTS {
        items.push(status(name, listens(*port).await));
    }
    let namespaces = GroupResource::new("", "namespaces");
    let asked = Cached(api.registry.cache.clone()).newest(&namespaces, "", "default").await;
    items.push(status(STORE, asked.map(drop).map_err(|error| error.to_string())));
    if ask.verb == "list" {
        for item in &mut items {
            if let Some(fields) = item.as_object_mut() {
                fields.remove("kind");
                fields.remove("apiVersion");
            }
        }
        let list = json!({
            "kind": "ComponentStatusList",
            "apiVersion": "v1",
            "metadata": {},
            "items": items,
        });
        return answer::value(ask, StatusCode::OK, &list);
    }
    let name = ask.resource.name.as_str();
    let found = items.into_iter().find(|item| item["metadata"]["name"] == name);
    let found = found
        .ok_or_else(|| ApiError::not_found(&GroupResource::new("", "componentstatus"), name))?;
    answer::value(ask, StatusCode::OK, &found)
}

fn status(name: &str, health: std::result::Result<(), String>) -> Value {
    let (status, message) = match health {
        Ok(()) => ("True", "ok".to_owned()),
        Err(why) => ("False", why),
    };
    json!({
        "kind": "ComponentStatus",
        "apiVersion": "v1",
        "metadata": {"name": name},
        "conditions": [{"type": "Healthy", "status": status, "message": message}],
    })
}

async fn listens(port: u16) -> std::result::Result<(), String> {
    let place = format!("127.0.0.1:{port}");
    let url = format!("Get \"https://{place}/healthz\": dial tcp {place}");
    match runtime::clock::timeout(PATIENCE, TcpStream::connect(&place)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            Err(format!("{url}: connect: connection refused"))
        }
        Ok(Err(error)) => Err(format!("{url}: connect: {error}")),
        Err(_) => Err(format!("{url}: i/o timeout")),
    }
}
