//! `LimitRanger`: containers get the namespace's defaults, and stay within its limits.
//!
//! Mirrors `plugin/pkg/admission/limitranger`.

use super::Setup;
use super::pod_amounts::{Amounts, amounts, limits_of, requests_of};
use super::pod_parts::{items, text};
use crate::{Cluster, Operation, Plugin, Request};
use async_trait::async_trait;
use object::{GroupResource, Quantity, Result, Value, meta};
use std::collections::BTreeSet;
use std::sync::Arc;

const ANNOTATION: &str = "kubernetes.io/limit-ranger";

struct LimitRanger {
    cluster: Arc<dyn Cluster>,
}

pub(super) fn make(setup: &Setup) -> Box<dyn Plugin> {
    Box::new(LimitRanger { cluster: setup.cluster.clone() })
}

#[async_trait]
impl Plugin for LimitRanger {
    fn name(&self) -> &'static str {
        "LimitRanger"
    }

    async fn admit(&self, request: &Request<'_>, object: Option<&mut Value>) -> Result<()> {
        let Some(pod) = object.filter(|_| concerns(request) && request.is("", "pods")) else {
            return Ok(());
        };
        for range in self.ranges(request) {
            add_defaults(&range, pod);
        }
        Ok(())
    }

    async fn validate(&self, request: &Request<'_>, object: Option<&Value>) -> Result<()> {
        let Some(object) = object.filter(|_| concerns(request)) else { return Ok(()) };
        for range in self.ranges(request) {
            let mut broken = Vec::new();
            for limit in items(&range["spec"]["limits"]) {
                if request.is("", "pods") {
                    pod(limit, object, &mut broken);
                } else {
                    claim(limit, object, &mut broken);
                }
            }
            // One sentence, however many containers it is about: Go's aggregates say nothing twice.
            let mut said = BTreeSet::new();
            broken.retain(|why: &String| said.insert(why.clone()));
            match broken.as_slice() {
                [] => {}
                [one] => return Err(request.forbidden(Some(object), one)),
                many => {
                    return Err(request.forbidden(Some(object), format!("[{}]", many.join(", "))));
                }
            }
        }
        Ok(())
    }
}

impl LimitRanger {
    fn ranges(&self, request: &Request<'_>) -> Vec<Arc<Value>> {
        if request.old.is_some_and(|old| meta::deletion_timestamp(old).is_some()) {
            return Vec::new();
        }
        self.cluster.list(&GroupResource::new("", "limitranges"), Some(request.namespace))
    }
}

fn concerns(request: &Request<'_>) -> bool {
    let created = request.operation == Operation::Create;
    let updated = request.operation == Operation::Update;
    match request.subresource {
        "resize" => request.is("", "pods") && updated,
        "" if request.is("", "pods") => created,
        "" => request.is("", "persistentvolumeclaims") && (created || updated),
        _ => false,
    }
}

fn add_defaults(range: &Value, pod: &mut Value) {
    let mut defaults =
        [("limits", "default", Amounts::new()), ("requests", "defaultRequest", Amounts::new())];
    for limit in items(&range["spec"]["limits"]).filter(|limit| limit["type"] == "Container") {
        for (_, field, all) in &mut defaults {
            all.extend(amounts(&limit[*field]));
        }
    }
    let mut said = Vec::new();
    for (list, what) in [("containers", "container"), ("initContainers", "init container")] {
        for container in pod["spec"][list].as_array_mut().into_iter().flatten() {
            let name = text(&container["name"]).to_owned();
            let mut added = [Vec::new(), Vec::new()];
            for (place, (field, _, all)) in defaults.iter().enumerate() {
                for (resource, amount) in all {
                    let known = &mut container["resources"][*field][resource];
                    if known.is_null() {
                        *known = amount.to_string().into();
                        added[place].push(resource.as_str());
                    }
                }
            }
            tidy(container);
            for (list, word) in [(&added[1], "request"), (&added[0], "limit")] {
                if !list.is_empty() {
                    said.push(format!("{} {word} for {what} {name}", list.join(", ")));
                }
            }
        }
    }
    if !said.is_empty() {
        let text = format!("LimitRanger plugin set: {}", said.join("; "));
        meta::entry(&mut pod["metadata"], "annotations").insert(ANNOTATION.into(), text.into());
    }
}

