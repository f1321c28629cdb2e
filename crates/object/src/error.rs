//! What a client can be told: [`ApiError`], and the only table from it to `metav1.Status`.
//!
//! Mirrors `k8s.io/apimachinery/pkg/api/errors` and `pkg/util/validation/field`: the same
//! codes, reasons, details and sentences. Lower crates have small errors of their own; each
//! seam turns them into this one.

mod field;

pub use field::{FieldError, FieldErrorKind, FieldErrors};

use crate::quote::quoted;
use crate::{GroupKind, GroupResource};
use serde_json::{Map, Value, json};
use std::fmt;

/// The result of anything that a client may be told about.
pub type Result<T, E = ApiError> = std::result::Result<T, E>;

/// Why a request was refused: `metav1.StatusReason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants are upstream's words")]
pub enum Reason {
    Unknown,
    Unauthorized,
    Forbidden,
    NotFound,
    AlreadyExists,
    Conflict,
    Gone,
    Invalid,
    ServerTimeout,
    StoreReadError,
    Timeout,
    TooManyRequests,
    BadRequest,
    MethodNotAllowed,
    NotAcceptable,
    RequestEntityTooLarge,
    UnsupportedMediaType,
    InternalError,
    Expired,
    ServiceUnavailable,
}

impl Reason {
    /// The word in `status.reason`; empty for [`Reason::Unknown`], as upstream sends it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "NotFound",
            Self::AlreadyExists => "AlreadyExists",
            Self::Conflict => "Conflict",
            Self::Gone => "Gone",
            Self::Invalid => "Invalid",
            Self::ServerTimeout => "ServerTimeout",
            Self::StoreReadError => "StorageReadError",
            Self::Timeout => "Timeout",
            Self::TooManyRequests => "TooManyRequests",
            Self::BadRequest => "BadRequest",
            Self::MethodNotAllowed => "MethodNotAllowed",
            Self::NotAcceptable => "NotAcceptable",
            Self::RequestEntityTooLarge => "RequestEntityTooLarge",
            Self::UnsupportedMediaType => "UnsupportedMediaType",
            Self::InternalError => "InternalError",
            Self::Expired => "Expired",
            Self::ServiceUnavailable => "ServiceUnavailable",
        }
    }
}

/// One entry of `status.details.causes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The kind of cause, such as `FieldValueInvalid`.
    pub reason: String,
    /// What a person reads.
    pub message: String,
    /// The field's path, empty where no one field is at fault.
    pub field: String,
}

/// A refusal as the client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status code.
    pub code: u16,
    /// The machine-readable reason.
    pub reason: Reason,
    /// What a person reads.
    pub message: String,
    /// What the refusal is about; boxed, since most of the time there is none.
    pub details: Option<Box<Details>>,
    /// The token with which a list goes on, where it was begun too long ago to be consistent.
    pub continues: Option<Box<str>>,
}

/// `metav1.StatusDetails`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// The object's name.
    pub name: String,
    /// The API group.
    pub group: String,
    /// The resource, or the kind where upstream says the kind.
    pub kind: String,
    /// The object's UID.
    pub uid: String,
    /// Each single cause.
    pub causes: Vec<Cause>,
    /// When a retry may help, in seconds; 0 means not said.
    pub retry_after_seconds: u32,
}

