//! What the server answers, as data that both versions of OpenAPI are printed from: paths, the
//! operations on them, their parameters, bodies and answers.
//!
//! Mirrors what `k8s.io/apiserver/pkg/endpoints/installer.go` tells go-restful, and how
//! `k8s.io/kube-openapi/pkg/builder*` gathers the parameters that all operations share.

mod fixed;
mod names;
mod parameters;
mod resources;

use crate::node::Text;
use kinds::{Served, ServedVersion};
use object::GroupVersion;
use std::collections::BTreeMap;

pub(crate) use parameters::{Parameter, Place};

/// A path and all that can be done with it.
#[derive(Debug, Default)]
pub(crate) struct Path {
    /// In the order in which documents name methods.
    pub(crate) operations: Vec<Operation>,
    /// What all its operations take, sorted by name.
    pub(crate) parameters: Vec<Parameter>,
}

/// A method on a path.
#[derive(Debug)]
pub(crate) struct Operation {
    /// In lower case.
    pub(crate) method: &'static str,
    /// Its name among all.
    pub(crate) id: String,
    /// The group that it stands under.
    pub(crate) tag: String,
    /// What it does.
    pub(crate) description: Text,
    /// What it does in Kubernetes' words, and on which kind; none for discovery.
    pub(crate) action: Option<(&'static str, Kind)>,
    /// The media types of its body.
    pub(crate) consumes: &'static [&'static str],
    /// The media types of its answer.
    pub(crate) produces: Vec<&'static str>,
    /// The definition of its body, and whether there has to be one.
    pub(crate) body: Option<(Text, bool)>,
    /// The definition of its answer; `None`: a string.
    pub(crate) answer: Option<Text>,
    /// The codes with which it answers like that.
    pub(crate) codes: &'static [(&'static str, &'static str)],
    /// What only it takes, sorted by name.
    pub(crate) parameters: Vec<Parameter>,
}

/// Group, version and kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) kind: &'static str,
}

/// Paths by their templates.
pub(crate) type Paths = BTreeMap<String, Path>;

/// The order in which documents name methods.
const METHODS: &[&str] = &["get", "put", "post", "delete", "options", "head", "patch"];

/// The part of the server's paths that one document of version 3 describes.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// A path that is no object, by its place in the table.
    Fixed(&'static fixed::Fixed),
    /// `/api`.
    Core,
    /// `/apis`.
    Groups,
    /// `/apis/<group>`.
    Group(&'static str),
    /// `/api/v1`, `/apis/<group>/<version>`.
    Version(ServedVersion),
}

impl Part {
    /// All of a server, in no order.
    pub(crate) fn all(served: &Served) -> Vec<Self> {
        let mut parts = vec![Part::Core, Part::Groups];
        parts.extend(fixed::ALL.iter().map(Part::Fixed));
        let mut last = "";
        for version in served.versions() {
            if version.at.group != last {
                last = version.at.group;
                parts.push(Part::Group(last));
            }
            parts.push(Part::Version(version.clone()));
        }
        parts
    }

    /// Its name below `/openapi/v3/`, such as `apis/apps/v1`.
    pub(crate) fn name(&self) -> String {
        match self {
            Part::Fixed(at) => at.path.trim_matches('/').to_owned(),
            Part::Core => "api".to_owned(),
            Part::Groups => "apis".to_owned(),
            Part::Group(group) => format!("apis/{group}"),
            Part::Version(version) => resources::base(version.at)[1..].to_owned(),
        }
    }

    /// The group and version whose objects it has.
    pub(crate) fn group_version(&self) -> Option<GroupVersion> {
        match self {
            Part::Version(of) => Some(GroupVersion::new(of.at.group, of.at.version)),
            _ => None,
        }
    }

    /// Its paths.
    pub(crate) fn paths(&self) -> Paths {
        let mut paths = Paths::new();
        match self {
            Part::Fixed(at) => fixed::other(at, &mut paths),
            Part::Core => fixed::discovery("/api/", &mut paths),
            Part::Groups => fixed::discovery("/apis/", &mut paths),
            Part::Group(group) => fixed::discovery(&format!("/apis/{group}/"), &mut paths),
            Part::Version(version) => {
                fixed::discovery(&format!("{}/", resources::base(version.at)), &mut paths);
                resources::all(version, &mut paths);
            }
        }
        for path in paths.values_mut() {
            path.arrange();
        }
        paths
    }
}

impl Path {
    /// Sorts operations and parameters, and takes out those parameters that all share.
    fn arrange(&mut self) {
        let place = |method: &str| METHODS.iter().position(|at| *at == method);
        self.operations.sort_by_key(|operation| place(operation.method));
        if let Some((first, others)) = self.operations.split_first_mut() {
            first.parameters.retain(|parameter| {
                let shared = others.iter().all(|other| other.takes(parameter));
                if shared {
                    self.parameters.push(parameter.clone());
                }
                !shared
            });
            for other in others {
                other.parameters.retain(|one| !self.parameters.iter().any(|at| at.same(one)));
            }
        }
        self.parameters.sort_by_key(Parameter::key);
        for operation in &mut self.operations {
            operation.parameters.sort_by_key(Parameter::key);
        }
    }

    /// The definitions that it names.
    pub(crate) fn definitions(&self) -> impl Iterator<Item = Text> {
        self.operations.iter().flat_map(|operation| {
            let body = operation.body.as_ref().map(|(name, _)| name.clone());
            body.into_iter().chain(operation.answer.clone())
        })
    }
}

impl Operation {
    fn takes(&self, parameter: &Parameter) -> bool {
        self.parameters.iter().any(|at| at.same(parameter))
    }
}
