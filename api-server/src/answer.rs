//! Answers: the shared bytes of an object, a list put together from them, or a form made for the
//! client (Table, metadata only), in the media type that it accepts.

mod encode;
mod list;
mod partial;
mod pieces;
mod refusal;
mod response;
mod table;
mod warnings;
mod watch;

pub(crate) use list::list;
pub(crate) use refusal::{forbidden, no_such_page, refusal, too_many, unreadable};
pub(crate) use response::stream;
pub(crate) use warnings::warn;
pub(crate) use watch::{WatchEncoder, watch};

use crate::accept::{Accept, Form};
use crate::ask::Ask;
use crate::version;
use axum::body::Body;
use cache::Item;
use encode::{encode, stored};
use http::{HeaderMap, Response, StatusCode};
use object::{Result, Value};
use response::whole;
use std::sync::Arc;
use table::{Tables, one_row};

/// Answers with one object.
pub(crate) fn item(ask: &Ask, status: StatusCode, item: &Arc<Item>) -> Result<Response<Body>> {
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
    Ok(whole(status, media, bytes, &ask.parts.headers))
}

/// Answers with an object that is not stored: a review, a Scale, a Status.
pub(crate) fn value(ask: &Ask, status: StatusCode, value: &Value) -> Result<Response<Body>> {
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
    Ok(whole(status, media, bytes, &ask.parts.headers))
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

/// The objects, where this is one of the kind that was asked for, or a list of them.
fn of_kind(ask: &Ask, value: &Value) -> Option<Vec<Value>> {
    let kind = value["kind"].as_str()?;
    if kind == ask.kind.kind {
        return Some(vec![value.clone()]);
    }
    let is_list = kind.strip_suffix("List") == Some(ask.kind.kind);
    value["items"].as_array().filter(|_| is_list).cloned()
}
