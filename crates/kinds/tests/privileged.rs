//! `--allow-privileged=false`, which holds for the whole process and so has a test of its own.

use object::{FieldErrors, json};
use orlop_kinds as kinds;

#[test]
fn what_is_privileged_is_refused_where_the_cluster_says_so() {
    kinds::allow_privileged(false);
    // The first who says it decides.
    kinds::allow_privileged(true);
    let pods = kinds::find("", "v1", "pods").expect("pods");
    let context = kinds::Context::default();
    for (spec, why) in [
        (
            json!({"containers": [
                {"name": "a", "image": "i", "securityContext": {"privileged": true}},
                {"name": "b", "image": "i", "securityContext": {"privileged": false}},
            ]}),
            "spec.containers[0].securityContext.privileged: Forbidden: disallowed by cluster policy",
        ),
        (
            json!({
                "containers": [{"name": "a", "image": "i"}],
                "hostNetwork": true,
                "os": {"name": "windows"},
                "securityContext": {"windowsOptions": {"hostProcess": true}},
            }),
            "spec: Forbidden: hostProcess containers are disallowed by cluster policy",
        ),
    ] {
        let mut pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p", "namespace": "default"},
            "spec": spec,
        });
        let types = schema::builtin();
        let root = types.root(&object::Gvk::new("", "v1", "Pod")).expect("the type");
        schema::defaults::apply(types, root, &mut pod);
        let mut errors = FieldErrors::new();
        pods.strategy.validate(&pod, &context, &mut errors);
        assert_eq!(errors.to_string(), why);
    }
}
