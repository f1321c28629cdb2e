//! Roles by name, bindings by subject; kept up to date one object at a time.

use super::Rule;
use crate::{Change, UserInfo, names};
use object::quote::quoted;
use object::{Value, meta};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Whom a binding is for. A service account is the user that it acts as.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Subject {
    User(String),
    Group(String),
}

#[derive(Debug)]
struct Binding {
    namespace: String,
    name: String,
    role_kind: String,
    role_name: String,
    /// Each with its words for a reason.
    subjects: Vec<(Subject, String)>,
}

/// The bindings of one namespace, or of the cluster's scope.
#[derive(Debug, Default)]
struct Scope {
    bindings: BTreeMap<String, Binding>,
    by_subject: HashMap<Subject, BTreeSet<String>>,
}

/// Everything that RBAC decides by. The cluster's scope is the namespace with the empty name.
#[derive(Debug, Default)]
pub(super) struct Index {
    roles: HashMap<(String, String), Arc<[Rule]>>,
    scopes: HashMap<String, Scope>,
}

/// A binding that applies to someone, and the rules of its role.
pub(super) struct Applicable<'a> {
    binding: &'a Binding,
    user: &'a UserInfo,
    pub(super) rules: Arc<[Rule]>,
}

impl Index {
    /// Takes in what became of one object.
    pub(super) fn apply(&mut self, resource: &str, change: &Change) {
        let object = change.object.as_deref();
        match resource {
            "roles" | "clusterroles" => self.apply_role(change, object),
            _ => self.apply_binding(change, object),
        }
    }

    fn apply_role(&mut self, change: &Change, role: Option<&Value>) {
        let key = (change.namespace.clone(), change.name.clone());
        match role.map(Rule::of_role) {
            None => {
                self.roles.remove(&key);
            }
            Some(Ok(rules)) => {
                self.roles.insert(key, rules.into());
            }
            Some(Err(error)) => {
                let (namespace, name) = (&change.namespace, &change.name);
                tracing::error!(namespace, name, error, "a role can't be read and grants nothing");
                self.roles.insert(key, Arc::new([]));
            }
        }
    }

    fn apply_binding(&mut self, change: &Change, object: Option<&Value>) {
        let scope = self.scopes.entry(change.namespace.clone()).or_default();
        scope.remove(&change.name);
        if let Some(object) = object {
            scope.insert(Binding::read(object));
        }
        if scope.bindings.is_empty() {
            self.scopes.remove(&change.namespace);
        }
    }

    /// Gives each binding of one scope that applies to `user` to `visitor`, until it returns
    /// false; tells whether it never did.
    pub(super) fn visit<'a>(
        &'a self,
        user: &'a UserInfo,
        namespace: &str,
        visitor: &mut impl FnMut(Result<Applicable<'a>, String>) -> bool,
    ) -> bool {
        let Some(scope) = self.scopes.get(namespace) else { return true };
        let groups = user.groups.iter().map(|group| Subject::Group(group.clone()));
        let subjects = std::iter::once(Subject::User(user.name.clone())).chain(groups);
        let names: BTreeSet<&String> =
            subjects.filter_map(|subject| scope.by_subject.get(&subject)).flatten().collect();
        names.into_iter().all(|name| {
            let binding = &scope.bindings[name];
            let rules = self.role_rules(&binding.role_kind, &binding.role_name, namespace);
            visitor(rules.map(|rules| Applicable { binding, user, rules }))
        })
    }

    /// The rules of a role that is referred to from `namespace`.
    pub(super) fn role_rules(
        &self,
        kind: &str,
        name: &str,
        namespace: &str,
    ) -> Result<Arc<[Rule]>, String> {
        let namespace = match kind {
            "Role" => namespace,
            "ClusterRole" => "",
            kind => return Err(format!("unsupported role reference kind: {}", quoted(kind))),
        };
        // A Role without a namespace is nobody's; its key would be a ClusterRole's.
        let found = (kind == "ClusterRole" || !namespace.is_empty())
            .then(|| self.roles.get(&(namespace.to_owned(), name.to_owned())))
            .flatten();
        found.cloned().ok_or_else(|| {
            let kind = kind.to_ascii_lowercase();
            format!("{kind}.{} {} not found", super::GROUP, quoted(name))
        })
    }
}

impl Scope {
    fn insert(&mut self, binding: Binding) {
        for (subject, _) in &binding.subjects {
            self.by_subject.entry(subject.clone()).or_default().insert(binding.name.clone());
        }
        self.bindings.insert(binding.name.clone(), binding);
    }

    fn remove(&mut self, name: &str) {
        let Some(binding) = self.bindings.remove(name) else { return };
        for (subject, _) in &binding.subjects {
            if let Some(names) = self.by_subject.get_mut(subject) {
                names.remove(name);
                if names.is_empty() {
                    self.by_subject.remove(subject);
                }
            }
        }
    }
}

impl Binding {
    fn read(object: &Value) -> Self {
        let namespace = meta::namespace(object).to_owned();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let subjects = object["subjects"].as_array().map(Vec::as_slice).unwrap_or_default();
        Self {
            name: meta::name(object).to_owned(),
            role_kind: text(&object["roleRef"]["kind"]),
            role_name: text(&object["roleRef"]["name"]),
            subjects: subjects.iter().filter_map(|subject| read(subject, &namespace)).collect(),
            namespace,
        }
    }
}

/// A subject and its words; `None` for one that names nobody.
fn read(subject: &Value, binding_namespace: &str) -> Option<(Subject, String)> {
    let kind = subject["kind"].as_str()?;
    let name = subject["name"].as_str().unwrap_or_default();
    match kind {
        "User" => Some((Subject::User(name.to_owned()), format!("User {}", quoted(name)))),
        "Group" => Some((Subject::Group(name.to_owned()), format!("Group {}", quoted(name)))),
        "ServiceAccount" => {
            let own = subject["namespace"].as_str().filter(|namespace| !namespace.is_empty());
            // Inside a namespace an account may be named without its own.
            let namespace = own.unwrap_or(binding_namespace);
            if namespace.is_empty() {
                return None;
            }
            let user = format!("{}{namespace}:{name}", names::SERVICE_ACCOUNT_PREFIX);
            let words = format!("ServiceAccount {}", quoted(&format!("{name}/{namespace}")));
            Some((Subject::User(user), words))
        }
        _ => None,
    }
}

impl Applicable<'_> {
    /// The binding in upstream's words.
    pub(super) fn source(&self) -> String {
        let Binding { namespace, name, role_kind, role_name, subjects } = self.binding;
        let kind = if namespace.is_empty() { "ClusterRoleBinding" } else { "RoleBinding" };
        let name = if namespace.is_empty() { name.clone() } else { format!("{name}/{namespace}") };
        let words = subjects
            .iter()
            .find(|(subject, _)| match subject {
                Subject::User(name) => *name == self.user.name,
                Subject::Group(group) => self.user.in_group(group),
            })
            .map_or("", |(_, words)| words.as_str());
        format!("{kind} {} of {role_kind} {} to {words}", quoted(&name), quoted(role_name))
    }
}
