//! kube-apiserver: assembly, pipeline, the verbs over HTTP, subresources, discovery, bootstrap.
//!
//! [`start`] puts the house together out of flags and a store; [`pipeline`] is the way of a
//! request, and everything else here is a stage of it. Mirrors `k8s.io/kubernetes/cmd/kube-apiserver`
//! and `k8s.io/apiserver/pkg/{server,endpoints}`.

mod accept;
mod access;
mod admission;
mod answer;
mod ask;
mod assemble;
mod body;
mod bootstrap;
mod continue_token;
mod deprecation;
mod feature_gates;
mod fixed;
pub mod flags;
mod identity;
mod impersonation;
mod in_process;
pub mod limits;
mod metrics;
mod objects;
mod openapi;
mod own;
pub mod pipeline;
mod query;
mod read_options;
mod request_info;
mod runtime_config;
mod seats;
mod serve;
mod services;
mod settings;
pub mod storage;
mod subresources;
mod verbs;
mod version;
mod virtual_kinds;
mod write_options;

pub use assemble::{Server, start};
pub use in_process::InProcess;
pub use services::ServiceNetwork;
pub use settings::{Identity, Options};
pub use subresources::KubeletOptions;

use access::Access;
use kinds::Served;
use registry::Registry;
use runtime::Shutdown;

/// Everything that a request needs.
#[derive(Debug)]
pub struct Api {
    pub(crate) registry: Registry,
    pub(crate) served: Served,
    pub(crate) access: Access,
    pub(crate) impersonation: impersonation::Impersonation,
    pub(crate) fixed: fixed::Fixed,
    pub(crate) kubelets: subresources::Kubelets,
    pub(crate) seats: seats::Seats,
    /// `--min-request-timeout`: how long watches go on at least; 0: for ever.
    pub(crate) watch_seconds_min: u64,
    pub(crate) shutdown: Shutdown,
}
