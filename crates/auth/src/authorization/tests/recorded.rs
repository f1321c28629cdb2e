//! What upstream answers, asked the same.
//!
//! `testdata/decisions` was recorded from kube-apiserver v1.36.3 with `--authorization-mode=
//! Node,RBAC`: its default policy, some roles, bindings, a pod and its volume (`cluster.json`), and
//! the answers to SubjectAccessReviews drawn at random (`answers.tsv`: `+` or `-`, user, groups,
//! verb, group, resource, subresource, namespace, name, path, reason).

use super::super::node::NodeAuthorizer;
use super::super::rbac::{GROUP, Rbac};
use super::*;
use crate::bootstrap;
use crate::objects::memory::Memory;
use object::Value;

const CLUSTER: &str = include_str!("../../../testdata/decisions/cluster.json");
const ANSWERS: &str = include_str!("../../../testdata/decisions/answers.tsv");

/// Each resource of the recorded cluster, with its group.
const RESOURCES: [(&str, &str); 7] = [
    (GROUP, "clusterroles"),
    (GROUP, "clusterrolebindings"),
    (GROUP, "roles"),
    (GROUP, "rolebindings"),
    ("", "pods"),
    ("", "persistentvolumes"),
    ("storage.k8s.io", "volumeattachments"),
];

fn authorizers() -> Authorizers {
    let cluster = Memory::default();
    for default in bootstrap::policy() {
        cluster.put(GROUP, default.resource, default.object);
    }
    let recorded: Vec<Value> = serde_json::from_str(CLUSTER).expect("JSON");
    for item in recorded {
        let found = RESOURCES.into_iter().find(|(_, resource)| item["resource"] == *resource);
        let (group, resource) = found.expect("a resource that we know");
        cluster.put(group, resource, item["object"].clone());
    }
    let node = Arc::new(NodeAuthorizer::over(&cluster));
    Authorizers::new(vec![node, Arc::new(Rbac::over(&cluster))])
}

#[tokio::test]
async fn decisions_and_reasons_are_upstreams() {
    let authorizers = authorizers();
    let mut allowed = 0;
    for line in ANSWERS.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [
            answer,
            user,
            groups,
            verb,
            group,
            resource,
            subresource,
            namespace,
            name,
            path,
            reason,
        ] = fields.try_into().expect("eleven fields");
        let groups: Vec<&str> = groups.split(',').filter(|group| !group.is_empty()).collect();
        let user = Arc::new(UserInfo::new(user, &groups));
        let asked = if path.is_empty() {
            Attributes::resource(user, verb, group, resource)
                .subresource(subresource)
                .in_namespace(namespace)
                .named(name)
        } else {
            Attributes::path(user, verb, path)
        };
        let decision = authorizers.decide(&asked).await;
        assert_eq!(decision.is_allow(), answer == "+", "{line}");
        allowed += usize::from(decision.is_allow());
        // Where several bindings allow it, upstream names any of them.
        if decision.is_allow() && !reason.is_empty() {
            assert!(decision.reason().starts_with("RBAC: allowed by "), "{line}");
        } else {
            assert_eq!(decision.reason(), reason, "{line}");
        }
    }
    assert!(allowed > 100, "the record has both sorts of answers");
}
