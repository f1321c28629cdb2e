//! node-ipam-controller: a subnet of the cluster's range for each node's pods.
//!
//! Runs where `--allocate-node-cidrs` is set. A node that has a subnet keeps it; every other gets
//! the next free one of each family. Mirrors `k8s.io/kubernetes/pkg/controller/nodeipam` with
//! its range allocator.

use crate::Subnet;
use crate::context::Context;
use control::{
    Action, Change, EventType, Informer, Key, Outcome, Queue, Recorder, SyncError, execute,
    run_workers,
};
use k8s_openapi::api::core::v1::Node;
use kube::Client;
use runtime::metrics::Registry;
use serde_json::json;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

struct Controller {
    client: Client,
    nodes: Arc<Informer<Node>>,
    recorder: Recorder,
    ranges: Vec<Range>,
}

/// A range, and which of its subnets are taken.
struct Range {
    cidr: Subnet,
    mask_bits: u8,
    taken: Mutex<Taken>,
    services: Vec<Subnet>,
}

/// Subnets of a range, by their place in it.
#[derive(Default)]
struct Taken {
    all: HashSet<u128>,
    /// Where to look for the next: what was given back is given out again as late as can be, so
    /// that nobody still takes it for its former node's.
    next: u128,
}

/// Starts it.
pub(crate) fn start(context: &Context) {
    let options = &context.options;
    if !options.allocate_node_cidrs {
        return;
    }
    let range = |cidr: &Subnet| Range {
        cidr: *cidr,
        mask_bits: if cidr.is_ipv6() {
            options.node_mask_sizes.1
        } else {
            options.node_mask_sizes.0
        },
        taken: Mutex::default(),
        services: options.service_cidrs.clone(),
    };
    let controller = Arc::new(Controller {
        client: context.client(),
        nodes: context.informers.of::<Node>(),
        recorder: context.recorder_as("cidrAllocator"),
        ranges: options.cluster_cidrs.iter().map(range).collect(),
    });
    let queue = Queue::named("cidrallocator_node");
    let (add, own) = (queue.clone(), controller.clone());
    controller.nodes.on_change(move |change| match change {
        Change::Deleted(node) => own.mark(node, false),
        Change::Added(node) | Change::Updated(_, node) => {
            own.mark(node, true);
            if subnets(node).is_empty() {
                add.add(Key::of(&***node));
            }
        }
    });
    // One at a time: two nodes must not be given the same subnet.
    run_workers("node-ipam-controller", 1, queue, &context.shutdown, move |key| {
        let controller = controller.clone();
        async move {
            controller.nodes.synced().await;
            controller.sync(key).await
        }
    });
}

fn subnets(node: &Node) -> Vec<Subnet> {
    let Some(spec) = &node.spec else { return Vec::new() };
    let texts = match spec.pod_cidrs.as_deref() {
        Some(texts) if !texts.is_empty() => texts.to_vec(),
        _ => spec.pod_cidr.clone().into_iter().collect(),
    };
    texts.iter().filter_map(|text| Subnet::parse(text)).collect()
}

impl Controller {
    fn mark(&self, node: &Node, taken: bool) {
        for subnet in subnets(node) {
            for range in &self.ranges {
                range.mark(&subnet, taken);
            }
        }
    }

    async fn sync(&self, key: Key) -> Result<Outcome, SyncError> {
        let Some(node) = self.nodes.get(&key) else { return Ok(Outcome::Done) };
        if !subnets(&node).is_empty() {
            return Ok(Outcome::Done);
        }
        let mut given = Vec::new();
        for range in &self.ranges {
            match range.take() {
                Some(subnet) => given.push(subnet),
                None => {
                    given.iter().for_each(|subnet| range.mark(subnet, false));
                    let message = format!("Node {} status is now: CIDRNotAvailable", key.name);
                    self.recorder.tell(&*node, EventType::Normal, "CIDRNotAvailable", message);
                    return Err(SyncError::Other(format!(
                        "no subnet of {} is left for node {}",
                        range.cidr, key.name
                    )));
                }
            }
        }
        let texts: Vec<String> = given.iter().map(ToString::to_string).collect();
        let body = json!({
            "metadata": {"uid": node.metadata.uid},
            "spec": {"podCIDR": texts.first(), "podCIDRs": texts},
        });
        match execute(&self.client, &Action::patch_strategic(&*node, body)).await {
            Ok(_) => Ok(Outcome::Done),
            Err(error) => {
                for (range, subnet) in self.ranges.iter().zip(&given) {
                    range.mark(subnet, false);
                }
                if client::is_not_found(&error) {
                    return Ok(Outcome::Done);
                }
                let message = format!("Node {} status is now: CIDRAssignmentFailed", key.name);
                self.recorder.tell(&*node, EventType::Normal, "CIDRAssignmentFailed", message);
                Err(error.into())
            }
        }
    }
}