impl ApiError {
    /// With a code, a reason and a message of one's own.
    pub fn new(code: u16, reason: Reason, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: None, continues: None }
    }

    fn about(mut self, resource: &GroupResource, name: &str) -> Self {
        let details = self.details.get_or_insert_default();
        details.name = name.to_owned();
        details.group = resource.group.clone().into_owned();
        details.kind = resource.resource.clone().into_owned();
        self
    }

    fn retry_after(mut self, seconds: u32) -> Self {
        self.details.get_or_insert_default().retry_after_seconds = seconds;
        self
    }

    fn cause(mut self, reason: &str, message: &str) -> Self {
        self.details.get_or_insert_default().causes.push(Cause {
            reason: reason.to_owned(),
            message: message.to_owned(),
            field: String::new(),
        });
        self
    }

    /// 404: there is no such object.
    pub fn not_found(resource: &GroupResource, name: &str) -> Self {
        Self::new(404, Reason::NotFound, format!("{resource} {} not found", quoted(name)))
            .about(resource, name)
    }

    /// 404: the path names no resource that is served.
    pub fn no_such_resource() -> Self {
        Self::new(404, Reason::NotFound, "the server could not find the requested resource")
            .retry_after(0)
    }

    /// 409: the name is taken.
    pub fn already_exists(resource: &GroupResource, name: &str) -> Self {
        Self::new(409, Reason::AlreadyExists, format!("{resource} {} already exists", quoted(name)))
            .about(resource, name)
    }

    /// 409: no free name was found behind a `generateName`.
    pub fn generate_name_conflict(resource: &GroupResource, name: &str) -> Self {
        let message = format!(
            "{resource} {} already exists, the server was not able to generate a unique name for \
             the object",
            quoted(name)
        );
        Self::new(409, Reason::AlreadyExists, message).about(resource, name).retry_after(1)
    }

    /// 409: fields that others manage; `causes` name each manager and field.
    pub fn apply_conflict(causes: Vec<Cause>, message: impl Into<String>) -> Self {
        let details = Details { causes, ..Details::default() };
        let details = Some(Box::new(details));
        Self { details, ..Self::new(409, Reason::Conflict, message) }
    }

    /// 409: the object is not what the caller thinks.
    pub fn conflict(resource: &GroupResource, name: &str, why: impl fmt::Display) -> Self {
        let message =
            format!("Operation cannot be fulfilled on {resource} {}: {why}", quoted(name));
        Self::new(409, Reason::Conflict, message).about(resource, name)
    }

    /// 409 in upstream's words for a stale `resourceVersion`.
    pub fn modified(resource: &GroupResource, name: &str) -> Self {
        Self::conflict(
            resource,
            name,
            "the object has been modified; please apply your changes to the latest version and \
             try again",
        )
    }

    /// 422: the object breaks rules, each named with its path.
    pub fn invalid(kind: &GroupKind, name: &str, errors: FieldErrors) -> Self {
        let causes = errors
            .0
            .iter()
            .map(|e| Cause {
                reason: e.kind.reason().to_owned(),
                message: e.body(),
                field: e.path.clone(),
            })
            .collect();
        let details = Details {
            name: name.to_owned(),
            group: kind.group.clone().into_owned(),
            kind: kind.kind.clone().into_owned(),
            causes,
            ..Details::default()
        };
        Self {
            code: 422,
            reason: Reason::Invalid,
            message: if errors.is_empty() {
                format!("{kind} {} is invalid", quoted(name))
            } else {
                format!("{kind} {} is invalid: {errors}", quoted(name))
            },
            details: Some(Box::new(details)),
            continues: None,
        }
    }

    /// 400: the request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, Reason::BadRequest, message)
    }

    /// 401: we do not know who asks.
    pub fn unauthorized() -> Self {
        Self::new(401, Reason::Unauthorized, "Unauthorized")
    }

    /// 403: we know who asks, and they may not. `why` is the authorizer's or plugin's sentence.
    pub fn forbidden(resource: &GroupResource, name: &str, why: impl fmt::Display) -> Self {
        let message = match (resource.resource.is_empty(), name.is_empty()) {
            (true, _) => format!("forbidden: {why}"),
            (false, true) => format!("{resource} is forbidden: {why}"),
            (false, false) => format!("{resource} {} is forbidden: {why}", quoted(name)),
        };
        Self::new(403, Reason::Forbidden, message).about(resource, name)
    }

    /// 405: the resource has no such verb.
    pub fn method_not_allowed(resource: &GroupResource, verb: &str) -> Self {
        let message = format!("{verb} is not supported on resources of kind \"{resource}\"");
        Self::new(405, Reason::MethodNotAllowed, message).about(resource, "")
    }

    /// 406: none of the accepted media types can be produced.
    pub fn not_acceptable(accepted: &str) -> Self {
        let message = format!("only the following media types are accepted: {accepted}");
        Self::new(406, Reason::NotAcceptable, message)
    }

    /// 413: the body is over the limit.
    pub fn body_too_large(limit_bytes: usize) -> Self {
        Self::new(
            413,
            Reason::RequestEntityTooLarge,
            format!("Request entity too large: limit is {limit_bytes}"),
        )
    }

    /// 415: the body's media type cannot be read here.
    pub fn unsupported_media_type(supported: &str) -> Self {
        Self::new(
            415,
            Reason::UnsupportedMediaType,
            format!(
                "the body of the request was in an unknown format - accepted media types \
                 include: {supported}"
            ),
        )
    }

    /// 410: that piece of history is no longer kept; the client must list again.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, Reason::Expired, message)
    }

    /// 429: too much at once.
    pub fn too_many_requests(message: impl Into<String>, retry_after_seconds: u32) -> Self {
        Self::new(429, Reason::TooManyRequests, message).retry_after(retry_after_seconds)
    }

    /// 500: our own fault. The message must hold no secret.
    pub fn internal(error: impl fmt::Display) -> Self {
        let message = error.to_string();
        Self::new(500, Reason::InternalError, format!("Internal error occurred: {message}"))
            .cause("", &message)
    }

    /// 500: a stored value cannot be read; names its key.
    pub fn store_read(key: &str, why: impl fmt::Display) -> Self {
        Self::new(500, Reason::StoreReadError, format!("unable to read the value of {key}: {why}"))
    }

    /// 503: try again later.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(503, Reason::ServiceUnavailable, message)
    }

    /// 500: not done in time, for a reason that will pass; `verb` is such as `create`.
    pub fn server_timeout(resource: &GroupResource, verb: &str, retry_after_seconds: u32) -> Self {
        let message = format!(
            "The {verb} operation against {resource} could not be completed at this time, please \
             try again."
        );
        Self::new(500, Reason::ServerTimeout, message)
            .about(resource, verb)
            .retry_after(retry_after_seconds)
    }

    /// 504: a `resourceVersion` from the future; after `retry_after_seconds`, unless 0, it may be
    /// there.
    pub fn too_large_resource_version(asked: i64, current: i64, retry_after_seconds: u32) -> Self {
        Self::new(
            504,
            Reason::Timeout,
            format!("Timeout: Too large resource version: {asked}, current: {current}"),
        )
        .cause("ResourceVersionTooLarge", "Too large resource version")
        .retry_after(retry_after_seconds)
    }

    /// 504: not done in time, for a reason that may pass.
    pub fn timeout(message: impl fmt::Display) -> Self {
        Self::new(504, Reason::Timeout, format!("Timeout: {message}")).retry_after(0)
    }

    /// Whether this says that the object is not there.
    pub fn is_not_found(&self) -> bool {
        self.reason == Reason::NotFound
    }

    /// Whether this is a lost compare-and-swap.
    pub fn is_conflict(&self) -> bool {
        self.reason == Reason::Conflict
    }

    /// The `metav1.Status` that a client receives.
    pub fn to_status(&self) -> Value {
        let mut status = Map::new();
        status.insert("kind".into(), "Status".into());
        status.insert("apiVersion".into(), "v1".into());
        let metadata = match &self.continues {
            Some(token) => json!({ "continue": &**token }),
            None => json!({}),
        };
        status.insert("metadata".into(), metadata);
        status.insert("status".into(), "Failure".into());
        status.insert("message".into(), self.message.as_str().into());
        if self.reason != Reason::Unknown {
            status.insert("reason".into(), self.reason.as_str().into());
        }
        if let Some(details) = &self.details {
            status.insert("details".into(), details.to_value());
        }
        status.insert("code".into(), self.code.into());
        Value::Object(status)
    }
}

impl Details {
    fn to_value(&self) -> Value {
        let mut out = Map::new();
        let mut text = |key: &str, value: &str| {
            if !value.is_empty() {
                out.insert(key.to_owned(), value.into());
            }
        };
        text("name", &self.name);
        text("group", &self.group);
        text("kind", &self.kind);
        text("uid", &self.uid);
        if !self.causes.is_empty() {
            out.insert("causes".into(), self.causes.iter().map(Cause::to_value).collect());
        }
        if self.retry_after_seconds > 0 {
            out.insert("retryAfterSeconds".into(), self.retry_after_seconds.into());
        }
        Value::Object(out)
    }
}

impl Cause {
    fn to_value(&self) -> Value {
        let fields = [("reason", &self.reason), ("message", &self.message), ("field", &self.field)];
        fields
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(key, text)| (key.to_owned(), Value::from(text.as_str())))
            .collect()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests;
