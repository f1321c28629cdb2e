//! A user as the API knows one. Mirrors `k8s.io/apiserver/pkg/authentication/user`.

use object::names::{dns1123_label, dns1123_subdomain};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who asks: `authentication/v1` `UserInfo`, and shaped like it in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserInfo {
    /// The name, unique among users that are there at the same time.
    #[serde(rename = "username", skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Unique over time; often empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Their groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// More about them, from the authenticator; keys are lower-case, often domain-prefixed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, Vec<String>>,
}

/// The names of users that mean something to the API server.
pub mod names {
    /// Someone who showed nothing.
    pub const ANONYMOUS: &str = "system:anonymous";
    /// The API server itself.
    pub const APISERVER: &str = "system:apiserver";
    /// What a node's name follows.
    pub const NODE_PREFIX: &str = "system:node:";
    /// What `namespace:name` of a service account follows.
    pub const SERVICE_ACCOUNT_PREFIX: &str = "system:serviceaccount:";
    /// What a bootstrap token's id follows.
    pub const BOOTSTRAP_PREFIX: &str = "system:bootstrap:";
}

/// The names of groups that mean something to the API server.
pub mod group {
    /// May do anything, whatever the authorizers say.
    pub const PRIVILEGED: &str = "system:masters";
    /// Everybody whom we know.
    pub const AUTHENTICATED: &str = "system:authenticated";
    /// Everybody whom we don't know.
    pub const UNAUTHENTICATED: &str = "system:unauthenticated";
    /// Nodes.
    pub const NODES: &str = "system:nodes";
    /// All service accounts.
    pub const SERVICE_ACCOUNTS: &str = "system:serviceaccounts";
    /// All bootstrap tokens.
    pub const BOOTSTRAPPERS: &str = "system:bootstrappers";
}

/// The key of [`UserInfo::extra`] that says which credential was shown.
pub(crate) const CREDENTIAL_ID_KEY: &str = "authentication.kubernetes.io/credential-id";

impl UserInfo {
    /// A user of this name in these groups.
    pub fn new(name: impl Into<String>, groups: &[&str]) -> Self {
        Self {
            name: name.into(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            ..Self::default()
        }
    }

    /// The API server, when it speaks to itself.
    pub fn apiserver() -> Self {
        Self::new(names::APISERVER, &[group::PRIVILEGED])
    }

    /// Whether they are in this group.
    pub fn in_group(&self, group: &str) -> bool {
        self.groups.iter().any(|own| own == group)
    }

    /// The namespace and name when this is a service account; one whose namespace or name can't be
    /// is none.
    pub fn service_account(&self) -> Option<(&str, &str)> {
        let (namespace, name) =
            self.name.strip_prefix(names::SERVICE_ACCOUNT_PREFIX)?.split_once(':')?;
        let good = dns1123_label(namespace).is_empty() && dns1123_subdomain(name).is_empty();
        good.then_some((namespace, name))
    }

    /// The node's name when this is a node; empty when it is one that does not say which.
    pub fn node(&self) -> Option<&str> {
        let name = self.name.strip_prefix(names::NODE_PREFIX)?;
        self.in_group(group::NODES).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn is_shaped_like_the_apis_user_info() {
        let mut user = UserInfo::new("alice", &["devs"]);
        user.extra.insert("k".into(), vec!["v".into()]);
        let shape = json!({"username": "alice", "groups": ["devs"], "extra": {"k": ["v"]}});
        assert_eq!(serde_json::to_value(&user).expect("serializes"), shape);
        assert_eq!(serde_json::from_value::<UserInfo>(shape).expect("reads"), user);
    }

    #[test]
    fn service_accounts_and_nodes_are_known_by_their_names() {
        let account = UserInfo::new("system:serviceaccount:kube-system:robot", &[]);
        assert_eq!(account.service_account(), Some(("kube-system", "robot")));
        for odd in ["a:b:c", "a", "a:", ":b", "A:b", "a.b:c", "a:B"] {
            let user = UserInfo::new(format!("system:serviceaccount:{odd}"), &[]);
            assert_eq!(user.service_account(), None, "{odd}");
        }
        assert_eq!(UserInfo::new("system:node:n1", &[group::NODES]).node(), Some("n1"));
        assert_eq!(UserInfo::new("system:node:n1", &[]).node(), None);
    }
}
