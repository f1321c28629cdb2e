//! What is done about one object, once the graph says that something may be. [`plan`] decides,
//! after the object and its owners were asked for.

use super::graph::{Graph, Node, Uid};
use super::plan::{Latest, Owner, Step, plan};
use crate::context::Context;
use crate::discovery::{Resource, discover};
use control::{Action, EventType, Outcome, Queue, Recorder, SyncError, execute};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::Client;
use serde::Deserialize;
use serde_json::json;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const METADATA: &str =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

/// Owners that were asked for and are gone, as many as are remembered.
const ABSENT_MAX: usize = 500;

/// The graph, and what it takes to act on it.
pub(super) struct Collector {
    client: Client,
    graph: Mutex<Graph>,
    /// The objects to look at.
    pub(super) queue: Queue<Uid>,
    absent: Mutex<HashSet<Uid>>,
    resources: Mutex<Arc<Vec<Arc<Resource>>>>,
    recorder: Recorder,
}

/// An object as far as this controller reads it.
#[derive(Deserialize)]
struct Partial {
    metadata: ObjectMeta,
}

impl Collector {
    pub(super) fn new(context: &Context) -> Self {
        Self {
            // Each deletion takes two requests.
            client: context.paced_client(client::Pace { qps: 2.0, burst: 1 }),
            graph: Mutex::default(),
            queue: Queue::named("garbage_collector_attempt_to_delete"),
            absent: Mutex::default(),
            resources: Mutex::default(),
            recorder: context.recorder_as("garbage-collector-controller"),
        }
    }

    /// Looks at one object, and does what is to be done about it.
    pub(super) async fn sync(&self, uid: Uid) -> Result<Outcome, SyncError> {
        let Some(node) = self.graph().get(&uid).cloned() else { return Ok(Outcome::Done) };
        if node.is_deleting && !node.waits_for_dependents && !node.orphans_dependents {
            return Ok(Outcome::Done);
        }
        let path = node.path();
        let Some(meta) = self.get(&path).await? else {
            self.remove(&uid);
            return Ok(Outcome::Done);
        };
        if meta.uid.as_deref() != Some(&*uid) {
            self.remove(&uid);
            return Ok(Outcome::Done);
        }
        let mut owners = Vec::new();
        if !node.is_deleting {
            for reference in meta.owner_references.iter().flatten() {
                match self.owner(&node, reference).await? {
                    Some(owner) => owners.push((reference.clone(), owner)),
                    None => return Ok(self.complain(&node, reference)),
                }
            }
        }
        let (dependents, blocking) = {
            let graph = self.graph();
            (graph.dependents(&uid), graph.blocking(&uid))
        };
        let latest = Latest { path, meta, owners, dependents: &dependents, blocking: &blocking };
        for step in plan(&node, latest) {
            match step {
                Step::Look(uid) => self.queue.add(uid),
                Step::Do(action) => self.execute(&uid, &action).await?,
                Step::Release { path, uid: dependent } => {
                    self.release(&path, &dependent, &uid).await?;
                }
            }
        }
        Ok(Outcome::Done)
    }

