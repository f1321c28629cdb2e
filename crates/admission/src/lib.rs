//! Admission: plugins that may change or refuse a write after it was authorized.
//!
//! One plugin per file, one line each in [`chain`]. A write passes all plugins twice: first each
//! may change the object, then, when the registry has prepared and validated it, each may still
//! refuse it. Both happen inside the compare-and-swap loop of an update, so a plugin looks only
//! at what it is given. Mirrors `k8s.io/apiserver/pkg/admission`.

mod chain;
mod plugin;

pub use chain::Chain;
pub use plugin::{Operation, Plugin, Request};
