//! What someone wants to do. Mirrors `authorizer.AttributesRecord` in
//! `k8s.io/apiserver/pkg/authorization/authorizer`.

use crate::UserInfo;
use object::quote::{harmless, quoted};
use object::{ApiError, FieldSelector, GroupResource, Reason, Selector};
use std::sync::Arc;

/// One question to the authorizers: may this user do this to that?
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    /// Who asks.
    pub user: Arc<UserInfo>,
    /// `get`, `list`, `watch`, `create`, ... for resources; the HTTP method in lower case for
    /// other paths.
    pub verb: String,
    /// Whether this is about a resource; else `path` says what.
    pub is_resource: bool,
    /// The API group, empty for core.
    pub group: String,
    /// The version, or `*`.
    pub version: String,
    /// The resource, lower-case plural.
    pub resource: String,
    /// The subresource, or empty.
    pub subresource: String,
    /// The namespace; empty at the cluster's scope and across all namespaces.
    pub namespace: String,
    /// The object's name; empty where there is none, as on list and create.
    pub name: String,
    /// The URL's path.
    pub path: String,
    /// The field selector of a list, watch or deletecollection, where it could be read.
    pub field_selector: Option<FieldSelector>,
    /// The label selector of the same.
    pub label_selector: Option<Selector>,
}

impl Attributes {
    /// Of a question about a resource.
    pub fn resource(user: Arc<UserInfo>, verb: &str, group: &str, resource: &str) -> Self {
        Self {
            user,
            verb: verb.to_owned(),
            is_resource: true,
            group: group.to_owned(),
            version: "*".to_owned(),
            resource: resource.to_owned(),
            ..Self::default()
        }
    }

    /// Of a question about another path.
    pub fn path(user: Arc<UserInfo>, verb: &str, path: &str) -> Self {
        Self { user, verb: verb.to_owned(), path: path.to_owned(), ..Self::default() }
    }

    /// In this namespace.
    #[must_use]
    pub fn in_namespace(mut self, namespace: &str) -> Self {
        namespace.clone_into(&mut self.namespace);
        self
    }

    /// About the object of this name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// About this subresource.
    #[must_use]
    pub fn subresource(mut self, subresource: &str) -> Self {
        subresource.clone_into(&mut self.subresource);
        self
    }

    /// Whether the verb changes nothing.
    pub fn is_read_only(&self) -> bool {
        matches!(self.verb.as_str(), "get" | "list" | "watch")
    }

    /// The resource, with the subresource behind a slash.
    pub fn combined_resource(&self) -> String {
        if self.subresource.is_empty() {
            return self.resource.clone();
        }
        format!("{}/{}", self.resource, self.subresource)
    }

    /// 403 in upstream's words; `reason` is what the authorizers had to say, often nothing.
    pub fn forbidden(&self, reason: &str) -> ApiError {
        let mut why = harmless(&self.refusal());
        if !reason.is_empty() {
            why = format!("{why}: {reason}");
        }
        if self.is_resource {
            let resource = GroupResource::new(self.group.clone(), self.resource.clone());
            return ApiError::forbidden(&resource, &self.name, why);
        }
        let mut error = ApiError::new(403, Reason::Forbidden, format!("forbidden: {why}"));
        error.details = Some(Box::default());
        error
    }

    fn refusal(&self) -> String {
        let (user, verb) = (quoted(&self.user.name), &self.verb);
        if !self.is_resource {
            return format!("User {user} cannot {verb} path {}", quoted(&self.path));
        }
        let scope = match self.namespace.as_str() {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in the namespace {}", quoted(namespace)),
        };
        let (resource, group) = (quoted(&self.combined_resource()), quoted(&self.group));
        format!("User {user} cannot {verb} resource {resource} in API group {group} {scope}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_refusal_reads_as_upstreams() {
        let alice = Arc::new(UserInfo::new("alice", &[]));
        let pods = Attributes::resource(alice.clone(), "list", "", "pods").in_namespace("default");
        assert_eq!(
            pods.forbidden("").to_string(),
            "pods is forbidden: User \"alice\" cannot list resource \"pods\" in API group \"\" in \
             the namespace \"default\""
        );
        let node = Attributes::resource(alice.clone(), "get", "", "nodes").named("x");
        let error = node.subresource("status").forbidden("RBAC: why");
        assert_eq!(
            error.to_string(),
            "nodes \"x\" is forbidden: User \"alice\" cannot get resource \"nodes/status\" in API \
             group \"\" at the cluster scope: RBAC: why"
        );
        let odd = Arc::new(UserInfo::new("<a & b>", &[]));
        let error = Attributes::resource(odd, "get", "", "pods").named("<c>").forbidden("<d>");
        assert_eq!(
            error.to_string(),
            "pods \"<c>\" is forbidden: User \"&lt;a &amp; b&gt;\" cannot get resource \"pods\" in \
             API group \"\" at the cluster scope: <d>"
        );
        let path = Attributes::path(alice, "get", "/foo").forbidden("").to_status();
        assert_eq!(path["message"], "forbidden: User \"alice\" cannot get path \"/foo\"");
        assert_eq!(path["details"], json!({}));
    }
}