    async fn execute(&self, uid: &Uid, action: &Action) -> Result<(), SyncError> {
        match execute(&self.client, action).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => {
                self.remove(uid);
                Ok(())
            }
            Err(error) if client::is_not_found(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes the reference to `owner` out of the object at `path`, if it is still `uid`. The list
    /// is written whole: custom resources know no merging of lists.
    async fn release(&self, path: &str, uid: &str, owner: &str) -> Result<(), SyncError> {
        let Some(meta) = self.get(path).await? else { return Ok(()) };
        let mut references = meta.owner_references.unwrap_or_default();
        let count = references.len();
        references.retain(|reference| reference.uid != owner);
        if meta.uid.as_deref() != Some(uid) || references.len() == count {
            return Ok(());
        }
        let body = json!({"metadata": {"uid": uid, "resourceVersion": meta.resource_version,
            "ownerReferences": references}});
        let action = Action::Patch { path: path.to_owned(), strategic: false, body };
        match execute(&self.client, &action).await {
            Err(error) if client::is_not_found(&error) => Ok(()),
            other => Ok(other.map(drop)?),
        }
    }

    /// What has become of an owner; `None` when there can be no such owner.
    async fn owner(
        &self,
        node: &Node,
        reference: &OwnerReference,
    ) -> Result<Option<Owner>, SyncError> {
        let uid: Uid = reference.uid.as_str().into();
        let known = {
            let graph = self.graph();
            graph
                .get(&uid)
                .filter(|owner| owner.is_named(reference, &node.namespace))
                .map(Owner::of)
        };
        if let Some(owner) = known {
            return Ok(Some(owner));
        }
        if self.is_in_another_namespace(node, &uid) {
            self.complain(node, reference);
        }
        let absent_key: Uid = format!("{}/{}/{uid}", node.namespace, reference.name).into();
        if self.absent().contains(&absent_key) {
            return Ok(Some(Owner::Gone));
        }
        let resource = self.resource_of(reference).await?;
        if resource.namespaced && node.namespace.is_empty() {
            return Ok(None);
        }
        let namespace = Some(&*node.namespace).filter(|namespace| !namespace.is_empty());
        let path = format!("{}/{}", resource.path(namespace), reference.name);
        let found = self.get(&path).await?.filter(|meta| meta.uid.as_deref() == Some(&*uid));
        Ok(Some(match found {
            Some(meta) => Owner::of_meta(&meta),
            None => {
                let mut absent = self.absent();
                if absent.len() >= ABSENT_MAX {
                    absent.clear();
                }
                absent.insert(absent_key);
                Owner::Gone
            }
        }))
    }

    /// Whether what `node` calls its owner is there, and can't be its.
    fn is_in_another_namespace(&self, node: &Node, owner: &str) -> bool {
        let graph = self.graph();
        let owner = graph.get(owner).map(|owner| &owner.namespace);
        owner.is_some_and(|namespace| {
            !namespace.is_empty() && !node.namespace.is_empty() && *namespace != node.namespace
        })
    }

    async fn resource_of(&self, reference: &OwnerReference) -> Result<Arc<Resource>, SyncError> {
        let find = |resources: &[Arc<Resource>]| {
            let group = reference.api_version.rsplit_once('/').map_or("", |(group, _)| group);
            let is_it = |r: &&Arc<Resource>| r.kind == reference.kind && r.group == group;
            resources.iter().find(is_it).cloned()
        };
        let known = self.resources.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(resource) = find(&known) {
            return Ok(resource);
        }
        let found = discover(&self.client).await?;
        let fresh: Vec<_> = found.resources.into_iter().map(Arc::new).collect();
        find(&fresh).ok_or_else(|| {
            SyncError::Other(format!(
                "unable to get REST mapping for {}/{}.",
                reference.api_version, reference.kind
            ))
        })
    }

    /// Tells of an owner that can't be one.
    fn complain(&self, node: &Node, reference: &OwnerReference) -> Outcome {
        let about = ObjectReference {
            api_version: Some(node.resource.api_version()),
            kind: Some(node.resource.kind.clone()),
            name: Some(node.name.to_string()),
            namespace: Some(node.namespace.to_string()).filter(|namespace| !namespace.is_empty()),
            uid: Some(node.uid.to_string()),
            ..ObjectReference::default()
        };
        let namespace = &node.namespace;
        let message = format!(
            "ownerRef [{}/{}, namespace: {namespace}, name: {}, uid: {}] does not exist in \
             namespace {namespace:?}",
            reference.api_version, reference.kind, reference.name, reference.uid
        );
        self.recorder.tell_about(about, EventType::Warning, "OwnerRefInvalidNamespace", message);
        Outcome::Done
    }

    async fn get(&self, path: &str) -> Result<Option<ObjectMeta>, SyncError> {
        let request = http::Request::get(path)
            .header(http::header::ACCEPT, METADATA)
            .body(Vec::new())
            .map_err(kube::Error::HttpError)?;
        match self.client.request::<Partial>(request).await {
            Ok(partial) => Ok(Some(partial.metadata)),
            Err(error) if client::is_not_found(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes in an object's state.
    pub(super) fn set(&self, node: Node) {
        let uids = self.graph().set(node);
        uids.into_iter().for_each(|uid| self.queue.add(uid));
    }

    /// Forgets an object, and looks at what it leaves behind.
    pub(super) fn remove(&self, uid: &str) {
        let uids = self.graph().remove(uid);
        uids.into_iter().for_each(|uid| self.queue.add(uid));
    }

    /// Takes in which resources there are.
    pub(super) fn set_resources(&self, resources: Vec<Resource>) {
        let resources = Arc::new(resources.into_iter().map(Arc::new).collect());
        *self.resources.lock().unwrap_or_else(PoisonError::into_inner) = resources;
    }

    pub(super) fn graph(&self) -> MutexGuard<'_, Graph> {
        self.graph.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn absent(&self) -> MutexGuard<'_, HashSet<Uid>> {
        self.absent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