impl Range {
    fn mark(&self, subnet: &Subnet, taken: bool) {
        let Some(index) = self.cidr.index_of(subnet).filter(|_| subnet.bits() == self.mask_bits)
        else {
            return;
        };
        let mut taken_now = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let is_change = match taken {
            true => taken_now.all.insert(index),
            false => taken_now.all.remove(&index),
        };
        if is_change {
            self.count(taken, taken_now.all.len());
        }
    }

    /// The next free subnet, taken. What services use is never given away.
    fn take(&self) -> Option<Subnet> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = self.cidr.subnets(self.mask_bits);
        for step in 0..count {
            let index = (taken.next + step) % count;
            let subnet = self.cidr.subnet(self.mask_bits, index)?;
            let is_service = self.services.iter().any(|services| services.overlaps(&subnet));
            if !is_service && taken.all.insert(index) {
                taken.next = (index + 1) % count;
                self.count(true, taken.all.len());
                return Some(subnet);
            }
        }
        None
    }

    /// Counts a subnet that was taken or given back; `taken` are taken now. Mirrors `cidrset`'s
    /// metrics, the misspelt name among them.
    fn count(&self, is_taken: bool, taken: usize) {
        let (registry, labels) = (Registry::global(), &["clusterCIDR"]);
        let cidr = self.cidr.to_string();
        let all = self.cidr.subnets(self.mask_bits);
        let (name, help) = match is_taken {
            true => (
                "node_ipam_controller_cidrset_cidrs_allocations_total",
                "[ALPHA] Counter measuring total number of CIDR allocations.",
            ),
            false => (
                "node_ipam_controller_cidrset_cidrs_releases_total",
                "[ALPHA] Counter measuring total number of CIDR releases.",
            ),
        };
        registry.counter(name, help, labels).with(&[&cidr]).increment();
        let name = "node_ipam_controller_cirdset_max_cidrs";
        let help = "[ALPHA] Maximum number of CIDRs that can be allocated.";
        registry.gauge(name, help, labels).with(&[&cidr]).set(all as f64);
        let name = "node_ipam_controller_cidrset_usage_cidrs";
        let help = "[ALPHA] Gauge measuring percentage of allocated CIDRs.";
        registry.gauge(name, help, labels).with(&[&cidr]).set(taken as f64 / all as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(cidr: &str, mask_bits: u8, services: &str) -> Range {
        Range {
            cidr: Subnet::parse(cidr).expect("a range"),
            mask_bits,
            taken: Mutex::default(),
            services: Subnet::parse(services).into_iter().collect(),
        }
    }

    fn take(range: &Range) -> Option<String> {
        range.take().map(|subnet| subnet.to_string())
    }

    #[test]
    fn the_next_free_subnet_is_given_until_none_is_left() {
        let range = range("10.200.0.0/22", 24, "10.200.1.0/25");
        range.mark(&Subnet::parse("10.200.0.0/24").expect("valid"), true);
        assert_eq!(take(&range).as_deref(), Some("10.200.2.0/24"));
        assert_eq!(take(&range).as_deref(), Some("10.200.3.0/24"));
        assert_eq!(take(&range), None);
        range.mark(&Subnet::parse("10.200.0.0/24").expect("valid"), false);
        assert_eq!(take(&range).as_deref(), Some("10.200.0.0/24"));
    }

    #[test]
    fn what_was_given_back_is_the_last_to_be_given_again() {
        let range = range("10.200.0.0/22", 24, "10.32.0.0/24");
        assert_eq!(take(&range).as_deref(), Some("10.200.0.0/24"));
        range.mark(&Subnet::parse("10.200.0.0/24").expect("valid"), false);
        for third in ["1", "2", "3", "0"] {
            assert_eq!(take(&range), Some(format!("10.200.{third}.0/24")));
        }
    }
}
