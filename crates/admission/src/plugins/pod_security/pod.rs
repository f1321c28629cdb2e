//! A pod as the checks see it, and how they name what is wrong with it.
//!
//! Mirrors `policy/visitor.go` and `policy/helpers.go` of `k8s.io/pod-security-admission`.

use crate::plugins::pod_parts::{items, text};
use object::Value;
use std::collections::BTreeSet;

/// A pod, or the template of pods.
#[derive(Clone, Copy)]
pub(super) struct Pod<'a> {
    pub(super) metadata: &'a Value,
    pub(super) spec: &'a Value,
}

/// What a check has against a pod.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// A few words, the same for all pods that the check refuses.
    pub(super) reason: &'static str,
    /// Where it is in this pod.
    pub(super) detail: String,
}

impl<'a> Pod<'a> {
    /// An object or a template with `metadata` and `spec`.
    pub(super) fn of(object: &'a Value) -> Self {
        Self { metadata: &object["metadata"], spec: &object["spec"] }
    }

    /// All containers, those first that start first.
    pub(super) fn containers(self) -> impl Iterator<Item = &'a Value> {
        const LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];
        LISTS.into_iter().flat_map(move |list| items(&self.spec[list]))
    }

    /// The names of the containers of which this holds.
    pub(super) fn containers_that(self, holds: impl Fn(&Value) -> bool) -> Vec<&'a str> {
        self.containers().filter(|container| holds(container)).map(name).collect()
    }

    /// Who says this in a security context: the pod as a whole, and which containers.
    pub(super) fn setters(self, says: impl Fn(&Value) -> bool) -> Setters<'a> {
        let said = |part: &Value| says(&part["securityContext"]);
        Setters { pod: said(self.spec), containers: self.containers_that(said) }
    }

    /// Whether it says that it runs on Windows, where some fields can't be set.
    pub(super) fn is_windows(self) -> bool {
        self.spec["os"]["name"] == "windows"
    }

    /// Whether its users are not the node's.
    pub(super) fn has_own_users(self) -> bool {
        self.spec["hostUsers"] == false
    }
}

/// Who says something in a security context.
pub(super) struct Setters<'a> {
    pub(super) pod: bool,
    pub(super) containers: Vec<&'a str>,
}

impl Setters<'_> {
    /// `pod and containers "a", "b"`; `None` where nobody does.
    pub(super) fn named(&self) -> Option<String> {
        let pod = self.pod.then(|| "pod".to_owned());
        let containers = (!self.containers.is_empty()).then(|| containers(&self.containers));
        let all: Vec<String> = pod.into_iter().chain(containers).collect();
        (!all.is_empty()).then(|| all.join(" and "))
    }
}

/// The name of a container or volume.
pub(super) fn name(named: &Value) -> &str {
    text(&named["name"])
}

/// `container "a"`, `containers "a", "b"`.
pub(super) fn containers(names: &[&str]) -> String {
    format!("{} {}", plural("container", "containers", names.len()), quoted(names))
}

/// `"a", "b"`, as upstream does: nothing in a name is escaped.
pub(super) fn quoted<'n>(names: impl IntoIterator<Item = &'n (impl AsRef<str> + 'n)>) -> String {
    let names: Vec<&str> = names.into_iter().map(AsRef::as_ref).collect();
    format!("\"{}\"", names.join("\", \""))
}

/// One word for one, another for any other number.
pub(super) fn plural(one: &'static str, many: &'static str, count: usize) -> &'static str {
    if count == 1 { one } else { many }
}

/// The texts of a list that are not among these.
pub(super) fn beyond<'a>(list: &'a Value, allowed: &[&str]) -> BTreeSet<&'a str> {
    items(list).map(text).filter(|item| !allowed.contains(item)).collect()
}
