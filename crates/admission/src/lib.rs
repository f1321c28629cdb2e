//! Admission: plugins that may change or refuse a write after it was authorized.
//!
//! One plugin per file, one line each in [`TABLE`]. A write passes all plugins twice: first each
//! may change the object, then, when the registry has prepared and validated it, each may still
//! refuse it. Both happen inside the compare-and-swap loop of an update, so a plugin looks only
//! at what it is given. Mirrors `k8s.io/apiserver/pkg/admission`.

mod chain;
mod cluster;
pub mod limits;
mod plugin;
mod plugins;

pub use chain::Chain;
pub use cluster::Cluster;
pub use plugin::{Operation, Plugin, Request};
pub use plugins::{PodSecurityConfiguration, Row, Setup, TABLE, switched_on};
