//! One rule of a role, and what it matches. Mirrors `pkg/apis/rbac/v1/evaluation_helpers.go` of
//! `k8s.io/kubernetes`.

use crate::Attributes;
use object::Value;
use object::quote::quoted;
use serde::{Deserialize, Deserializer, Serialize};

/// `rbac/v1` `PolicyRule`, and shaped like it in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[allow(missing_docs, reason = "the fields are upstream's")]
pub struct Rule {
    #[serde(deserialize_with = "list")]
    pub verbs: Vec<String>,
    #[serde(deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub api_groups: Vec<String>,
    #[serde(deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    #[serde(deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub resource_names: Vec<String>,
    #[serde(
        rename = "nonResourceURLs",
        deserialize_with = "list",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub non_resource_urls: Vec<String>,
}

/// A list that may be `null`.
fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Rule {
    /// The rules of a role: its field `rules`.
    ///
    /// # Errors
    /// What is wrong with the shape; a role that was validated has none of that.
    pub fn of_role(role: &Value) -> Result<Vec<Self>, String> {
        match &role["rules"] {
            Value::Null => Ok(Vec::new()),
            rules => Vec::deserialize(rules).map_err(|error| error.to_string()),
        }
    }

    /// Whether the rule grants this.
    pub fn allows(&self, attributes: &Attributes) -> bool {
        if !has_or_all(&self.verbs, &attributes.verb) {
            return false;
        }
        if !attributes.is_resource {
            return self.matches_path(&attributes.path);
        }
        has_or_all(&self.api_groups, &attributes.group)
            && self.matches_resource(&attributes.resource, &attributes.subresource)
            && (self.resource_names.is_empty() || self.resource_names.contains(&attributes.name))
    }

    fn matches_resource(&self, resource: &str, subresource: &str) -> bool {
        self.resources.iter().any(|rule| match rule.split_once('/') {
            None => rule == "*" || (subresource.is_empty() && rule == resource),
            Some((left, right)) => {
                !subresource.is_empty() && right == subresource && (left == "*" || left == resource)
            }
        })
    }

    fn matches_path(&self, path: &str) -> bool {
        self.non_resource_urls.iter().any(|rule| {
            rule == path || (rule.ends_with('*') && path.starts_with(rule.trim_end_matches('*')))
        })
    }

    /// The rule as a sentence about what is missing prints it.
    pub fn compact(&self) -> String {
        let parts = [
            ("APIGroups", &self.api_groups),
            ("Resources", &self.resources),
            ("NonResourceURLs", &self.non_resource_urls),
            ("ResourceNames", &self.resource_names),
            ("Verbs", &self.verbs),
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|(_, list)| !list.is_empty())
            .map(|(name, list)| format!("{name}:{}", quoted_list(list)))
            .collect();
        format!("{{{}}}", parts.join(", "))
    }
}

/// A list as Go's `%q` prints it.
pub(in crate::authorization) fn quoted_list(list: &[String]) -> String {
    let items: Vec<String> = list.iter().map(|item| quoted(item)).collect();
    format!("[{}]", items.join(" "))
}

fn has_or_all(list: &[String], wanted: &str) -> bool {
    list.iter().any(|item| item == "*" || item == wanted)
}
