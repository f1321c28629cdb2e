//! The controller runtime: what a controller and the scheduler stand on.
//!
//! A controller is a key's journey: an informer's change puts a key into a [`Queue`]; a worker
//! takes it, reads a snapshot from the informers' stores, plans (pure) and executes the actions;
//! an error puts the key back with a growing delay. The input is always a key, never an event, so
//! a restart runs the same path. No kind's logic lives here. Mirrors `k8s.io/client-go`'s
//! `tools/cache`, `util/workqueue` and `tools/record`, and `controller_utils.go` of
//! `k8s.io/kubernetes/pkg/controller`.

mod action;
pub mod component;
pub mod events;
mod expect;
mod informer;
mod informers;
mod key;
pub mod limits;
pub mod node_selector;
pub mod owner;
pub mod pods;
mod queue;
mod raw;
mod runner;
pub mod selector;
pub mod serving;
pub mod taints;
pub mod volumes;

pub use action::{Action, execute, execute_all};
pub use events::{EventType, Recorder};
pub use expect::Expectations;
pub use informer::{Change, Informed, Informer};
pub use informers::Informers;
pub use key::Key;
pub use queue::Queue;
pub use raw::{RawEvents, RawObject, decode, watch_raw};
pub use runner::{Outcome, SyncError, run_workers};
