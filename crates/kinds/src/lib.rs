//! The catalogue: every built-in kind as a row of data, with a small strategy where it truly
//! differs from the others.
//!
//! One file per kind under a folder per API group, one line each in [`table`]. Discovery,
//! OpenAPI paths, printer columns, storage keys, selectable fields and the coverage tests all
//! derive from these rows. Nothing here does IO.

pub mod column;
mod convert;
pub mod documents;
mod field_label;
pub mod groups;
mod kind;
pub mod limits;
pub mod meta_rules;
mod name_rules;
mod served;
mod strategy;
mod subresource;
mod table;
mod validation;

mod admissionregistration;
mod apiextensions;
mod apiregistration;
mod apiserverinternal;
mod apps;
mod authentication;
mod authorization;
mod autoscaling;
mod batch;
mod certificates;
mod coordination;
mod core;
mod discovery;
mod events;
mod flowcontrol;
mod networking;
mod node;
mod policy;
mod privilege;
mod rbac;
mod resource;
mod scheduling;
mod storage;
mod storagemigration;

pub use self::core::service::address_errors as service_address_errors;
pub use self::validation::equal::semantically as is_same;
pub use column::{Cell, Column, Row, SCALE as SCALE_COLUMNS, TableRules, scale as scale_cells};
pub use convert::{convert, fold};
pub use kind::{Encoding, Kind, Serves, Storage, Subresource, Verb};
pub use privilege::allow_privileged;
pub use served::{Served, ServedVersion};
pub use strategy::{Context, Plain, ResetFields, Strategy};

/// Every kind, by group in upstream's order of preference, then by resource.
pub fn all() -> &'static [&'static Kind] {
    table::ALL
}

/// The kind of a group and resource, if `version` is one in which it can be served.
pub fn find(group: &str, version: &str, resource: &str) -> Option<&'static Kind> {
    all().iter().copied().find(|kind| {
        kind.group == group && kind.plural == resource && kind.versions.contains(&version)
    })
}

/// The kind of a group, version and kind, as `apiVersion` and `kind` of an object name it.
pub fn find_kind(group: &str, version: &str, kind: &str) -> Option<&'static Kind> {
    all()
        .iter()
        .copied()
        .find(|row| row.group == group && row.kind == kind && row.versions.contains(&version))
}
