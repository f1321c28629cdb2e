//! One of the two servers: it is asked, and what it said last is remembered for the next request.

use super::answer;
use super::connection::{Answer, Connection};
use super::exchange::Exchange;
use crate::upstream::ControlPlane;
use anyhow::{Context, Result};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use object::{Gvk, Value};
use schema::builtin;

/// One of the two servers.
pub(super) struct Side {
    connection: Connection,
    object: Value,
    object_text: String,
    list_version: String,
    next: String,
    token: String,
}

impl Side {
    /// Asks this control plane's API server, as its admin.
    pub(super) fn new(plane: &ControlPlane) -> Result<Self> {
        Ok(Self {
            connection: Connection::new(&plane.url())?,
            object: Value::Null,
            object_text: String::new(),
            list_version: String::new(),
            next: String::new(),
            token: String::new(),
        })
    }

    /// Forgets the last object.
    pub(super) fn forget(&mut self) {
        self.object = Value::Null;
        self.object_text.clear();
    }

    /// The answer as text, without what differs from run to run.
    pub(super) async fn ask(&mut self, exchange: &Exchange) -> Result<String> {
        let body = self.body(exchange)?;
        let mut request =
            Request::builder().method(exchange.method.as_str()).uri(self.fill(&exchange.path));
        let has = |name: &str| exchange.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        for (name, value) in &exchange.headers {
            if !value.is_empty() {
                request = request.header(name, self.fill(value));
            }
        }
        if !has("authorization") {
            let token = format!("Bearer {}", ControlPlane::ADMIN_TOKEN);
            request = request.header("authorization", token);
        }
        if !has("user-agent") {
            request = request.header("user-agent", "compare/1.0");
        }
        if !body.is_empty() && !has("content-type") {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(Full::new(body)).context("not a request")?;
        let answer = self.connection.send(request).await?;
        self.remember(&answer);
        Ok(answer::text(&answer))
    }

    fn remember(&mut self, answer: &Answer) {
        if !answer.status.is_success() {
            return;
        }
        let Ok(value) = serde_json::from_slice::<Value>(&answer.body) else { return };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if let Some(token) = value["status"]["token"].as_str() {
            token.clone_into(&mut self.token);
        }
        if value.get("items").is_some() || value.get("rows").is_some() {
            self.list_version = text(&value["metadata"]["resourceVersion"]);
            self.next = text(&value["metadata"]["continue"]);
        } else if value["metadata"]["uid"].is_string() && value["kind"] != "PartialObjectMetadata" {
            self.object_text = String::from_utf8_lossy(&answer.body).into_owned();
            self.object = value;
        }
    }

    fn fill(&self, text: &str) -> String {
        let metadata = &self.object["metadata"];
        let of = |field: &str| metadata[field].as_str().unwrap_or_default().to_owned();
        text.replace("$object", &self.object_text)
            .replace("$listrv", &self.list_version)
            .replace("$continue", &self.next)
            .replace("$rv", &of("resourceVersion"))
            .replace("$token", &self.token)
            .replace("$uid", &of("uid"))
    }

    fn body(&self, exchange: &Exchange) -> Result<Bytes> {
        let text = self.fill(&exchange.body);
        if let Some(changes) = text.strip_prefix("!edit ") {
            let mut object = self.object.clone();
            merge(&mut object, &serde_json::from_str(changes).context(text.clone())?);
            return Ok(object.to_string().into());
        }
        if let Some(object) = text.strip_prefix("!proto ") {
            return Ok(protobuf(&serde_json::from_str(object)?)?.into());
        }
        Ok(text.into())
    }
}

/// RFC 7386.
fn merge(target: &mut Value, changes: &Value) {
    let Value::Object(changes) = changes else {
        *target = changes.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(object::Map::new());
    }
    for (field, change) in changes {
        if change.is_null() {
            if let Some(fields) = target.as_object_mut() {
                fields.remove(field);
            }
        } else {
            merge(&mut target[field], change);
        }
    }
}

/// An object as a client in Go would send it.
fn protobuf(object: &Value) -> Result<Vec<u8>> {
    let version = object["apiVersion"].as_str().context("no apiVersion")?;
    let kind = object["kind"].as_str().context("no kind")?;
    let group_version = object::GroupVersion::parse(version).context("no version")?;
    let gvk = Gvk::new(group_version.group, group_version.version, kind.to_owned());
    let root = builtin().root(&gvk).with_context(|| format!("no type {gvk}"))?;
    let raw = codec::encode_proto(builtin(), root, object)?;
    Ok(codec::envelope::write(version, kind, &raw))
}
