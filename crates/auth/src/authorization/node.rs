//! `--authorization-mode=Node`: a kubelet reads what its own pods need, and no more.
//!
//! Mirrors `plugin/pkg/auth/authorizer/node` of `k8s.io/kubernetes` with the default feature
//! gates; PodCertificateRequest is off there, so nodes have no opinion from here about those. What
//! a node may write into the objects that it may write is the NodeRestriction plugin's business.

mod graph;
mod references;

use super::rbac::Rule;
use super::{Authorizer, Decision, SubjectRules};
use crate::{Attributes, Change, Objects, UserInfo, bootstrap};
use async_trait::async_trait;
use graph::Graph;
use object::GroupResource;
use object::quote::quoted;
use references::Kind;
use std::sync::{Arc, PoisonError, RwLock};

/// Where the nodes' leases lie.
const LEASE_NAMESPACE: &str = "kube-node-lease";

/// Decides about nodes.
pub struct NodeAuthorizer {
    graph: Arc<RwLock<Graph>>,
    rules: Vec<Rule>,
}

impl NodeAuthorizer {
    /// By the pods, volumes and attachments of this cluster, now and as they change.
    pub fn over(objects: &dyn Objects) -> Self {
        let authorizer = Self { graph: Arc::default(), rules: bootstrap::node_rules() };
        for (group, resource) in graph::SOURCES {
            let graph = authorizer.graph.clone();
            let watcher = move |change: &Change| {
                graph.write().unwrap_or_else(PoisonError::into_inner).apply(resource, change);
            };
            objects.watch(&GroupResource::new(group, resource), Arc::new(watcher));
        }
        authorizer
    }

    fn decide(&self, attributes: &Attributes) -> Decision {
        let Some(node) = attributes.user.node() else { return silent() };
        if node.is_empty() {
            return no(format!("unknown node for user {}", quoted(&attributes.user.name)));
        }
        if !attributes.is_resource {
            return self.by_rules(attributes);
        }
        let asked = Asked { graph: &self.graph, node, attributes };
        match (attributes.group.as_str(), attributes.resource.as_str()) {
            ("", "secrets") => asked.read(Kind::Secret),
            ("", "configmaps") => asked.read(Kind::ConfigMap),
            ("", "persistentvolumeclaims") if attributes.subresource == "status" => {
                asked.claim_status()
            }
            ("", "persistentvolumeclaims") => asked.get(Kind::Claim),
            ("", "persistentvolumes") => asked.get(Kind::Volume),
            ("resource.k8s.io", "resourceclaims") => asked.get(Kind::ResourceClaim),
            ("storage.k8s.io", "volumeattachments") => asked.get(Kind::Attachment),
            ("", "serviceaccounts") => asked.service_account(),
            ("coordination.k8s.io", "leases") => asked.lease(),
            ("storage.k8s.io", "csinodes") => asked.csi_node(),
            ("resource.k8s.io", "resourceslices") => asked.resource_slice(),
            ("", "nodes") => asked.node(),
            ("", "pods") => asked.pod(),
            ("certificates.k8s.io", "podcertificaterequests") => silent(),
            _ => self.by_rules(attributes),
        }
    }

    fn by_rules(&self, attributes: &Attributes) -> Decision {
        match self.rules.iter().any(|rule| rule.allows(attributes)) {
            true => yes(),
            false => silent(),
        }
    }
}

#[async_trait]
impl Authorizer for NodeAuthorizer {
    async fn authorize(&self, attributes: &Attributes) -> Decision {
        self.decide(attributes)
    }

    fn rules_for(&self, user: &UserInfo, _: &str) -> SubjectRules {
        let mut rules = SubjectRules::default();
        if user.node().is_some() {
            rules.incomplete = true;
            rules.evaluation_error =
                "node authorizer does not support user rule resolution".to_owned();
        }
        rules
    }
}

impl std::fmt::Debug for NodeAuthorizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NodeAuthorizer")
    }
}

fn yes() -> Decision {
    Decision::Allow(String::new())
}

fn no(why: impl Into<String>) -> Decision {
    Decision::NoOpinion(why.into())
}

fn silent() -> Decision {
    Decision::NoOpinion(String::new())
}

/// One question of one node.
struct Asked<'a> {
    graph: &'a RwLock<Graph>,
    node: &'a str,
    attributes: &'a Attributes,
}

