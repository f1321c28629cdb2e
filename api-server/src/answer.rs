//! Answers: the shared bytes of an object, a list put together from them, or a form made for the
//! client (Table, metadata only), in the media type that it accepts.

mod accept;
mod list;
mod partial;
mod pieces;
mod table;
mod watch;

pub(crate) use accept::{Accept, Form, Media};
pub(crate) use list::list;
pub(crate) use watch::{WatchEncoder, watch};

use crate::ask::Ask;
use crate::version;
use axum::body::Body;
use bytes::Bytes;
use cache::Item;
use codec::envelope;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Response, StatusCode, Uri};
use object::{ApiError, Gvk, Result, Value, meta};
use schema::builtin;
use std::sync::Arc;
use table::Tables;

/// Answers with one object.
pub(crate) fn item(
    ask: &Ask,
    status: StatusCode,
    item: &Arc<Item>,
    warnings: Vec<String>,
) -> Result<Response<Body>> {
    let accept = &ask.accept;
    let (media, form) = accept.choose()?;
    let bytes = match form {
        Form::Whole if version::is_stored(ask.kind, &ask.resource.version) => {
            stored(item, media, accept.pretty)?
        }
        Form::Whole => {
            let object =
                version::from_stored(ask.kind, &ask.resource.version, item.stored_value()?)?;
            encode(&object, media, accept.pretty)?
        }
        Form::Table(of) => {
            let metadata = object::json!({ "resourceVersion": item.revision.to_string() });
            let table = Tables::of(ask, of)?.table(std::slice::from_ref(item), metadata, true)?;
            encode(&table, media, accept.pretty)?
        }
        Form::Partial(of) => {
            let partial = partial::of_kind(ask.kind, &item.stored_value()?, of);
            encode(&partial, media, accept.pretty)?
        }
        Form::PartialList(_) => return Err(partial::no_list(ask.kind)),
    };
    Ok(warned(whole(status, media, bytes, &ask.headers), &warnings))
}

/// Answers with an object that is not stored: a review, a Scale, a Status.
pub(crate) fn value(
    ask: &Ask,
    status: StatusCode,
    value: &Value,
    warnings: Vec<String>,
) -> Result<Response<Body>> {
    let (media, form) = ask.accept.choose()?;
    let value = match form {
        // A Status is told as it is in every form.
        _ if value["kind"] == "Status" => value.clone(),
        Form::Whole => value.clone(),
        Form::Partial(_) if value.get("items").is_some() => {
            return Err(partial::no_item(ask.kind));
        }
        Form::Partial(of) => partial::metadata(value, of),
        Form::Table(of) => match of_kind(ask, value) {
            Some(objects) => Tables::of(ask, of)?.of_values(objects)?,
            None if value["kind"] == "Scale" => Tables::of(ask, of)?.of_scale(value)?,
            None => one_row(value),
        },
        Form::PartialList(_) => one_row(value),
    };
    let bytes = encode(&value, media, ask.accept.pretty)?;
    Ok(warned(whole(status, media, bytes, &ask.headers), &warnings))
}

/// The objects, where this is one of the kind that was asked for, or a list of them.
fn of_kind(ask: &Ask, value: &Value) -> Option<Vec<Value>> {
    let kind = value["kind"].as_str()?;
    if kind == ask.kind.kind {
        return Some(vec![value.clone()]);
    }
    let is_list = kind.strip_suffix("List") == Some(ask.kind.kind);
    value["items"].as_array().filter(|_| is_list).cloned()
}

/// A Table of something that has no columns of its own.
fn one_row(value: &Value) -> Value {
    object::json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {},
        "columnDefinitions": [
            {"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0},
        ],
        "rows": [{"cells": [meta::name(value)], "object": value}],
    })
}

/// Answers a fixed path with a document, in JSON, YAML or protobuf.
pub(crate) fn fixed(document: &Value, headers: &HeaderMap) -> Response<Body> {
    let accept = Accept::of(headers);
    let media = match accept.choose_plain() {
        Ok(media) => media,
        Err(error) => return refusal(&error, &accept),
    };
    match encode(document, media, accept.pretty) {
        Ok(bytes) => whole(StatusCode::OK, media, bytes, headers),
        Err(error) => refusal(&error, &accept),
    }
}

