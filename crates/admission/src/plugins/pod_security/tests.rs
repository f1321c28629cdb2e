//! The standards against what upstream was recorded to say, and what becomes of a request.

use super::*;
use crate::plugins::tests::{Case, cluster, setup};
use object::json;
use standard::{Standard, Version};

/// A pod on a line, and below it a line for each version of a level from which on it is judged
/// otherwise.
const GOLDEN: &str = include_str!("../../../../../tests/golden/pod_security.txt");

#[test]
fn every_version_of_a_level_finds_what_upstreams_does() {
    let (mut pods, mut wrong) = (0, Vec::new());
    let mut lines = GOLDEN.lines().peekable();
    while let Some(line) = lines.next() {
        let object: Value = serde_json::from_str(line).expect("a pod");
        let mut told = Vec::new();
        while let Some(change) = lines.next_if(|line| line.starts_with(' ')) {
            let mut parts = change[1..].splitn(3, ' ');
            let level = parts.next().and_then(Level::parse).expect("a level");
            let since = parts.next().and_then(Version::parse).expect("a version");
            told.push((level, since, parts.next().unwrap_or_default()));
        }
        pods += 1;
        for level in [Level::Baseline, Level::Restricted] {
            for version in (0..=40).map(Version::Minor).chain([Version::Latest]) {
                let told = told.iter().rfind(|(of, since, _)| *of == level && *since <= version);
                let (_, _, told) = told.expect("a verdict on every version");
                let standard = Standard { level, version };
                let ours = checks::in_full(&checks::findings(standard, Pod::of(&object)));
                if ours != *told {
                    wrong.push(format!("{standard} {line}\n ours   {ours}\n theirs {told}\n"));
                }
            }
        }
    }
    assert!(pods > 100, "only {pods} pods");
    assert!(
        wrong.is_empty(),
        "{} verdicts differ:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("")
    );
}

#[test]
fn a_privileged_namespace_lets_everything_in() {
    let pod = json!({"spec": {"containers": [{"securityContext": {"privileged": true}}]}});
    let old = Standard { level: Level::Privileged, version: Version::Minor(0) };
    assert!(checks::findings(old, Pod::of(&pod)).is_empty());
}

/// A namespace with these labels, named without their prefix.
fn namespace(name: &str, labels: &[(&str, &str)]) -> Value {
    let labels: object::Map<String, Value> = labels
        .iter()
        .map(|(label, value)| (format!("pod-security.kubernetes.io/{label}"), json!(value)))
        .collect();
    json!({"metadata": {"name": name, "labels": labels}})
}

fn privileged(name: &str) -> Value {
    let container = json!({"name": "a", "image": "i", "securityContext": {"privileged": true}});
    json!({"metadata": {"name": name, "namespace": "ns"}, "spec": {"containers": [container]}})
}

const FOUND: &str = "privileged (container \"a\" must not set securityContext.privileged=true)";

fn warnings(case: &Case) -> Vec<String> {
    std::mem::take(&mut *case.warnings.lock().expect("no holder panics"))
}

#[tokio::test]
async fn a_pod_is_refused_and_what_makes_it_is_warned_of() {
    let cluster = cluster();
    cluster.put("", "namespaces", namespace("ns", &[("enforce", "baseline")]));
    let pods = Case::new(make, &cluster, "", "pods");
    let why = pods.create("ns", &mut privileged("p")).await.expect_err("a refusal");
    let told = format!("violates PodSecurity \"baseline:latest\": {FOUND}");
    assert_eq!(why.to_string(), format!("pods \"p\" is forbidden: {told}"));
    assert_eq!(warnings(&pods), [] as [String; 0]);

    let makers = Case::new(make, &cluster, "apps", "deployments");
    let mut maker = json!({"metadata": {"name": "d"}, "spec": {"template": privileged("")}});
    assert!(makers.create("ns", &mut maker).await.is_ok());
    let told = format!("would violate PodSecurity \"baseline:latest\": {FOUND}");
    assert_eq!(warnings(&makers), [told.as_str()]);
    let makers = Case::new(make, &cluster, "batch", "cronjobs");
    let job = json!({"spec": {"template": privileged("")}});
    let mut maker = json!({"metadata": {"name": "c"}, "spec": {"jobTemplate": job}});
    assert!(makers.create("ns", &mut maker).await.is_ok());
    assert_eq!(warnings(&makers), [told.as_str()]);

    let mut bare = json!({"metadata": {"name": "c"}, "spec": {"replicas": 0}});
    let makers = Case::new(make, &cluster, "", "replicationcontrollers");
    assert!(makers.create("ns", &mut bare).await.is_ok());
    assert_eq!(warnings(&makers), [] as [String; 0]);
}

