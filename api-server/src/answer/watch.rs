//! The frames of a watch.

use super::encode::encode;
use super::partial;
use super::table::Tables;
use crate::accept::{Form, Media};
use crate::ask::Ask;
use crate::version;
use bytes::Bytes;
use cache::{Item, WatchEvent};
use codec::{envelope, json_watch, proto_watch};
use object::{ApiError, Gvk, Result, Value, json};
use std::sync::Arc;
use store::Revision;

/// Writes the events of one watch in the form and media type that its client accepts.
#[derive(Debug)]
pub(crate) struct WatchEncoder {
    kind: &'static kinds::Kind,
    gvk: Gvk,
    version: String,
    stored: bool,
    media: Media,
    form: Form,
    tables: Option<Tables>,
    /// A Table's columns are sent with the first event only.
    columns_sent: bool,
}

/// The encoder for a request.
pub(crate) fn watch(ask: &Ask) -> Result<WatchEncoder> {
    let (media, form) = ask.accept.choose_stream()?;
    let tables = match form {
        Form::Table(of) => Some(Tables::of(ask, of)?),
        _ => None,
    };
    Ok(WatchEncoder {
        kind: ask.kind,
        gvk: ask.gvk(),
        version: ask.resource.version.clone(),
        stored: version::is_stored(ask.kind, &ask.resource.version),
        media,
        form,
        tables,
        columns_sent: false,
    })
}

impl WatchEncoder {
    /// The media type of the body.
    pub(crate) fn media_type(&self) -> &'static str {
        self.media.stream_media_type().unwrap_or("application/json")
    }

    /// Appends an event.
    pub(crate) fn event(&mut self, event: &WatchEvent, out: &mut Vec<u8>) -> Result<()> {
        let (kind, object) = match event {
            WatchEvent::Added(item) => ("ADDED", self.object(item)?),
            WatchEvent::Modified(item) => ("MODIFIED", self.object(item)?),
            WatchEvent::Deleted(item) => ("DELETED", self.object(item)?),
            WatchEvent::Bookmark { revision, initial } => {
                ("BOOKMARK", self.bookmark(*revision, *initial)?)
            }
        };
        self.push(kind, &object, out);
        Ok(())
    }

    /// Appends the error that ends the watch.
    pub(crate) fn error(&self, error: &ApiError, out: &mut Vec<u8>) {
        let status = error.to_status();
        match encode(&status, self.media, false) {
            Ok(bytes) => self.push("ERROR", &bytes, out),
            Err(failed) => tracing::error!("an error can't be sent to a watcher: {failed}"),
        }
    }

    fn push(&self, kind: &str, object: &[u8], out: &mut Vec<u8>) {
        match self.media {
            Media::Proto => proto_watch::push_event(out, kind, object),
            Media::Json | Media::Yaml => json_watch::push_event(out, kind, object),
        }
    }

    fn object(&mut self, item: &Arc<Item>) -> Result<Bytes> {
        match (&self.form, &self.tables) {
            (Form::Table(_), Some(tables)) => {
                let metadata = json!({ "resourceVersion": item.revision.to_string() });
                let table =
                    tables.table(std::slice::from_ref(item), metadata, !self.columns_sent)?;
                self.columns_sent = true;
                encode(&table, self.media, false)
            }
            (Form::Partial(of) | Form::PartialList(of), _) => {
                let partial = partial::of_kind(self.kind, &item.stored_value()?, of);
                encode(&partial, self.media, false)
            }
            _ if self.stored => match (self.media, item.protobuf()) {
                (Media::Proto, Some(raw)) => {
                    let version = self.gvk.group_version().to_string();
                    Ok(envelope::write(&version, &self.gvk.kind, &raw).into())
                }
                (Media::Proto, None) => encode(&item.stored_value()?, self.media, false),
                _ => item.json(),
            },
            _ => {
                let object = version::from_stored(self.kind, &self.version, item.stored_value()?)?;
                encode(&object, self.media, false)
            }
        }
    }

    fn bookmark(&mut self, revision: Revision, initial: bool) -> Result<Bytes> {
        let mut metadata = json!({
            "resourceVersion": revision.to_string(),
            "creationTimestamp": null,
        });
        if initial {
            metadata["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
        }
        let whole = |kind: &str, version: &str| -> Value {
            json!({ "kind": kind, "apiVersion": version, "metadata": metadata })
        };
        let object = match (&self.form, &self.tables) {
            (Form::Table(_), Some(tables)) => {
                let mut table = tables.table(&[], metadata.clone(), !self.columns_sent)?;
                self.columns_sent = true;
                table["rows"] = json!([{
                    "cells": [],
                    "object": whole(&self.gvk.kind, &self.gvk.group_version().to_string()),
                }]);
                table
            }
            (Form::Partial(of) | Form::PartialList(of), _) => whole("PartialObjectMetadata", of),
            _ => whole(&self.gvk.kind, &self.gvk.group_version().to_string()),
        };
        encode(&object, self.media, false)
    }
}
