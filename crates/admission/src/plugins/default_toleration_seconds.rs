//! `DefaultTolerationSeconds`: pods stay on a lost node for a while.
//!
//! Mirrors `plugin/pkg/admission/defaulttolerationseconds`.

use super::Setup;
use super::pod_parts::{items, text};
use crate::{Operation, Plugin, Request};
use async_trait::async_trait;
use object::{Result, Value, json};

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

struct DefaultTolerationSeconds {
    seconds: [(&'static str, i64); 2],
}

pub(super) fn make(setup: &Setup) -> Box<dyn Plugin> {
    let seconds = [(NOT_READY, setup.not_ready_seconds), (UNREACHABLE, setup.unreachable_seconds)];
    Box::new(DefaultTolerationSeconds { seconds })
}

#[async_trait]
impl Plugin for DefaultTolerationSeconds {
    fn name(&self) -> &'static str {
        "DefaultTolerationSeconds"
    }

    async fn admit(&self, request: &Request<'_>, object: Option<&mut Value>) -> Result<()> {
        let changes = matches!(request.operation, Operation::Create | Operation::Update);
        let concerns = request.is_whole("", "pods") && changes;
        let Some(pod) = object.filter(|_| concerns) else { return Ok(()) };
        let tolerations = &mut pod["spec"]["tolerations"];
        let mut missing: Vec<Value> = Vec::new();
        for (key, seconds) in self.seconds {
            let tolerated = items(tolerations).any(|toleration| {
                let of = |field| text(&toleration[field]);
                (of("key") == key || of("key").is_empty())
                    && matches!(of("effect"), "NoExecute" | "")
            });
            if !tolerated {
                missing.push(json!({
                    "key": key,
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": seconds,
                }));
            }
        }
        match tolerations.as_array_mut() {
            Some(list) => list.extend(missing),
            None if !missing.is_empty() => *tolerations = missing.into(),
            None => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::{Case, cluster};

    #[tokio::test]
    async fn what_is_tolerated_already_is_left_alone() {
        let case = Case::new(make, &cluster(), "", "pods");
        let cases = [
            (json!([]), 2),
            (json!([{"operator": "Exists"}]), 1),
            (json!([{"key": NOT_READY, "operator": "Exists", "effect": "NoSchedule"}]), 3),
            (json!([{"key": NOT_READY, "operator": "Exists", "tolerationSeconds": 1}]), 2),
        ];
        for (given, count) in cases {
            let mut pod = json!({"spec": {"tolerations": given}});
            case.create("ns", &mut pod).await.expect("admitted");
            assert_eq!(items(&pod["spec"]["tolerations"]).count(), count, "{pod}");
        }
    }
}
