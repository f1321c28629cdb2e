//! Lists: put together from the items' own bytes, in chunks, never as one tree.

use super::accept::{Form, Media};
use super::table::Tables;
use super::{encode, partial, whole};
use crate::ask::Ask;
use crate::limits::COMPRESS_FROM_BYTES;
use crate::{options, version};
use axum::body::Body;
use bytes::Bytes;
use cache::{Item, List};
use codec::json_list::{self, ListMeta};
use codec::proto_list;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, Response, StatusCode, header};
use object::{Result, Value, json};
use std::io::Write;
use std::sync::Arc;

/// Answers with a list.
pub fn list(ask: &Ask, list: &List) -> Result<Response<Body>> {
    let (media, form) = ask.accept.choose()?;
    let token = list.next.as_deref().map(|key| options::token(list.revision, key));
    let revision = list.revision.to_string();
    let metadata = ListMeta {
        resource_version: &revision,
        continue_token: token.as_deref().unwrap_or_default(),
        remaining_item_count: list.remaining.and_then(|count| i64::try_from(count).ok()),
    };
    let stored = version::is_stored(ask.kind, &ask.resource.version);
    let bytes = match (form, media) {
        (Form::Whole, Media::Json) if stored && !ask.accept.pretty => {
            json_bytes(ask, &list.items, &metadata)?
        }
        (Form::Whole, Media::Proto) if stored && all_protobuf(&list.items) => {
            proto_bytes(ask, &list.items, &metadata)
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
            let tree = json!({
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
        (Form::Partial(of) | Form::PartialList(of), _) => {
            let mut items = Vec::with_capacity(list.items.len());
            for item in &list.items {
                items.push(json!({ "metadata": item.stored_value()?["metadata"] }));
            }
            encode(&partial::list(items, tree(&metadata), of), media, ask.accept.pretty)?
        }
    };
    Ok(whole(StatusCode::OK, media, bytes, &ask.headers))
}

/// Whether a body of this size may be compressed for this client.
pub(super) fn may_compress(asked: &HeaderMap, len_bytes: usize) -> bool {
    let accepted = asked.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    len_bytes >= COMPRESS_FROM_BYTES
        && accepted.is_some_and(|list| list.split(',').any(|one| one.trim().starts_with("gzip")))
}

/// Compresses at upstream's level, the fastest.
pub(super) fn compress(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("a vector takes every byte").into()
}

fn json_bytes(ask: &Ask, items: &[Arc<Item>], metadata: &ListMeta<'_>) -> Result<Bytes> {
    let gvk = ask.gvk();
    let mut parts = Vec::with_capacity(items.len());
    for item in items {
        parts.push(item.json()?);
    }
    let size: usize = parts.iter().map(Bytes::len).sum();
    let mut out = Vec::with_capacity(size + 256);
    let kind = format!("{}List", gvk.kind);
    json_list::begin(&mut out, &gvk.group_version().to_string(), &kind, metadata);
    for (at, part) in parts.iter().enumerate() {
        json_list::item(&mut out, at == 0, part);
    }
    out.extend_from_slice(json_list::END);
    Ok(out.into())
}

fn all_protobuf(items: &[Arc<Item>]) -> bool {
    items.iter().all(|item| item.protobuf().is_some())
}

fn proto_bytes(ask: &Ask, items: &[Arc<Item>], metadata: &ListMeta<'_>) -> Bytes {
    let gvk = ask.gvk();
    let raw: Vec<Bytes> = items.iter().filter_map(|item| item.protobuf()).collect();
    let kind = format!("{}List", gvk.kind);
    let version = gvk.group_version().to_string();
    proto_list::whole(&version, &kind, metadata, raw.iter().map(|raw| &raw[..])).into()
}

fn tree(metadata: &ListMeta<'_>) -> Value {
    let mut tree = json!({ "resourceVersion": metadata.resource_version });
    if !metadata.continue_token.is_empty() {
        tree["continue"] = metadata.continue_token.into();
    }
    if let Some(count) = metadata.remaining_item_count {
        tree["remainingItemCount"] = count.into();
    }
    tree
}
