//! A kind's objects as the API server last told them, and who wants to know of changes.
//!
//! One watch per kind and process; every reader shares the store. Managed fields are dropped on
//! the way in: no controller reads them, and they are half of many objects. What a controller
//! changes is therefore written by patch, or by an update, whose absent managed fields the server
//! takes as "unchanged". Mirrors `k8s.io/client-go/tools/cache` (reflector, indexer, shared
//! informer), whose relist likewise turns into plain changes.
//!
//! An informer is a typed face of a [`Feed`], which knows no type: what is generic over the kind
//! is compiled for each of some fifty kinds, so it is kept small.

mod feed;
mod store;

pub(crate) use self::feed::Feed;
use self::store::Held;
use crate::{Key, RawObject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::api::ApiResource;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;

/// What an informer can hold: a typed kind, as k8s-openapi has it.
pub trait Informed:
    Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static
{
}
impl<K> Informed for K where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static
{
}

/// One change of one object.
#[derive(Debug)]
pub enum Change<'a, K: ?Sized> {
    /// It is new to this process.
    Added(&'a Arc<K>),
    /// It was known: before and after.
    Updated(&'a Arc<K>, &'a Arc<K>),
    /// It is gone; this is its last known state.
    Deleted(&'a Arc<K>),
}

impl<K: ?Sized> Change<'_, K> {
    /// The newest state that is known.
    pub fn object(&self) -> &Arc<K> {
        match self {
            Self::Added(object) | Self::Updated(_, object) | Self::Deleted(object) => object,
        }
    }
}

type Handler<K> = Box<dyn Fn(&Change<'_, K>) + Send + Sync>;

/// The store of one kind.
pub struct Informer<K> {
    feed: Arc<Feed>,
    kind: PhantomData<fn() -> K>,
}

impl<K: Informed> Informer<K> {
    /// The face of `feed`, which [`Self::feed`] made for the same kind.
    pub(crate) fn over(feed: Arc<Feed>) -> Self {
        Self { feed, kind: PhantomData }
    }

    pub(crate) fn feed() -> Feed {
        Feed::new(ApiResource::erase::<K>(&()), decode::<K>)
    }

    /// Calls `handler` at every change from now on, in order, and once for each object that is
    /// here already. It must be quick: it holds up the stream.
    pub fn on_change(&self, handler: impl Fn(&Change<'_, K>) + Send + Sync + 'static) {
        self.attach(Box::new(handler));
    }

    fn attach(&self, handler: Handler<K>) {
        self.feed.attach(Box::new(move |change| match change {
            Change::Added(object) => handler(&Change::Added(&typed(object))),
            Change::Updated(old, new) => handler(&Change::Updated(&typed(old), &typed(new))),
            Change::Deleted(object) => handler(&Change::Deleted(&typed(object))),
        }));
    }

    /// The object named `key`.
    pub fn get(&self, key: &Key) -> Option<Arc<K>> {
        self.feed.get(key).as_ref().map(typed)
    }

    /// Every object, by namespace and name.
    pub fn list(&self) -> Vec<Arc<K>> {
        let mut all = Vec::new();
        self.feed.each(&mut |object| all.push(typed(object)));
        all
    }

    /// Every object of `namespace`, by name.
    pub fn list_in(&self, namespace: &str) -> Vec<Arc<K>> {
        let mut all = Vec::new();
        self.feed.each_in(namespace, &mut |object| all.push(typed(object)));
        all
    }

    /// Every object whose controlling owner has the UID `uid`.
    pub fn controlled_by(&self, uid: &str) -> Vec<Arc<K>> {
        let mut all = Vec::new();
        self.feed.each_of(uid, &mut |object| all.push(typed(object)));
        all
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.feed.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns once the first list is in the store.
    pub async fn synced(&self) {
        self.feed.synced().await;
    }

    /// Whether the first list is in the store.
    pub fn has_synced(&self) -> bool {
        self.feed.has_synced()
    }

    /// The highest resource version seen, and how many times the whole was listed anew.
    pub fn progress(&self) -> (u64, u64) {
        self.feed.progress()
    }
}

impl<K: Informed> Held for K {
    fn meta(&self) -> &ObjectMeta {
        Resource::meta(self)
    }
}

#[cfg(test)]
impl<K: Informed> Informer<K> {
    /// One that follows nothing.
    pub(crate) fn empty() -> Self {
        Self::over(Arc::new(Self::feed()))
    }

    pub(crate) fn apply(&self, object: K) {
        self.feed.apply(Arc::new(object));
    }
}

fn decode<K: Informed>(raw: &RawObject) -> serde_json::Result<Arc<dyn Held>> {
    let mut object: K = raw.decode()?;
    object.meta_mut().managed_fields = None;
    Ok(Arc::new(object))
}

fn typed<K: Informed>(object: &Arc<dyn Held>) -> Arc<K> {
    let object: Arc<dyn Any + Send + Sync> = object.clone();
    object.downcast().expect("a feed holds the kind that it decodes")
}

#[cfg(test)]
mod tests;
