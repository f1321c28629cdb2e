//! Hollow nodes: to the API server a node with a kubelet, and nothing runs on it.
//!
//! A hollow node registers itself, renews its lease, says of each pod that is bound to it that it
//! runs, and ends the deletion of pods. It is for tests of controllers and schedulers: no
//! container is started, no probe is made. Mirrors what `k8s.io/kubernetes/pkg/kubelet` writes,
//! as `kubemark` does.

mod node;
mod pod;

pub use node::{Capacity, HollowNode};

use kube::Client;
use runtime::Shutdown;

/// Runs the node `name` until the shutdown; its pods' addresses are from `10.88.{subnet}.0/24`.
pub async fn run(client: Client, name: &str, subnet: u8, shutdown: Shutdown) {
    HollowNode::new(client, name, subnet).run(shutdown).await;
}
