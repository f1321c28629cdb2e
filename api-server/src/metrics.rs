//! What `/metrics` shows of requests and of the process, under upstream's names and labels, as far
//! as dashboards and alerts read them.
//!
//! Mirrors `k8s.io/apiserver/pkg/endpoints/{metrics,filters}` and the process metrics of Prometheus'
//! Go client.

mod access;
mod counted_body;
mod impersonation;
mod moment;
mod requests;

pub(crate) use access::{authenticated, authorized};
pub(crate) use impersonation::{impersonated, impersonation_authorized};
pub(crate) use moment::read_now;
pub(crate) use requests::{DURATION_BUCKETS, Observed, Watched, tls_handshake_failed};