impl Asked<'_> {
    fn verb(&self) -> &str {
        &self.attributes.verb
    }

    fn is_of_subresource(&self) -> bool {
        !self.attributes.subresource.is_empty()
    }

    /// Whether the object is one that this node's pods need.
    fn related(&self, kind: Kind) -> Decision {
        let Attributes { namespace, name, .. } = self.attributes;
        if name.is_empty() {
            return no("No Object name found");
        }
        let graph = self.graph.read().unwrap_or_else(PoisonError::into_inner);
        if graph.relates(kind, namespace, name, self.node) {
            return yes();
        }
        no(format!("no relationship found between node '{}' and this object", self.node))
    }

    fn read(&self, kind: Kind) -> Decision {
        if !self.attributes.is_read_only() {
            return no("can only read resources of this type");
        }
        if self.is_of_subresource() {
            return no("cannot read subresource");
        }
        if self.attributes.namespace.is_empty() {
            return no("can only read namespaced object of this type");
        }
        self.related(kind)
    }

    fn get(&self, kind: Kind) -> Decision {
        if self.verb() != "get" {
            return no("can only get individual resources of this type");
        }
        if self.is_of_subresource() {
            return no("cannot get subresource");
        }
        self.related(kind)
    }

    fn claim_status(&self) -> Decision {
        match self.verb() {
            "update" | "patch" => self.related(Kind::Claim),
            _ => no("can only get/update/patch this type"),
        }
    }

    fn service_account(&self) -> Decision {
        if self.verb() == "get" && !self.is_of_subresource() {
            return self.read(Kind::ServiceAccount);
        }
        if self.verb() != "create" || self.attributes.name.is_empty() {
            return no("can only create tokens for individual service accounts");
        }
        if self.attributes.subresource != "token" {
            return no("can only create token subresource of serviceaccount");
        }
        self.related(Kind::ServiceAccount)
    }

    /// Whether a write concerns the object of the node's own name; at create the name is not known
    /// here, and the NodeRestriction plugin looks.
    fn is_own_or_new(&self) -> bool {
        self.verb() == "create" || self.attributes.name == self.node
    }

    fn lease(&self) -> Decision {
        if !matches!(self.verb(), "get" | "create" | "update" | "patch" | "delete") {
            return no("can only get, create, update, patch, or delete a node lease");
        }
        if self.attributes.namespace != LEASE_NAMESPACE {
            return no(format!(
                "can only access leases in the \"{LEASE_NAMESPACE}\" system namespace"
            ));
        }
        if !self.is_own_or_new() {
            return no("can only access node lease with the same name as the requesting node");
        }
        yes()
    }

    fn csi_node(&self) -> Decision {
        if !matches!(self.verb(), "get" | "create" | "update" | "patch" | "delete") {
            return no("can only get, create, update, patch, or delete a CSINode");
        }
        if self.is_of_subresource() {
            return no("cannot authorize CSINode subresources");
        }
        if !self.is_own_or_new() {
            return no("can only access CSINode with the same name as the requesting node");
        }
        yes()
    }

    fn resource_slice(&self) -> Decision {
        if self.is_of_subresource() {
            return no("cannot authorize ResourceSlice subresources");
        }
        match self.verb() {
            "create" => yes(),
            "get" | "update" | "patch" | "delete" => self.related(Kind::ResourceSlice),
            "watch" | "list" | "deletecollection" if self.selects_own("spec.nodeName") => yes(),
            "watch" | "list" | "deletecollection" => no(
                "can only list/watch/deletecollection resourceslices with nodeName field selector",
            ),
            _ => no("only the following verbs are allowed for a ResourceSlice: get, watch, list, \
                 create, update, patch, delete, deletecollection"),
        }
    }

    fn node(&self) -> Decision {
        match (self.attributes.subresource.as_str(), self.verb()) {
            ("", "create" | "update" | "patch") | ("status", "update" | "patch") => yes(),
            ("", "get" | "list" | "watch") => match self.attributes.name.as_str() {
                name if name == self.node => yes(),
                "" => no(format!(
                    "node '{}' cannot read all nodes, only its own Node object",
                    self.node
                )),
                name => no(format!(
                    "node '{}' cannot read '{name}', only its own Node object",
                    self.node
                )),
            },
            _ => silent(),
        }
    }

    fn pod(&self) -> Decision {
        match (self.attributes.subresource.as_str(), self.verb()) {
            ("", "get") => self.get(Kind::Pod),
            ("", "list" | "watch") if self.selects_own("spec.nodeName") => yes(),
            ("", "list" | "watch") if !self.attributes.name.is_empty() => self.related(Kind::Pod),
            ("", "list" | "watch") => {
                no("can only list/watch pods with spec.nodeName field selector")
            }
            ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create") => {
                yes()
            }
            _ => silent(),
        }
    }

    /// Whether the request's field selector asks for this node's objects only.
    fn selects_own(&self, field: &str) -> bool {
        let terms = self.attributes.field_selector.as_ref().map(object::FieldSelector::terms);
        terms
            .unwrap_or_default()
            .iter()
            .any(|term| term.equal && term.field == field && term.value == self.node)
    }
}

#[cfg(test)]
mod tests;