/// Takes away lists that looking into them left empty.
fn tidy(container: &mut Value) {
    if let Some(resources) = container["resources"].as_object_mut() {
        resources.retain(|_, list| !list.is_null());
    } else {
        container["resources"] = object::json!({});
    }
}

fn pod(limit: &Value, pod: &Value, broken: &mut Vec<String>) {
    match text(&limit["type"]) {
        "Container" => {
            for list in ["containers", "initContainers"] {
                for container in items(&pod["spec"][list]) {
                    let resources = &container["resources"];
                    let (requests, limits) =
                        (amounts(&resources["requests"]), amounts(&resources["limits"]));
                    hold(limit, "Container", &requests, &limits, &OF_PODS, broken);
                }
            }
        }
        "Pod" => hold(limit, "Pod", &requests_of(pod), &limits_of(pod), &OF_PODS, broken),
        _ => {}
    }
}

fn claim(limit: &Value, claim: &Value, broken: &mut Vec<String>) {
    const KIND: &str = "PersistentVolumeClaim";
    if limit["type"] == KIND {
        let requests = amounts(&claim["spec"]["resources"]["requests"]);
        hold(limit, KIND, &requests, &Amounts::default(), &OF_CLAIMS, broken);
    }
}

/// Says how a use breaks a bound, where it does.
type Rule = fn(&Use<'_>, &Quantity) -> Option<String>;

/// The fields of a limit, each with the rule that it sets bounds to.
const OF_PODS: [(&str, Rule); 3] = [("min", min), ("max", max), ("maxLimitRequestRatio", ratio)];
const OF_CLAIMS: [(&str, Rule); 2] = [("min", min), ("max", request_max)];

/// Holds `requests` and `limits` against what `limit` says.
fn hold(
    limit: &Value,
    kind: &str,
    requests: &Amounts,
    limits: &Amounts,
    rules: &[(&str, Rule)],
    broken: &mut Vec<String>,
) {
    for (field, rule) in rules {
        for (resource, bound) in amounts(&limit[*field]) {
            let (request, limit) = (requests.get(&resource), limits.get(&resource));
            broken.extend(rule(&Use { kind, resource: &resource, request, limit }, &bound));
        }
    }
}

/// What is said of one resource, and of what `kind` of thing.
struct Use<'a> {
    kind: &'a str,
    resource: &'a str,
    request: Option<&'a Quantity>,
    limit: Option<&'a Quantity>,
}

fn min(of: &Use<'_>, least: &Quantity) -> Option<String> {
    let rule = format!("minimum {} usage per {} is {least}", of.resource, of.kind);
    match (of.request, of.limit) {
        (None, _) => Some(format!("{rule}.  No request is specified")),
        (Some(asked), _) if asked < least => Some(format!("{rule}, but request is {asked}")),
        (_, Some(limit)) if limit < least => Some(format!("{rule}, but limit is {limit}")),
        _ => None,
    }
}

fn max(of: &Use<'_>, most: &Quantity) -> Option<String> {
    let rule = format!("maximum {} usage per {} is {most}", of.resource, of.kind);
    match (of.request, of.limit) {
        (_, None) => Some(format!("{rule}.  No limit is specified")),
        (_, Some(limit)) if limit > most => Some(format!("{rule}, but limit is {limit}")),
        (Some(asked), _) if asked > most => Some(format!("{rule}, but request is {asked}")),
        _ => None,
    }
}

/// The same of what has requests alone.
fn request_max(of: &Use<'_>, most: &Quantity) -> Option<String> {
    let rule = format!("maximum {} usage per {} is {most}", of.resource, of.kind);
    match of.request {
        None => Some(format!("{rule}.  No request is specified")),
        Some(asked) if asked > most => Some(format!("{rule}, but request is {asked}")),
        Some(_) => None,
    }
}