#[tokio::test]
async fn only_an_update_that_brings_other_images_is_judged() {
    let cluster = cluster();
    cluster.put("", "namespaces", namespace("ns", &[("enforce", "baseline")]));
    let pods = Case::new(make, &cluster, "", "pods");
    let old = privileged("p");
    let mut labelled = old.clone();
    labelled["metadata"]["labels"] = json!({"a": "b"});
    assert!(pods.update("ns", "p", &old, &mut labelled).await.is_ok());
    let mut other = old.clone();
    other["spec"]["containers"][0]["image"] = json!("other");
    assert!(pods.update("ns", "p", &old, &mut other).await.is_err());
    let mut debugged = old.clone();
    debugged["spec"]["ephemeralContainers"] = json!([{"name": "e", "image": "i"}]);
    let parts = Case::new(make, &cluster, "", "pods").part("ephemeralcontainers");
    assert!(parts.update("ns", "p", &old, &mut debugged).await.is_err());
    let status = Case::new(make, &cluster, "", "pods").part("status");
    assert!(status.update("ns", "p", &old, &mut other).await.is_ok());
}

#[tokio::test]
async fn labels_must_be_readable_once_they_change() {
    let case = Case::new(make, &cluster(), "", "namespaces");
    let bad = namespace("ns", &[("enforce", "strict"), ("warn-version", "1")]);
    let why = case.create("", &mut bad.clone()).await.expect_err("a refusal");
    assert_eq!(
        why.to_string(),
        "Namespace \"ns\" is invalid: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid \
         value: \"strict\": must be one of privileged, baseline, restricted, \
         metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: \"1\": must be \
         \"latest\" or \"v1.x\"]"
    );
    let mut touched = bad.clone();
    touched["metadata"]["annotations"] = json!({"a": "b"});
    assert!(case.update("", "ns", &bad, &mut touched).await.is_ok());
    let mut worse = namespace("ns", &[("enforce", "stricter"), ("warn-version", "1")]);
    assert!(case.update("", "ns", &bad, &mut worse).await.is_err());
}

#[tokio::test]
async fn a_namespace_is_told_of_pods_that_would_not_be_made_any_more() {
    let cluster = cluster();
    for name in ["c", "b", "a"] {
        cluster.put("", "pods", privileged(name));
    }
    let mut other = privileged("h");
    other["spec"]["hostNetwork"] = json!(true);
    cluster.put("", "pods", other);
    let case = Case::new(make, &cluster, "", "namespaces");
    let old = namespace("ns", &[]);
    let mut new = namespace("ns", &[("enforce", "baseline"), ("enforce-version", "v1.20")]);
    assert!(case.update("", "ns", &old, &mut new).await.is_ok());
    assert_eq!(
        warnings(&case),
        [
            "existing pods in namespace \"ns\" violate the new PodSecurity enforce level \
             \"baseline:v1.20\"",
            "a (and 2 other pods): privileged",
            "h: host namespaces, privileged",
        ]
    );
    assert!(case.update("", "ns", &new.clone(), &mut old.clone()).await.is_ok());
    assert_eq!(warnings(&case), [] as [String; 0]);
}

#[tokio::test]
async fn the_configuration_exempts_and_defaults() {
    let cluster = cluster();
    cluster.put("", "namespaces", namespace("ns", &[]));
    cluster.put("", "namespaces", namespace("open", &[("enforce", "restricted")]));
    let configuration = Configuration::parse(&json!({
        "apiVersion": "pod-security.admission.config.k8s.io/v1",
        "kind": "PodSecurityConfiguration",
        "defaults": {"enforce": "baseline", "enforce-version": "v1.30"},
        "exemptions": {"namespaces": ["open"], "usernames": ["root"], "runtimeClasses": ["vm"]},
    }))
    .expect("a configuration");
    let made = || {
        let pod_security = configuration.clone();
        make(&crate::Setup { pod_security, ..setup(&cluster) })
    };
    let case = Case::made(made(), "", "pods");
    let why = case.create("ns", &mut privileged("p")).await.expect_err("a refusal");
    assert!(why.to_string().contains("violates PodSecurity \"baseline:v1.30\""), "{why}");
    assert!(case.create("open", &mut privileged("p")).await.is_ok());
    let mut in_a_machine = privileged("p");
    in_a_machine["spec"]["runtimeClassName"] = json!("vm");
    assert!(case.create("ns", &mut in_a_machine).await.is_ok());
    let case = Case::made(made(), "", "pods").by("root", &[]);
    assert!(case.create("ns", &mut privileged("p")).await.is_ok());

    let case = Case::made(made(), "", "namespaces");
    let mut new = namespace("open", &[("enforce", "restricted"), ("audit-version", "v1.3")]);
    assert!(case.create("", &mut new).await.is_ok());
    assert_eq!(
        warnings(&case),
        ["namespace \"open\" is exempt from Pod Security, and the policy \
          (enforce=restricted:v1.30) will be ignored"]
    );
}
