//! ttl-controller: tells kubelets how long they may keep Secrets and ConfigMaps, by the number of
//! nodes.
//!
//! Mirrors `k8s.io/kubernetes/pkg/controller/ttl`: the steps overlap, so that a cluster of about
//! one step's size does not go back and forth.

use crate::context::Context;
use control::{Action, Change, Key, Outcome, Queue, execute, run_workers};
use k8s_openapi::api::core::v1::Node;
use serde_json::json;
use std::sync::{Arc, Mutex, PoisonError};

const ANNOTATION: &str = "node.alpha.kubernetes.io/ttl";
const WORKERS: usize = 5;

/// The fewest and the most nodes of a step, and its time in seconds.
const STEPS: [(usize, usize, u32); 5] =
    [(0, 100, 0), (90, 500, 15), (450, 1000, 30), (900, 2000, 60), (1800, usize::MAX, 300)];

/// Starts it.
pub(crate) fn start(context: &Context) {
    let nodes = context.informers.of::<Node>();
    let queue = Queue::named("ttlcontroller");
    let size = Arc::new(Mutex::new(Size::default()));
    let (add, counted) = (queue.clone(), size.clone());
    nodes.on_change(move |change| {
        let mut size = counted.lock().unwrap_or_else(PoisonError::into_inner);
        match change {
            Change::Added(_) => size.add(),
            Change::Deleted(_) => return size.remove(),
            Change::Updated(..) => {}
        }
        add.add(Key::of(&**change.object()));
    });
    let client = context.client();
    run_workers("ttl-controller", WORKERS, queue, &context.shutdown, move |key: Key| {
        let (nodes, client, size) = (nodes.clone(), client.clone(), size.clone());
        async move {
            nodes.synced().await;
            let Some(node) = nodes.get(&key) else { return Ok(Outcome::Done) };
            let seconds = size.lock().unwrap_or_else(PoisonError::into_inner).seconds();
            if let Some(action) = plan(&node, seconds) {
                execute(&client, &action).await?;
            }
            Ok(Outcome::Done)
        }
    });
}

/// How many nodes there are, and on which step that is.
#[derive(Debug, Default)]
struct Size {
    nodes: usize,
    step: usize,
}

impl Size {
    fn add(&mut self) {
        self.nodes += 1;
        if self.nodes > STEPS[self.step].1 {
            self.step += 1;
        }
    }

    fn remove(&mut self) {
        self.nodes = self.nodes.saturating_sub(1);
        if self.nodes < STEPS[self.step].0 {
            self.step -= 1;
        }
    }

    fn seconds(&self) -> u32 {
        STEPS[self.step].2
    }
}

fn plan(node: &Node, seconds: u32) -> Option<Action> {
    let said = node.metadata.annotations.as_ref().and_then(|all| all.get(ANNOTATION));
    if said.and_then(|text| text.parse().ok()) == Some(seconds) {
        return None;
    }
    let body = json!({"metadata": {"annotations": {ANNOTATION: seconds.to_string()}}});
    Some(Action::patch_strategic(node, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_overlap() {
        let mut size = Size::default();
        let mut seen = Vec::new();
        let mut note = |size: &Size| {
            if seen.last().is_none_or(|(_, seconds)| *seconds != size.seconds()) {
                seen.push((size.nodes, size.seconds()));
            }
        };
        for _ in 0..2001 {
            size.add();
            note(&size);
        }
        for _ in 0..2001 {
            size.remove();
            note(&size);
        }
        let up = [(1, 0), (101, 15), (501, 30), (1001, 60), (2001, 300)];
        let down = [(1799, 60), (899, 30), (449, 15), (89, 0)];
        assert_eq!(seen, [up.as_slice(), down.as_slice()].concat());
    }

    #[test]
    fn a_node_is_told_once() {
        let node = |annotations| -> Node {
            serde_json::from_value(json!({"metadata": {"name": "n", "annotations": annotations}}))
                .expect("a node")
        };
        assert!(plan(&node(json!({ANNOTATION: "15"})), 15).is_none());
        for annotations in [json!({}), json!({ANNOTATION: "0"}), json!({ANNOTATION: "soon"})] {
            let Some(Action::Patch { body, .. }) = plan(&node(annotations), 15) else {
                panic!("a patch")
            };
            assert_eq!(body["metadata"]["annotations"][ANNOTATION], "15");
        }
    }
}
