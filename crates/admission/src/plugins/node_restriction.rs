//! `NodeRestriction`: a kubelet writes only what is its own.
//!
//! Mirrors `plugin/pkg/admission/noderestriction`. In-tree volumes that a CSI driver has taken
//! over are not looked through for the audiences of their driver's tokens.

mod mirror;
mod node;
mod token;

use super::Setup;
use super::pod_parts::text;
use super::signing_request::Subject;
use crate::{Cluster, Operation, Plugin, Request};
use async_trait::async_trait;
use auth::{group, names};
use object::{ApiError, GroupResource, Result, Value, meta};
use std::sync::Arc;

struct NodeRestriction {
    cluster: Arc<dyn Cluster>,
}

pub(super) fn make(setup: &Setup) -> Box<dyn Plugin> {
    Box::new(NodeRestriction { cluster: setup.cluster.clone() })
}

/// One request of a node.
struct Asked<'a> {
    request: &'a Request<'a>,
    node: &'a str,
    object: Option<&'a Value>,
    cluster: &'a dyn Cluster,
}

impl Asked<'_> {
    fn refuse<T>(&self, why: impl std::fmt::Display) -> Result<T> {
        Err(self.request.forbidden(self.object, why))
    }

    fn unless(&self, good: bool, why: impl std::fmt::Display) -> Result<()> {
        if good { Ok(()) } else { self.refuse(why) }
    }

    /// The pod that the request names, or one of this name.
    async fn pod(&self, name: &str) -> Result<Arc<Value>> {
        let pods = GroupResource::new("", "pods");
        let found = match self.cluster.get(&pods, self.request.namespace, name) {
            Some(pod) => Some(pod),
            None => self.cluster.newest(&pods, self.request.namespace, name).await?,
        };
        found.ok_or_else(|| not_found("pod", name))
    }
}

#[async_trait]
impl Plugin for NodeRestriction {
    fn name(&self) -> &'static str {
        "NodeRestriction"
    }

    async fn admit(&self, request: &Request<'_>, object: Option<&mut Value>) -> Result<()> {
        let Some(node) = request.user.name.strip_prefix(names::NODE_PREFIX) else { return Ok(()) };
        if !request.user.in_group(group::NODES) || request.operation == Operation::Connect {
            return Ok(());
        }
        let object = object.as_deref();
        if node.is_empty() {
            let name = &request.user.name;
            let why = format!("could not determine node from user {name:?}");
            return Err(request.forbidden(object, why));
        }
        let asked = Asked { request, node, object, cluster: &*self.cluster };
        let (kind, part) = (request.kind, request.subresource);
        match (kind.group, kind.plural, part) {
            ("", "pods", "") => pod(&asked).await,
            ("", "pods", "status") => pod_status(&asked),
            ("", "pods", "eviction") => eviction(&asked).await,
            ("", "pods", part) => asked.refuse(format!(
                "unexpected pod subresource {part:?}, only 'status' and 'eviction' are allowed"
            )),
            ("", "nodes", _) => node::admit(&asked),
            ("", "persistentvolumeclaims", "status") => claim_status(&asked),
            ("", "persistentvolumeclaims", _) => asked.refuse("may only update PVC status"),
            ("", "serviceaccounts", "token") => token::admit(&asked).await,
            ("coordination.k8s.io", "leases", _) => {
                let place = "kube-node-lease";
                asked.unless(
                    request.namespace == place,
                    format!("can only access leases in the {place:?} system namespace"),
                )?;
                own_name(&asked, "node lease")
            }
            ("storage.k8s.io", "csinodes", _) => own_name(&asked, "CSINode"),
            ("resource.k8s.io", "resourceslices", _) => slice(&asked),
            ("certificates.k8s.io", "certificatesigningrequests", _) => csr(&asked),
            _ => Ok(()),
        }
    }
}

/// What upstream's listers say of an object that is not there; `kind` is in the singular.
fn not_found(kind: &'static str, name: &str) -> ApiError {
    let (kind, group) = kind.split_once('.').unwrap_or((kind, ""));
    ApiError::not_found(&GroupResource::new(group, kind), name)
}

async fn pod(asked: &Asked<'_>) -> Result<()> {
    let node = asked.node;
    match asked.request.operation {
        Operation::Create => mirror::admit(asked).await,
        Operation::Delete => {
            let pod = asked.pod(asked.request.name).await?;
            asked.unless(
                pod["spec"]["nodeName"] == node,
                format!("node {node:?} can only delete pods with spec.nodeName set to itself"),
            )
        }
        operation => asked.refuse(format!(
            "unexpected operation {:?}, node {node:?} can only create and delete mirror pods",
            word(operation)
        )),
    }
}

