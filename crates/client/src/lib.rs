//! How the controllers and the scheduler reach an API server: a kubeconfig or an in-process
//! service made a [`kube::Client`], one identity for each controller, and the leader's lease.
//!
//! It holds no logic of any controller. Mirrors the parts of `k8s.io/client-go/tools/clientcmd`,
//! `k8s.io/controller-manager/pkg/clientbuilder` and `k8s.io/client-go/tools/leaderelection`
//! that those processes use.

mod agent;
mod certificate;
mod clients;
mod connect;
mod error;
mod identity;
pub mod lease;
pub mod limits;
mod proxy;
mod rate;
mod token_requests;
mod transport;

pub use agent::named;
pub use clients::{Clients, Pace};
pub use connect::{ConnectOptions, connect, from_service};
pub use error::{
    ClientError, is_conflict, is_exists, is_forbidden, is_gone, is_not_found, is_refused_by_ending,
    message, sentence,
};
pub use kube::Client;
pub use token_requests::are_served as serves_token_requests;
