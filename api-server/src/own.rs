//! The server as its own client: what it writes passes the same stages as everything else. What is
//! switched off (`--runtime-config`) it does not write; upstream leaves out the hooks of such groups.

use crate::in_process::InProcess;
use auth::UserInfo;
use axum::body::Body;
use http::{Method, Request, header};
use http_body_util::BodyExt;
use kinds::Kind;
use object::{ApiError, GroupVersion, Reason, Result, Value, meta};
use std::sync::Arc;
use tower::ServiceExt;

/// The server as a client of itself, as `system:apiserver`.
#[derive(Clone, Debug)]
pub(crate) struct Own(InProcess);

impl Own {
    pub(crate) fn new(api: Arc<crate::Api>) -> Self {
        Self(InProcess::new(api, UserInfo::apiserver()))
    }

    /// Whether objects of a kind are served, and so written here.
    pub(crate) fn serves(&self, api_version: &str, kind: &str) -> bool {
        self.served(api_version, kind).is_some()
    }

    /// Creates an object; one that is there already is left as it is.
    pub(crate) async fn ensure(&self, object: &Value) -> Result<()> {
        let Some(kind) = self.kind_of(object) else { return Ok(()) };
        match self.send(Method::POST, &path(kind, object, false), Some(object)).await {
            Err(error) if error.reason == Reason::AlreadyExists => Ok(()),
            other => other.map(drop),
        }
    }

    /// Writes an object over the one that is there.
    pub(crate) async fn replace(&self, object: &Value) -> Result<()> {
        let Some(kind) = self.kind_of(object) else { return Ok(()) };
        self.send(Method::PUT, &path(kind, object, true), Some(object)).await.map(drop)
    }

    /// Removes an object; one that is not there is no error.
    pub(crate) async fn remove(&self, object: &Value) -> Result<()> {
        let Some(kind) = self.kind_of(object) else { return Ok(()) };
        match self.send(Method::DELETE, &path(kind, object, true), None).await {
            Err(error) if error.is_not_found() => Ok(()),
            other => other.map(drop),
        }
    }

    /// Applies to the status of an object, in the name of this field manager.
    pub(crate) async fn apply_status(&self, object: &Value, manager: &str) -> Result<()> {
        let Some(kind) = self.kind_of(object) else { return Ok(()) };
        let path = path(kind, object, true);
        let path = format!("{path}/status?fieldManager={manager}&force=true");
        self.send_as(Method::PATCH, &path, Some(object), "application/apply-patch+yaml")
            .await
            .map(drop)
    }

    fn kind_of(&self, object: &Value) -> Option<&'static Kind> {
        let text = |field: &str| object[field].as_str().unwrap_or_default();
        self.served(text("apiVersion"), text("kind"))
    }

    fn served(&self, api_version: &str, kind: &str) -> Option<&'static Kind> {
        let at = GroupVersion::parse(api_version)?;
        self.0.api().served.find_kind(&at.group, &at.version, kind)
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        self.send_as(method, path, body, "application/json").await
    }

    async fn send_as(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        content_type: &'static str,
    ) -> Result<Value> {
        let bytes = body.map(codec::encode_json_free).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, content_type)
            .header(header::USER_AGENT, "kube-apiserver")
            .body(Body::from(bytes))
            .map_err(ApiError::internal)?;
        let response = match self.0.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status();
        let body = response.into_body().collect().await.map_err(ApiError::internal)?.to_bytes();
        let answer: Value = serde_json::from_slice(&body).map_err(ApiError::internal)?;
        if status.is_success() {
            return Ok(answer);
        }
        let message = answer["message"].as_str().unwrap_or_default();
        let reason = match answer["reason"].as_str().unwrap_or_default() {
            "AlreadyExists" => Reason::AlreadyExists,
            "NotFound" => Reason::NotFound,
            "Conflict" => Reason::Conflict,
            _ => Reason::Unknown,
        };
        Err(ApiError::new(status.as_u16(), reason, message))
    }
}

fn path(kind: &Kind, object: &Value, named: bool) -> String {
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let mut path = if kind.group.is_empty() { "/api/".to_owned() } else { "/apis/".to_owned() };
    path.push_str(version);
    if kind.namespaced {
        path.push_str(&format!("/namespaces/{}", meta::namespace(object)));
    }
    path.push_str(&format!("/{}", kind.plural));
    if named {
        path.push_str(&format!("/{}", meta::name(object)));
    }
    path
}
