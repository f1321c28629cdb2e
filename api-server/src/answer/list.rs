//! Lists: put together from the items' own bytes, in chunks, never as one tree.

use super::encode::encode;
use super::partial;
use super::pieces::Pieces;
use super::response::{may_compress, stream, whole};
use super::table::Tables;
use crate::accept::{Form, Media};
use crate::ask::Ask;
use crate::{continue_token, version};
use axum::body::Body;
use bytes::Bytes;
use cache::{Item, List};
use codec::json_list::{self, ListMeta};
use codec::proto_list;
use http::{Response, StatusCode};
use object::{Result, Value};
use std::sync::Arc;

/// Answers with a list.
pub(crate) fn list(ask: &Ask, list: &List) -> Result<Response<Body>> {
    let (media, form) = ask.accept.choose()?;
    let token = list
        .next
        .as_deref()
        .map(|key| continue_token::write(list.revision, ask.target().namespace, key));
    let revision = list.revision.to_string();
    let metadata = ListMeta {
        resource_version: &revision,
        continue_token: token.as_deref().unwrap_or_default(),
        remaining_item_count: list.remaining.and_then(|count| i64::try_from(count).ok()),
    };
    let stored = version::is_stored(ask.kind, &ask.resource.version);
    let bytes = match (form, media) {
        (Form::Whole, Media::Json) if stored && !ask.accept.pretty => {
            return Ok(joined(ask, media, json(ask, &list.items, &metadata)?));
        }
        (Form::Whole, Media::Proto) if stored && all_protobuf(&list.items) => {
            return Ok(joined(ask, media, proto(ask, &list.items, &metadata)));
        }
        (Form::Whole, _) => {
            let mut items = Vec::with_capacity(list.items.len());
            for item in &list.items {
                let mut object =
                    version::from_stored(ask.kind, &ask.resource.version, item.stored_value()?)?;
                if let Some(fields) = object.as_object_mut() {
                    fields.remove("kind");
                    fields.remove("apiVersion");
                }
                items.push(object);
            }
            let gvk = ask.gvk();
            let tree = object::json!({
                "kind": format!("{}List", gvk.kind),
                "apiVersion": gvk.group_version().to_string(),
                "metadata": tree(&metadata),
                "items": items,
            });
            encode(&tree, media, ask.accept.pretty)?
        }
        (Form::Table(of), _) => {
            let table = Tables::of(ask, of)?.table(&list.items, tree(&metadata), true)?;
            encode(&table, media, ask.accept.pretty)?
        }
        (Form::Partial(_), _) => return Err(partial::no_item(ask.kind)),
        (Form::PartialList(of), _) => {
            let mut items = Vec::with_capacity(list.items.len());
            for item in &list.items {
                items.push(partial::of_kind(ask.kind, &item.stored_value()?, of));
            }
            encode(&partial::list(items, tree(&metadata), of), media, ask.accept.pretty)?
        }
    };
    Ok(whole(StatusCode::OK, media, bytes, &ask.parts.headers))
}

/// A list of shared bytes as an answer: sent piece by piece, or compressed as a whole.
fn joined(ask: &Ask, media: Media, pieces: Pieces) -> Response<Body> {
    if may_compress(&ask.parts.headers, pieces.len_bytes()) {
        return whole(StatusCode::OK, media, pieces.into_bytes().into(), &ask.parts.headers);
    }
    stream(media.media_type(), pieces.into_body())
}

fn json(ask: &Ask, items: &[Arc<Item>], metadata: &ListMeta<'_>) -> Result<Pieces> {
    let gvk = ask.gvk();
    let items = items.iter().map(|item| item.json()).collect::<Result<_>>()?;
    let mut head = Vec::with_capacity(256);
    let kind = format!("{}List", gvk.kind);
    json_list::begin(&mut head, &gvk.group_version().to_string(), &kind, metadata);
    Ok(Pieces::json(head, items))
}

fn all_protobuf(items: &[Arc<Item>]) -> bool {
    items.iter().all(|item| item.protobuf().is_some())
}

fn proto(ask: &Ask, items: &[Arc<Item>], metadata: &ListMeta<'_>) -> Pieces {
    let gvk = ask.gvk();
    let items: Vec<Bytes> = items.iter().filter_map(|item| item.protobuf()).collect();
    let (version, kind) = (gvk.group_version().to_string(), format!("{}List", gvk.kind));
    let len_bytes = items.iter().map(|item| proto_list::item_len(item.len())).sum();
    Pieces::proto(proto_list::begin(&version, &kind, metadata, len_bytes), items)
}

fn tree(metadata: &ListMeta<'_>) -> Value {
    let mut tree = object::json!({ "resourceVersion": metadata.resource_version });
    if !metadata.continue_token.is_empty() {
        tree["continue"] = metadata.continue_token.into();
    }
    if let Some(count) = metadata.remaining_item_count {
        tree["remainingItemCount"] = count.into();
    }
    tree
}
