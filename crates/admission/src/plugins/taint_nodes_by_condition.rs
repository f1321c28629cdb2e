//! `TaintNodesByCondition`: a new node is not ready until somebody says so.
//!
//! Mirrors `plugin/pkg/admission/nodetaint`.

use super::Setup;
use super::pod_parts::items;
use crate::{Operation, Plugin, Request};
use async_trait::async_trait;
use object::{Result, Value, json};

const NOT_READY: &str = "node.kubernetes.io/not-ready";

struct TaintNodesByCondition;

pub(super) fn make(_setup: &Setup) -> Box<dyn Plugin> {
    Box::new(TaintNodesByCondition)
}

#[async_trait]
impl Plugin for TaintNodesByCondition {
    fn name(&self) -> &'static str {
        "TaintNodesByCondition"
    }

    async fn admit(&self, request: &Request<'_>, object: Option<&mut Value>) -> Result<()> {
        let concerns = request.is_whole("", "nodes") && request.operation == Operation::Create;
        let Some(node) = object.filter(|_| concerns) else { return Ok(()) };
        let taints = &mut node["spec"]["taints"];
        let has = items(taints).any(|t| t["key"] == NOT_READY && t["effect"] == "NoSchedule");
        let taint = json!({"key": NOT_READY, "effect": "NoSchedule"});
        match taints.as_array_mut() {
            _ if has => {}
            Some(list) => list.push(taint),
            None => *taints = json!([taint]),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::{Case, cluster};

    #[tokio::test]
    async fn a_new_node_is_tainted_once() {
        let case = Case::new(make, &cluster(), "", "nodes");
        let mut node = json!({"metadata": {"name": "n"}});
        for _ in 0..2 {
            case.create("", &mut node).await.expect("admitted");
        }
        assert_eq!(node["spec"]["taints"], json!([{"key": NOT_READY, "effect": "NoSchedule"}]));
    }
}