fn pod_status(asked: &Asked<'_>) -> Result<()> {
    let node = asked.node;
    let (Some(old), Some(new), Operation::Update) =
        (asked.request.old, asked.object, asked.request.operation)
    else {
        return asked.refuse(format!("unexpected operation {:?}", word(asked.request.operation)));
    };
    asked.unless(
        old["spec"]["nodeName"] == node,
        format!(
            "node {node:?} can only update pod status for pods with spec.nodeName set to itself"
        ),
    )?;
    let labels =
        |pod| meta::labels(pod).map(|(k, v)| (k.to_owned(), v.to_owned())).collect::<Vec<_>>();
    asked.unless(
        labels(old) == labels(new),
        format!("node {node:?} cannot update labels through pod status"),
    )?;
    let same = |field: &str| old["status"][field] == new["status"][field];
    asked.unless(
        same("resourceClaimStatuses"),
        format!("node {node:?} cannot update resource claim statues"),
    )?;
    asked.unless(
        same("extendedResourceClaimStatus"),
        format!("node {node:?} cannot update extended resource claim status"),
    )
}

async fn eviction(asked: &Asked<'_>) -> Result<()> {
    let node = asked.node;
    if asked.request.operation != Operation::Create {
        return asked.refuse(format!("unexpected operation {}", word(asked.request.operation)));
    }
    let pod = asked.pod(asked.request.name).await?;
    asked.unless(
        pod["spec"]["nodeName"] == node,
        format!("node {node} can only evict pods with spec.nodeName set to itself"),
    )
}

fn claim_status(asked: &Asked<'_>) -> Result<()> {
    const OWN: &[&str] =
        &["capacity", "conditions", "allocatedResourceStatuses", "allocatedResources"];
    let (Some(old), Some(new), Operation::Update) =
        (asked.request.old, asked.object, asked.request.operation)
    else {
        return asked.refuse(format!("unexpected operation {:?}", word(asked.request.operation)));
    };
    let rest = |claim: &Value| {
        let mut claim = claim.clone();
        for (part, fields) in
            [("status", OWN), ("metadata", &["resourceVersion", "managedFields"][..])]
        {
            for field in fields {
                meta::entry(&mut claim, part).remove(*field);
            }
        }
        claim
    };
    asked.unless(
        rest(old) == rest(new),
        format!(
            "node {:?} is not allowed to update fields other than status.quantity and status.conditions",
            asked.node
        ),
    )
}

fn own_name(asked: &Asked<'_>, what: &str) -> Result<()> {
    let name = match (asked.request.operation, asked.object) {
        (Operation::Create, Some(object)) => meta::name(object),
        _ => asked.request.name,
    };
    asked.unless(
        name == asked.node,
        format!("can only access {what} with the same name as the requesting node"),
    )
}

fn slice(asked: &Asked<'_>) -> Result<()> {
    let (slice, verb) = match asked.request.operation {
        Operation::Create => (asked.object, "create"),
        Operation::Delete => (asked.request.old, "delete"),
        Operation::Update | Operation::Connect => return Ok(()),
    };
    let own = slice.is_some_and(|slice| slice["spec"]["nodeName"] == asked.node);
    asked.unless(
        own,
        format!("can only {verb} ResourceSlice with the same NodeName as the requesting node"),
    )
}

fn csr(asked: &Asked<'_>) -> Result<()> {
    const SIGNERS: &[&str] =
        &["kubernetes.io/kubelet-serving", "kubernetes.io/kube-apiserver-client-kubelet"];
    let Some(object) = asked.object.filter(|_| asked.request.operation == Operation::Create) else {
        return Ok(());
    };
    if !SIGNERS.contains(&text(&object["spec"]["signerName"])) {
        return Ok(());
    }
    let expected = format!("{}{}", names::NODE_PREFIX, asked.node);
    match Subject::of_request(&object["spec"]["request"]) {
        Err(why) => asked.refuse(format!("unable to parse csr: {why}")),
        Ok(subject) => asked.unless(
            subject.common_name == expected,
            format!("can only create a node CSR with CN={expected}"),
        ),
    }
}

fn word(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "CREATE",
        Operation::Update => "UPDATE",
        Operation::Delete => "DELETE",
        Operation::Connect => "CONNECT",
    }
}

#[cfg(test)]
mod tests;
