//! One watch for all kinds: objects as the text that the server sent, for who wants them to
//! decode.
//!
//! A watch that decoded would be compiled once for each kind, with its lists, retries and streams,
//! and each kind's decoder once more for each place that an object stands at. Here it is compiled
//! once, and a kind's decoder runs over the text of an object alone. Mirrors what the reflector of
//! `k8s.io/client-go/tools/cache` does by passing `runtime.Object` along.

use crate::{Key, limits::LIST_PAGE};
use futures::stream::{BoxStream, StreamExt};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::ApiResource;
use kube::core::DynamicResourceScope;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Resource};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What a watch tells, for ever; an error is followed by another try.
pub type RawEvents = BoxStream<'static, watcher::Result<watcher::Event<RawObject>>>;

/// Watches the objects of `kind` in all namespaces that match the field selector `fields`, which
/// may be empty.
pub fn watch_raw(client: Client, kind: &ApiResource, fields: &str) -> RawEvents {
    let mut config = watcher::Config::default().page_size(LIST_PAGE);
    if !fields.is_empty() {
        config = config.fields(fields);
    }
    watcher(Api::<RawObject>::all_with(client, kind), config).default_backoff().boxed()
}

/// `value` as a `T`, by way of its text: a kind's decoder is compiled for text and for nothing else.
///
/// # Errors
/// When the value is no such thing.
pub fn decode<T: DeserializeOwned>(value: &Value) -> serde_json::Result<T> {
    serde_json::from_str(&value.to_string())
}

/// An object as JSON text.
#[derive(Clone)]
pub struct RawObject {
    /// The names, the UID and the resource version; nothing else.
    meta: ObjectMeta,
    text: Box<RawValue>,
}

impl RawObject {
    /// Its name.
    pub fn key(&self) -> Key {
        Key::of(self)
    }

    /// Its UID, empty when it has none.
    pub fn uid(&self) -> &str {
        self.meta.uid.as_deref().unwrap_or_default()
    }

    /// The object as a `T`. Items of lists lack `apiVersion` and `kind`.
    ///
    /// # Errors
    /// When the text is no such object. The error may hold a part of it: see [`Self::warn`].
    pub fn decode<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.text.get())
    }

    /// Its metadata alone.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn metadata(&self) -> serde_json::Result<ObjectMeta> {
        #[derive(Deserialize)]
        struct Object {
            #[serde(default)]
            metadata: ObjectMeta,
        }
        self.decode::<Object>().map(|object| object.metadata)
    }

    /// Logs that it could not be decoded, and where, without what stands there: it may be secret.
    pub fn warn(&self, kind: &ApiResource, error: &serde_json::Error) {
        tracing::warn!(
            kind = kind.kind,
            key = %self.key(),
            byte = error.column(),
            "an object can't be decoded, changes to it go unseen"
        );
    }
}

impl std::fmt::Debug for RawObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("RawObject").field(&self.key()).finish()
    }
}

impl<'de> Deserialize<'de> for RawObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        // One that is broken this far is its reader's to warn of: it must not fail its whole list.
        let Head { metadata } = serde_json::from_str(text.get()).unwrap_or_default();
        let HeadMeta { name, namespace, uid, resource_version } = metadata.unwrap_or_default();
        let meta = ObjectMeta { name, namespace, uid, resource_version, ..ObjectMeta::default() };
        Ok(Self { meta, text })
    }
}

#[derive(Default, Deserialize)]
struct Head {
    metadata: Option<HeadMeta>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct HeadMeta {
    name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
}

impl Resource for RawObject {
    type DynamicType = ApiResource;
    type Scope = DynamicResourceScope;

    fn kind(kind: &ApiResource) -> Cow<'_, str> {
        Cow::Borrowed(&kind.kind)
    }

    fn group(kind: &ApiResource) -> Cow<'_, str> {
        Cow::Borrowed(&kind.group)
    }

    fn version(kind: &ApiResource) -> Cow<'_, str> {
        Cow::Borrowed(&kind.version)
    }

    fn plural(kind: &ApiResource) -> Cow<'_, str> {
        Cow::Borrowed(&kind.plural)
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
}

#[cfg(test)]
mod tests;
