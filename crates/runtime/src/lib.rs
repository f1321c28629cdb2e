//! What every process needs and no domain crate may reach for itself: time, randomness, tasks,
//! the way to stop, logs, metrics, health, TLS files and flags.
//!
//! It knows nothing of Kubernetes objects. Mirrors the parts of `k8s.io/component-base` and
//! `k8s.io/apiserver/pkg/server` that are about being a process.

pub mod clock;
pub mod entropy;
pub mod flags;
pub mod health;
pub mod limits;
pub mod logging;
pub mod metrics;
pub mod process;
mod program;
pub mod shutdown;
pub mod spawn;
pub mod tls;

pub use program::Program;
pub use shutdown::Shutdown;
pub use spawn::{Task, spawn, spawn_blocking};
