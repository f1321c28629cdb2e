//! What a row of the catalogue says of its kind. The rows stand beside their strategies, and the
//! table of them in [`crate::table`].

use crate::column::{Cell, Column, Row, TableRules};
use crate::strategy::Strategy;
use object::{GroupKind, GroupResource, Gvk, Gvr};

/// A built-in kind.
#[derive(Debug)]
pub struct Kind {
    /// The API group, empty for core.
    pub group: &'static str,
    /// The kind, such as `Pod`.
    pub kind: &'static str,
    /// The resource, such as `pods`.
    pub plural: &'static str,
    /// The resource's singular, such as `pod`.
    pub singular: &'static str,
    /// What kubectl also takes, such as `po`.
    pub short_names: &'static [&'static str],
    /// The sets that it belongs to, such as `all`.
    pub categories: &'static [&'static str],
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// The versions that can be served, the preferred one first; [`crate::Served`] knows which are.
    pub versions: &'static [&'static str],
    /// What can be done with it.
    pub verbs: &'static [Verb],
    /// What can be done with a part of it.
    pub subresources: &'static [Subresource],
    /// Where and how it is stored; `None` for kinds that only answer (reviews, bindings).
    pub storage: Option<Storage>,
    /// Single fields of the stored version that a field selector can compare, besides
    /// `metadata.name` and `metadata.namespace`; [`Kind::field_path`] knows their labels.
    pub selectable_fields: &'static [&'static str],
    /// The columns of its Table form; none, where it has no such form.
    pub columns: &'static [Column],
    /// Makes the cells of those columns for one object; several where a row needs none. Reads
    /// the object as its preferred version has it.
    pub cells: fn(&Row<'_>) -> Vec<Cell>,
    /// What its Table form has beside columns and cells.
    pub table: TableRules,
    /// `metadata.generation` starts at 1 and grows with each change outside metadata and status.
    pub has_generation: bool,
    /// How it differs from the others.
    pub strategy: &'static dyn Strategy,
}

/// Where and how a kind is stored. Mirrors upstream's storage factory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Storage {
    /// The key below the prefix, such as `pods` or `services/specs`.
    pub key: &'static str,
    /// The group and version of the stored form, such as `v1` or `apps/v1`.
    pub group_version: &'static str,
    /// The encoding of the stored form.
    pub encoding: Encoding,
    /// How long an object stays by itself (events), in seconds; 0 for ever.
    pub ttl_seconds: u32,
    /// Stored objects may lack defaults, which readers are to see all the same.
    pub defaults_on_read: bool,
}

impl Storage {
    /// Kept for ever, in protobuf.
    pub const fn protobuf(key: &'static str, group_version: &'static str) -> Self {
        let encoding = Encoding::Protobuf;
        Self { key, group_version, encoding, ttl_seconds: 0, defaults_on_read: false }
    }

    /// Kept for ever, in JSON.
    pub const fn json(key: &'static str, group_version: &'static str) -> Self {
        Self { encoding: Encoding::Json, ..Self::protobuf(key, group_version) }
    }
}

/// The encodings that upstream stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `k8s\0` and a `runtime.Unknown`.
    Protobuf,
    /// JSON with a newline: custom resources, CRDs, APIServices.
    Json,
}

/// What can be done with a resource: the words of discovery and of RBAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the variants are the API's verbs")]
pub enum Verb {
    Create,
    Delete,
    DeleteCollection,
    Get,
    List,
    Patch,
    Update,
    Watch,
}

impl Verb {
    /// All of them, in the order of discovery.
    pub const ALL: &'static [Verb] = &[
        Verb::Create,
        Verb::Delete,
        Verb::DeleteCollection,
        Verb::Get,
        Verb::List,
        Verb::Patch,
        Verb::Update,
        Verb::Watch,
    ];

    /// The word, such as `deletecollection`.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Create => "create",
            Verb::Delete => "delete",
            Verb::DeleteCollection => "deletecollection",
            Verb::Get => "get",
            Verb::List => "list",
            Verb::Patch => "patch",
            Verb::Update => "update",
            Verb::Watch => "watch",
        }
    }
}

/// A part of a resource with verbs of its own.
#[derive(Clone, Copy, Debug)]
pub struct Subresource {
    /// Its name in the path, such as `status`.
    pub name: &'static str,
    /// Group, version and kind of its body, where that is not the parent's, such as
    /// `autoscaling`, `v1`, `Scale`.
    pub body: Option<(&'static str, &'static str, &'static str)>,
    /// What can be done with it.
    pub verbs: &'static [Verb],
    /// How it is served.
    pub serves: Serves,
}

/// The ways in which a subresource is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serves {
    /// The object itself; a write may only change these top-level or nested paths
    /// (`status`; for `approval` the conditions, ...), everything else is kept as it was.
    Part(&'static [&'static str]),
    /// `autoscaling/v1 Scale`, over these paths of the object.
    Scale {
        /// Where the wanted number is, such as `spec.replicas`.
        replicas: &'static str,
        /// Where the seen number is, such as `status.replicas`.
        status_replicas: &'static str,
        /// Where the label selector is, such as `spec.selector`.
        selector: &'static str,
    },
    /// Code of its own in the API server, found by its name (`binding`, `eviction`, `log`,
    /// `exec`, `token`, ...).
    Special,
}

impl Kind {
    /// The group and resource, for messages.
    pub fn group_resource(&self) -> GroupResource {
        GroupResource::new(self.group, self.plural)
    }

    /// The group and kind, for messages.
    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(self.group, self.kind)
    }

    /// The type in one of its versions.
    pub fn gvk(&self, version: &str) -> Gvk {
        Gvk::new(self.group, version.to_owned(), self.kind)
    }

    /// The resource in one of its versions.
    pub fn gvr(&self, version: &str) -> Gvr {
        Gvr::new(self.group, version.to_owned(), self.plural)
    }

    /// The subresource of this name.
    pub fn subresource(&self, name: &str) -> Option<&'static Subresource> {
        self.subresources.iter().find(|s| s.name == name)
    }
}