fn ratio(of: &Use<'_>, most: &Quantity) -> Option<String> {
    let (resource, kind) = (of.resource, of.kind);
    let rule = format!("{resource} max limit to request ratio per {kind} is {most}");
    let some =
        |amount: Option<&Quantity>| amount.filter(|amount| !amount.is_zero()).map(Quantity::as_f64);
    match (some(of.request), some(of.limit)) {
        (None, _) => Some(format!("{rule}, but no request is specified or request is 0")),
        (_, None) => Some(format!("{rule}, but no limit is specified or limit is 0")),
        (Some(request), Some(limit)) if limit / request > most.as_f64() => {
            Some(format!("{rule}, but provided ratio is {:.6}", limit / request))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::tests::{Case, cluster};
    use object::json;

    fn case(limits: Value) -> Case {
        case_of("pods", limits)
    }

    fn case_of(plural: &'static str, limits: Value) -> Case {
        let cluster = cluster();
        cluster.put(
            "",
            "limitranges",
            json!({"metadata": {"name": "l", "namespace": "ns"}, "spec": {"limits": limits}}),
        );
        Case::new(make, &cluster, "", plural)
    }

    #[tokio::test]
    async fn defaults_are_added_and_said() {
        let case = case(
            json!([{"type": "Container", "default": {"cpu": "1", "memory": "1Gi"}, "defaultRequest": {"cpu": "500m"}}]),
        );
        let mut pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "resources": {"limits": {"cpu": "2"}}}]}});
        case.create("ns", &mut pod).await.expect("admitted");
        let resources = &pod["spec"]["containers"][0]["resources"];
        assert_eq!(
            resources,
            &json!({"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "500m"}})
        );
        assert_eq!(
            pod["metadata"]["annotations"][ANNOTATION],
            "LimitRanger plugin set: cpu request for container c; memory limit for container c"
        );
    }

    #[tokio::test]
    async fn limits_are_kept_in_upstreams_words() {
        let with = |cpu: &str| {
            json!({"metadata": {"name": "p"}, "spec": {"containers": [
            {"name": "c", "resources": {"limits": {"cpu": cpu}, "requests": {"cpu": "100m"}}}]}})
        };
        let cases = [
            (
                json!([{"type": "Container", "max": {"cpu": "1"}}]),
                "maximum cpu usage per Container is 1, but limit is 2",
            ),
            (
                json!([{"type": "Container", "min": {"cpu": "200m"}}]),
                "minimum cpu usage per Container is 200m, but request is 100m",
            ),
            (
                json!([{"type": "Pod", "max": {"memory": "1Gi"}}]),
                "maximum memory usage per Pod is 1Gi.  No limit is specified",
            ),
            (
                json!([{"type": "Pod", "maxLimitRequestRatio": {"cpu": "10"}}]),
                "cpu max limit to request ratio per Pod is 10, but provided ratio is 20.000000",
            ),
        ];
        for (limits, expected) in cases {
            let why =
                case(limits).create("ns", &mut with("2")).await.expect_err(expected).to_string();
            assert_eq!(why, format!("pods \"p\" is forbidden: {expected}"));
        }
    }

    #[tokio::test]
    async fn claims_are_held_to_their_requests() {
        let limits = json!([{"type": "PersistentVolumeClaim",
            "min": {"storage": "1Gi"}, "max": {"storage": "3Gi"}}]);
        let case = case_of("persistentvolumeclaims", limits);
        let cases = [
            (json!({"storage": "2Gi"}), None),
            (
                json!({"storage": "1Mi"}),
                Some(
                    "minimum storage usage per PersistentVolumeClaim is \
                1Gi, but request is 1Mi",
                ),
            ),
            (
                json!({"storage": "4Gi"}),
                Some(
                    "maximum storage usage per PersistentVolumeClaim is \
                3Gi, but request is 4Gi",
                ),
            ),
            (
                json!({}),
                Some(
                    "[minimum storage usage per PersistentVolumeClaim is 1Gi.  No request \
                is specified, maximum storage usage per PersistentVolumeClaim is 3Gi.  No request \
                is specified]",
                ),
            ),
        ];
        for (requests, expected) in cases {
            let mut claim = json!({"metadata": {"name": "c"},
                "spec": {"resources": {"requests": requests}}});
            let why = case.create("ns", &mut claim).await.err().map(|why| why.to_string());
            let refusal = |text| format!("persistentvolumeclaims \"c\" is forbidden: {text}");
            assert_eq!(why, expected.map(refusal));
        }
    }

    #[tokio::test]
    async fn what_several_containers_lack_is_said_once() {
        let limits = json!([{"type": "Container", "min": {"cpu": "100m"}}]);
        let mut pod = json!({"metadata": {"name": "p"}, "spec": {
            "containers": [{"name": "a"}, {"name": "b"}], "initContainers": [{"name": "i"}]}});
        let why = case(limits).create("ns", &mut pod).await.expect_err("a refusal").to_string();
        let expected = "pods \"p\" is forbidden: minimum cpu usage per Container is 100m.  No \
                        request is specified";
        assert_eq!(why, expected);
    }
}
