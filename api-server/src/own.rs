//! The server as its own client: what it writes passes the same stages as everything else.

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

    /// Creates an object; one that is there already is left as it is.
    pub(crate) async fn ensure(&self, object: &Value) -> Result<()> {
        let kind = kind_of(object)?;
        match self.send(Method::POST, &path(kind, object, false), Some(object)).await {
            Err(error) if error.reason == Reason::AlreadyExists => Ok(()),
            other => other.map(drop),
        }
    }

    /// Writes an object over the one that is there.
    pub(crate) async fn replace(&self, object: &Value) -> Result<()> {
        let kind = kind_of(object)?;
        self.send(Method::PUT, &path(kind, object, true), Some(object)).await.map(drop)
    }

    /// Removes an object; one that is not there is no error.
    pub(crate) async fn remove(&self, object: &Value) -> Result<()> {
        let kind = kind_of(object)?;
        match self.send(Method::DELETE, &path(kind, object, true), None).await {
            Err(error) if error.is_not_found() => Ok(()),
            other => other.map(drop),
        }
    }

    /// Applies to the status of an object, in the name of this field manager.
    pub(crate) async fn apply_status(&self, object: &Value, manager: &str) -> Result<()> {
        let path = path(kind_of(object)?, object, true);
        let path = format!("{path}/status?fieldManager={manager}&force=true");
        self.send_as(Method::PATCH, &path, Some(object), "application/apply-patch+yaml")
            .await
            .map(drop)
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

fn kind_of(object: &Value) -> Result<&'static Kind> {
    let missing = || ApiError::internal(format!("no kind for {}", object["kind"]));
    let version = object["apiVersion"].as_str().and_then(GroupVersion::parse);
    let version = version.ok_or_else(missing)?;
    let is_it = |kind: &&&Kind| kind.group == version.group && object["kind"] == kind.kind;
    kinds::all().iter().find(is_it).copied().ok_or_else(missing)
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
