//! A registry over a store with faults, and how a test speaks to it.

use crate::faults::{Faulty, Plan};
use admission::Chain;
use auth::authorization::always::AlwaysAllow;
use auth::{Attributes, Authorized, Authorizers, UserInfo};
use cache::{Cache, Item, Shelf};
use kinds::Kind;
use object::{FieldSelector, Gvk, Result, Selector, Value, json};
use registry::{Call, DeleteOptions, Deleted, Registry, Target};
use std::sync::Arc;
use std::time::Duration;
use store::{Memory, Store};

pub(crate) const NOW: &str = "2026-01-02T03:04:05Z";

pub(crate) struct House {
    /// The store without its faults.
    pub(crate) store: Arc<dyn Store>,
    pub(crate) faulty: Arc<Faulty>,
    pub(crate) cache: Arc<Cache>,
    pub(crate) registry: Registry,
    user: UserInfo,
    authorized: Authorized,
}

impl House {
    pub(crate) async fn new(seed: u64) -> Arc<Self> {
        Self::over(Arc::new(Memory::new()), seed).await
    }

    pub(crate) async fn over(store: Arc<dyn Store>, seed: u64) -> Arc<Self> {
        let faulty = Arc::new(Faulty::new(store.clone(), seed));
        let cache = Cache::start(faulty.clone(), "/registry", kinds::all()).await.unwrap();
        let user = UserInfo::new("somebody", &[]);
        let attributes = Attributes::resource(Arc::new(user.clone()), "*", "", "*");
        let authorized =
            Authorizers::new(vec![Arc::new(AlwaysAllow)]).authorize(attributes).await.unwrap();
        let registry = Registry::new(
            cache.clone(),
            faulty.clone(),
            "/registry",
            Chain::default(),
            Vec::new(),
            Duration::from_secs(3600),
        );
        Arc::new(Self { store, faulty, cache, registry, user, authorized })
    }

    pub(crate) fn call(&self) -> Call<'_> {
        Call {
            user: &self.user,
            authorized: &self.authorized,
            options: json!({}),
            dry_run: false,
            uid_is_precondition: true,
            gvk: Gvk::new("", "v1", "ConfigMap"),
            manager: None,
            now: NOW.to_owned(),
            warnings: Default::default(),
        }
    }

    pub(crate) fn dry_call(&self) -> Call<'_> {
        Call { dry_run: true, ..self.call() }
    }

    pub(crate) fn shelf(&self, kind: &Kind) -> Arc<Shelf> {
        self.cache.shelf(kind).unwrap().clone()
    }

    pub(crate) async fn create(&self, kind: &'static Kind, object: Value) -> Result<Arc<Item>> {
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
        let target = Target { kind, subresource: "", namespace: &namespace, name: "" };
        self.registry.create(&self.call(), &target, object).await
    }

    /// Changes an object that is there.
    pub(crate) async fn change(
        &self,
        kind: &'static Kind,
        name: &str,
        edit: impl Fn(&mut Value) + Send + Sync,
    ) -> Result<Arc<Item>> {
        let change = |live: Option<&Value>| {
            Ok(live.map(|live| {
                let mut object = live.clone();
                object::meta::of(&mut object).remove("resourceVersion");
                edit(&mut object);
                object
            }))
        };
        let (item, _) = self.registry.update(&self.call(), &target(kind, name), &change).await?;
        Ok(item)
    }

    /// Puts an object as it is given.
    pub(crate) async fn replace(
        &self,
        call: &Call<'_>,
        kind: &'static Kind,
        object: Value,
    ) -> Result<(Arc<Item>, bool)> {
        let name = object::meta::name(&object).to_owned();
        let may_create = kind.strategy.allow_create_on_update();
        let change =
            |live: Option<&Value>| Ok((live.is_some() || may_create).then(|| object.clone()));
        self.registry.update(call, &target(kind, &name), &change).await
    }

    pub(crate) async fn delete(
        &self,
        kind: &'static Kind,
        name: &str,
        options: &DeleteOptions,
    ) -> Result<Deleted> {
        self.registry.delete(&self.call(), &target(kind, name), options).await
    }

    /// Without faults, and with everything that has happened in the cache.
    pub(crate) async fn settle(&self) -> store::Revision {
        self.faulty.plan(Plan::default());
        let newest = self.store.revision().await.unwrap();
        for _ in 0..20 {
            if self.cache.wait_for(newest).await.is_ok() {
                return newest;
            }
        }
        panic!("the cache does not come to revision {newest}");
    }

    /// What the store has under a name.
    pub(crate) async fn stored(&self, kind: &'static Kind, name: &str) -> Option<Value> {
        let key = key(kind, name);
        let (entry, _) = self.store.get(&key).await.unwrap();
        entry.map(|entry| Item::read(kind, &entry).unwrap().stored_value().unwrap())
    }
}

/// The place of an object of namespace `space` (or of no namespace) in the store.
pub(crate) fn key(kind: &'static Kind, name: &str) -> String {
    let place = kind.storage.as_ref().unwrap().key;
    match kind.namespaced {
        true => format!("/registry/{place}/space/{name}"),
        false => format!("/registry/{place}/{name}"),
    }
}

pub(crate) fn target<'a>(kind: &'static Kind, name: &'a str) -> Target<'a> {
    let namespace = if kind.namespaced { "space" } else { "" };
    Target { kind, subresource: "", namespace, name }
}

pub(crate) fn kind(group: &str, plural: &str) -> &'static Kind {
    let found = kinds::all().iter().find(|kind| kind.group == group && kind.plural == plural);
    found.unwrap()
}

pub(crate) fn config_maps() -> &'static Kind {
    kind("", "configmaps")
}

pub(crate) fn config_map(name: &str, app: &str, value: u64) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": name, "namespace": "space", "labels": { "app": app } },
        "data": { "value": value.to_string() },
    })
}

pub(crate) fn pod(name: &str, node: &str) -> Value {
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": name, "namespace": "space" },
        "spec": {
            "nodeName": node,
            "containers": [{ "name": "main", "image": "image", "imagePullPolicy": "Always" }],
        },
    });
    let root = schema::builtin().root(&Gvk::new("", "v1", "Pod")).unwrap();
    schema::defaults::apply(schema::builtin(), root, &mut pod);
    pod
}

pub(crate) fn query(namespace: Option<&str>, labels: &str, fields: &str) -> cache::Query {
    cache::Query {
        namespace: namespace.map(str::to_owned),
        labels: Selector::parse(labels).unwrap(),
        fields: FieldSelector::parse(fields).unwrap(),
    }
}