/// Answers with a document in JSON, whatever was asked for.
pub(crate) fn json(status: StatusCode, document: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(codec::encode_json_free(document)));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Answers with a `metav1.Status`.
pub(crate) fn refusal(error: &ApiError, accept: &Accept) -> Response<Body> {
    let status = StatusCode::from_u16(error.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if error.code >= 500 {
        tracing::warn!("{} {}", error.code, error.message);
    }
    // Who asks for a form that a refusal can't have gets it as a person reads it.
    let (media, pretty) = match accept.choose_plain() {
        Ok(media) => (media, accept.pretty),
        Err(_) => (Media::Json, true),
    };
    let document = error.to_status();
    let mut response = match encode(&document, media, pretty) {
        Ok(bytes) => whole(status, media, bytes, &HeaderMap::new()),
        Err(_) => json(status, &document),
    };
    let seconds = error.details.as_ref().map_or(0, |details| details.retry_after_seconds);
    if seconds > 0 {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Answers a request that was read with a `metav1.Status`, and with what it was warned of.
pub(crate) fn refused(ask: &Ask, error: &ApiError) -> Response<Body> {
    with_warnings(ask, refusal(error, &ask.accept))
}

/// An answer, and what the request was warned of.
pub(crate) fn with_warnings(ask: &Ask, response: Response<Body>) -> Response<Body> {
    let warnings = ask.warnings.lock().map(|warnings| warnings.clone()).unwrap_or_default();
    warned(response, &warnings)
}

/// Answers with the authorizers' refusal, which browsers must not take for anything else.
pub(crate) fn forbidden(error: &ApiError, headers: &HeaderMap) -> Response<Body> {
    let mut response = refusal(error, &Accept::of(headers));
    let nosniff = HeaderValue::from_static("nosniff");
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    response
}

/// Answers when all seats are taken, as upstream does: with a text, and a time to come back.
pub(crate) fn too_many() -> Response<Body> {
    let why = "Too many requests, please try again later.\n";
    let mut response = plain(StatusCode::TOO_MANY_REQUESTS, why);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// Answers a path that means nothing, as Go's servers do.
pub(crate) fn no_such_page() -> Response<Body> {
    plain(StatusCode::NOT_FOUND, "404 page not found\n")
}

/// Answers a path that can't be read, as upstream does before it knows what is asked.
pub(crate) fn unreadable(uri: &Uri, error: &ApiError) -> Response<Body> {
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    let why = &error.message;
    let text = format!("Internal Server Error: {path:?}: failed to create RequestInfo: {why}\n");
    let text = [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")]
        .iter()
        .fold(text, |text, (plain, safe)| text.replace(plain, safe));
    plain(StatusCode::INTERNAL_SERVER_ERROR, text)
}

fn plain(status: StatusCode, text: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, text);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Answers with a body that goes on.
pub(crate) fn stream(media_type: &'static str, body: Body) -> Result<Response<Body>> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    Ok(response)
}

/// The bytes of an object in its stored version.
fn stored(item: &Item, media: Media, pretty: bool) -> Result<Bytes> {
    match media {
        Media::Json if !pretty => item.json_line(),
        Media::Proto => match (item.protobuf(), &item.kind.storage) {
            (Some(raw), Some(storage)) => {
                Ok(envelope::write(storage.group_version, item.kind.kind, &raw).into())
            }
            _ => encode(&item.stored_value()?, media, pretty),
        },
        Media::Json | Media::Yaml => encode(&item.stored_value()?, media, pretty),
    }
}

/// The bytes of an object as a tree; its `apiVersion` and `kind` say what it is.
pub(crate) fn encode(object: &Value, media: Media, pretty: bool) -> Result<Bytes> {
    let gvk = gvk(object);
    let root = gvk.as_ref().and_then(|gvk| builtin().root(gvk));
    let json = || match root {
        _ if object["kind"] == "Table" => table::json(object),
        Some(root) => codec::encode_json(builtin(), root, object).map_err(ApiError::internal),
        None => Ok(codec::encode_json_free(object)),
    };
    let bytes = match media {
        Media::Json if pretty => {
            let mut out = Vec::new();
            codec::pretty(&json()?, &mut out);
            out
        }
        Media::Json => {
            let mut out = json()?;
            out.push(b'\n');
            out
        }
        Media::Yaml => {
            let tree: Value = serde_json::from_slice(&json()?).map_err(ApiError::internal)?;
            codec::encode_yaml(&tree)
        }
        Media::Proto => {
            let kind = object["kind"].as_str().unwrap_or_default();
            // Discovery of the oldest groups leaves its version unsaid.
            let root = root.or_else(|| builtin().root(&Gvk::new("", "v1", kind.to_owned())));
            let Some(root) = root else {
                return Err(ApiError::not_acceptable("application/json, application/yaml"));
            };
            let raw = codec::encode_proto(builtin(), root, object).map_err(ApiError::internal)?;
            envelope::write(object["apiVersion"].as_str().unwrap_or_default(), kind, &raw)
        }
    };
    Ok(bytes.into())
}

fn gvk(object: &Value) -> Option<Gvk> {
    let version = object::GroupVersion::parse(object["apiVersion"].as_str()?)?;
    let kind = object["kind"].as_str()?.to_owned();
    Some(Gvk { group: version.group, version: version.version, kind: kind.into() })
}

/// A whole body, compressed where it is large and the client allows it.
fn whole(status: StatusCode, media: Media, bytes: Bytes, asked: &HeaderMap) -> Response<Body> {
    let packed = list::may_compress(asked, bytes.len()).then(|| list::compress(&bytes));
    let is_packed = packed.is_some();
    let mut response = head(status, media, Body::from(packed.unwrap_or(bytes)));
    if is_packed {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    response
}

/// A body with the headers that every answer in a media type has.
fn head(status: StatusCode, media: Media, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media.media_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

/// Puts a sentence before all others that the client is warned with.
pub(crate) fn warn_first(headers: &mut HeaderMap, sentence: &str) {
    let Ok(first) = HeaderValue::from_str(&format!("299 - {sentence:?}")) else { return };
    let others: Vec<HeaderValue> =
        headers.get_all(header::WARNING).iter().filter(|other| **other != first).cloned().collect();
    headers.insert(header::WARNING, first);
    for other in others {
        headers.append(header::WARNING, other);
    }
}

fn warned(mut response: Response<Body>, warnings: &[String]) -> Response<Body> {
    for warning in warnings {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
    response
}
