//! `pods/log`: what a container has written, as its kubelet keeps it.
//!
//! Mirrors `pkg/registry/core/pod/rest/log.go` and `k8s.io/apiserver/pkg/registry/generic/rest`.

use super::dial::Answered;
use super::{container, lookup, websocket};
use crate::accept::Form;
use crate::ask::Ask;
use crate::limits::REFUSAL_OF_BACKEND_BYTES;
use crate::{Api, answer};
use axum::body::Body;
use form_urlencoded::Serializer;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use object::{ApiError, FieldErrors, GroupKind, Reason, Result, meta};

pub(super) async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let query = query(ask)?;
    let pod = lookup::object(api, ask, "pods", &ask.resource.namespace, &ask.resource.name).await?;
    let container = container::choose(&pod, ask.query.get("container"))?;
    let backend = match container::node(&pod) {
        Some(node) => Some(lookup::kubelet(api, ask, node).await?.backend),
        None => None,
    };
    refuse_forms(ask.accept.choose_text()?)?;
    let Some(mut backend) = backend else {
        // Nothing runs yet, so nothing has been written.
        let mut nothing = Response::new(Body::empty());
        *nothing.status_mut() = StatusCode::NO_CONTENT;
        return Ok(nothing);
    };
    if ask.query.flag("insecureSkipTLSVerifyBackend") {
        backend = api.kubelets.trusted(backend);
    }
    let (namespace, name) = (meta::namespace(&pod), meta::name(&pod));
    let mut path = format!("/containerLogs/{namespace}/{name}/{container}");
    if !query.is_empty() {
        path = format!("{path}?{query}");
    }
    let request = Request::get(&path).header("host", backend.authority());
    let request = request.body(Body::empty()).map_err(ApiError::internal)?;
    let answered = backend.send(request).await.map_err(|error| {
        let url = backend.url(&path);
        ApiError::new(500, Reason::Unknown, format!("Get {url:?}: {error}"))
    })?;
    match answered.status().as_u16() {
        200..=206 if websocket::is_asked_for(&ask.parts.headers) => {
            websocket::send(ask, Body::new(answered.into_body()), &api.shutdown)
        }
        200..=206 => Ok(answer::stream("text/plain", Body::new(answered.into_body()))),
        300..=399 => {
            let url = backend.url(&path);
            Err(ApiError::new(500, Reason::Unknown, format!("Get {url:?}: redirects forbidden")))
        }
        _ => Err(refusal(&ask.resource.name, answered).await),
    }
}

/// A log has no metadata. Upstream finds that out when it has all else.
fn refuse_forms(form: Form) -> Result<()> {
    match form {
        Form::Partial(_) => {
            let why = "object does not implement the Object interfaces";
            Err(ApiError::new(500, Reason::Unknown, why))
        }
        Form::PartialList(_) => {
            let why = "you requested PartialObjectMetadataList, but the requested object is not a \
                       list (*rest.LocationStreamer)";
            Err(ApiError::new(406, Reason::NotAcceptable, why))
        }
        Form::Whole | Form::Table(_) => Ok(()),
    }
}

/// The options in the kubelet's words, which are ours, in the order of their names.
fn query(ask: &Ask) -> Result<String> {
    let integer = |name: &str| ask.query.integer(name);
    let (tail, limit) = (integer("tailLines")?, integer("limitBytes")?);
    let seconds = integer("sinceSeconds")?;
    let time = ask.query.get("sinceTime").map(object::time::canonical).transpose();
    let time = time.map_err(|error| ApiError::bad_request(error.to_string()))?;
    let mut errors = FieldErrors::new();
    if let Some(lines @ ..0) = tail {
        errors.invalid("tailLines", lines, "must be greater than or equal to 0");
    }
    if let Some(bytes @ ..1) = limit {
        errors.invalid("limitBytes", bytes, "must be greater than 0");
    }
    match (seconds, &time) {
        (Some(_), Some(_)) => {
            // Upstream's way to print a path that is empty.
            errors.forbidden("[]", "at most one of `sinceTime` or `sinceSeconds` may be specified");
        }
        (Some(seconds @ ..1), None) => {
            errors.invalid("sinceSeconds", seconds, "must be greater than 0");
        }
        _ => {}
    }
    if ask.query.has("stream") {
        errors.forbidden("stream", "may not be specified");
    }
    if !errors.is_empty() {
        let kind = GroupKind::new("", "PodLogOptions");
        return Err(ApiError::invalid(&kind, &ask.resource.name, errors));
    }
    let mut query = Serializer::new(String::new());
    let mut number = |name: &str, value: Option<i64>| {
        if let Some(value) = value {
            query.append_pair(name, &value.to_string());
        }
    };
    number("limitBytes", limit);
    number("sinceSeconds", seconds);
    number("tailLines", tail);
    if let Some(time) = time {
        query.append_pair("sinceTime", &time);
    }
    for name in ["follow", "previous", "timestamps"] {
        if ask.query.flag(name) {
            query.append_pair(name, "true");
        }
    }
    Ok(query.finish())
}

/// What the kubelet refuses with, as a Status.
async fn refusal(name: &str, answered: Response<Answered>) -> ApiError {
    let code = answered.status().as_u16();
    match Limited::new(answered.into_body(), REFUSAL_OF_BACKEND_BYTES).collect().await {
        Ok(body) => as_status(name, code, String::from_utf8_lossy(&body.to_bytes()).into_owned()),
        Err(error) => ApiError::internal(error),
    }
}

fn as_status(name: &str, code: u16, text: String) -> ApiError {
    match code {
        500 => return ApiError::internal(text),
        400 => return ApiError::bad_request(text),
        _ => {}
    }
    let (reason, message) = match code {
        401 => (
            Reason::Unauthorized,
            "the server has asked for the client to provide credentials".to_owned(),
        ),
        403 => (Reason::Forbidden, text),
        404 => (Reason::NotFound, "the server could not find the requested resource".to_owned()),
        503 => (
            Reason::ServiceUnavailable,
            "the server is currently unable to handle the request".to_owned(),
        ),
        501.. => (
            Reason::InternalError,
            format!("an error on the server ({text:?}) has prevented the request from succeeding"),
        ),
        _ => (
            Reason::Unknown,
            format!(
                "the server responded with the status code {code} but did not return more \
                 information"
            ),
        ),
    };
    let mut error = ApiError::new(code, reason, format!("{message} ( pods/log {name})"));
    let details = error.details.get_or_insert_default();
    name.clone_into(&mut details.name);
    details.kind = "pods/log".to_owned();
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_on_what_the_kubelet_says_as_upstream_does() {
        let table = [
            (400, "no such container", "no such container", "BadRequest"),
            (403, "Forbidden (user=x)", "Forbidden (user=x) ( pods/log p)", "Forbidden"),
            (
                404,
                "gone",
                "the server could not find the requested resource ( pods/log p)",
                "NotFound",
            ),
            (500, "broken", "Internal error occurred: broken", "InternalError"),
            (
                502,
                "bad",
                "an error on the server (\"bad\") has prevented the request from succeeding \
                 ( pods/log p)",
                "InternalError",
            ),
        ];
        for (code, said, message, reason) in table {
            let error = as_status("p", code, said.to_owned());
            let got = (error.code, error.message.as_str(), error.reason.as_str());
            assert_eq!(got, (code, message, reason));
        }
    }
}
