//! What may stand in a pod's status. Mirrors `pkg/apis/core/validation`.

use crate::validation::text::user_or_group;
use crate::validation::{At, network};
use object::{FieldErrors, Value, names};
use std::collections::BTreeSet;

const MESSAGE_BYTES: usize = 1024;
const NOT_BACK: &str = "may not be transitioned to non-terminated state";
const ONE_OF_EACH: &str = "may specify no more than one IP for each IP family";

/// All the rules for a status.
pub(super) fn status(object: &Value, old_object: &Value, errors: &mut FieldErrors) {
    let (root, old_root) = (At::root(object), At::root(old_object));
    let (new, old) = (root.get("status"), old_root.get("status"));
    for condition in new.get("conditions").items() {
        let generation = condition.get("observedGeneration");
        if generation.int() < 0 {
            generation.invalid(errors, "must be a non-negative integer");
        }
        let kind = condition.get("type");
        if !matches!(kind.text(), "PodScheduled" | "Ready" | "Initialized") {
            kind.shown_as(&condition.get("Type")).check(errors, names::qualified_name);
        }
    }
    nominated_node(&new, &old, &old_root, errors);
    if new.get("observedGeneration").int() < 0 {
        new.get("observedGeneration").invalid(errors, "must be a non-negative integer");
    }
    new.get("qosClass").immutable(errors, &old.get("qosClass"));
    let spec = old_root.get("spec");
    transitions(&new, &old, "containerStatuses", &spec, "containers", errors);
    transitions(&new, &old, "initContainerStatuses", &spec, "initContainers", errors);
    transitions(&new, &old, "ephemeralContainerStatuses", &spec, "", errors);
    claims(&new, &root.get("spec"), errors);
    for field in ["podIPs", "hostIPs"] {
        addresses(&new, &old, field, errors);
    }
    for field in ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"] {
        for status in new.get(field).items() {
            user(&status.get("user"), root.get("spec.os.name").text(), errors);
            allocated(&status, field, &root.get("spec"), errors);
        }
    }
}

fn nominated_node(new: &At<'_>, old: &At<'_>, old_root: &At<'_>, errors: &mut FieldErrors) {
    let node = new.get("nominatedNodeName");
    if node.is_empty() || node.text() == old.get("nominatedNodeName").text() {
        return;
    }
    node.check(errors, names::dns1123_subdomain);
    if !old_root.get("spec.nodeName").is_empty() {
        node.forbidden(errors, "may not be set on pods that are already bound to a node");
    }
}

/// What has ended stays ended, unless it is to start again.
fn transitions(
    new: &At<'_>,
    old: &At<'_>,
    field: &'static str,
    spec: &At<'_>,
    containers: &'static str,
    errors: &mut FieldErrors,
) {
    // A rule may restart all containers of the pod.
    let restarts_all = |container: &At<'_>| {
        container
            .get("restartPolicyRules")
            .items()
            .any(|rule| rule.get("action").text() == "RestartAllContainers")
    };
    let anywhere = ["containers", "initContainers"];
    let all = anywhere.iter().any(|f| spec.get(f).items().any(|c| restarts_all(&c)));
    if all && !containers.is_empty() {
        return;
    }
    for (index, was) in old.get(field).items().enumerate() {
        let ended = was.get("state.terminated");
        if !ended.is_set() {
            continue;
        }
        let name = was.get("name").text();
        let now = new.get(field).items().find(|s| s.get("name").text() == name);
        if now.is_none_or(|now| now.get("state.terminated").is_set()) {
            continue;
        }
        let container = spec.get(containers).items().find(|c| c.get("name").text() == name);
        let code = ended.get("exitCode").int();
        if !container.is_some_and(|c| restarts(&c, spec, code)) {
            new.get(field).index(index).get("state").forbidden(errors, NOT_BACK);
        }
    }
}

/// Whether a container starts again after this exit.
fn restarts(container: &At<'_>, spec: &At<'_>, code: i64) -> bool {
    for rule in container.get("restartPolicyRules").items() {
        let codes = rule.get("exitCodes");
        let listed = codes.get("values").items().any(|v| v.int() == code);
        if codes.is_set() && listed == (codes.get("operator").text() == "In") {
            return rule.get("action").text() == "Restart";
        }
    }
    let (own, of_pod) = (container.get("restartPolicy"), spec.get("restartPolicy"));
    match if own.is_set() { own.text() } else { of_pod.text() } {
        "Always" => true,
        "OnFailure" => code != 0,
        _ => false,
    }
}

fn claims(new: &At<'_>, spec: &At<'_>, errors: &mut FieldErrors) {
    let known: Vec<&str> =
        spec.get("resourceClaims").items().map(|c| c.get("name").text()).collect();
    let mut seen = BTreeSet::new();
    for status in new.get("resourceClaimStatuses").items() {
        let name = status.get("name");
        if !known.contains(&name.text()) {
            let detail = "must match the name of an entry in `spec.resourceClaims`";
            name.invalid(errors, detail);
        }
        if !seen.insert(name.text()) {
            name.duplicate(errors, name.text());
        }
        if status.get("resourceClaimName").is_set() {
            status.get("resourceClaimName").check(errors, names::dns1123_subdomain);
        }
    }
}

fn addresses(new: &At<'_>, old: &At<'_>, field: &'static str, errors: &mut FieldErrors) {
    let (list, was) = (new.get(field), old.get(field));
    let was: Vec<&str> = was.items().map(|item| item.get("ip").text()).collect();
    if field == "hostIPs" && !list.is_empty() {
        let first = list.index(0).get("ip");
        if first.text() != new.get("hostIP").text() {
            first.invalid(errors, "must be equal to `hostIP`");
        }
    }
    for item in list.items() {
        network::ip(&item.get("ip").shown_as(&item), &was, errors);
    }
    let all: Vec<&str> = list.items().map(|item| item.get("ip").text()).collect();
    let dual = network::is_dual_stack(all.iter().copied()).unwrap_or(false);
    if all.len() > 1 && (!dual || all.len() > 2) {
        list.invalid(errors, ONE_OF_EACH);
    }
}

fn user(at: &At<'_>, os: &str, errors: &mut FieldErrors) {
    let linux = at.get("linux");
    if !linux.is_set() {
        return;
    }
    match os {
        "windows" => linux.forbidden(errors, "cannot be set for a windows pod"),
        "" | "linux" => {
            linux.get("uid").check_int(errors, user_or_group);
            linux.get("gid").check_int(errors, user_or_group);
            for group in linux.get("supplementalGroups").items() {
                group.check_int(errors, user_or_group);
            }
        }
        _ => {}
    }
}

fn allocated(status: &At<'_>, field: &str, spec: &At<'_>, errors: &mut FieldErrors) {
    let list = status.get("allocatedResourcesStatus");
    let containers = match field {
        "containerStatuses" => "containers",
        "initContainerStatuses" => "initContainers",
        _ => {
            if !list.is_empty() {
                list.forbidden(errors, "must not be specified in container status");
            }
            return;
        }
    };
    let name = status.get("name").text();
    let container = spec.get(containers).items().find(|c| c.get("name").text() == name);
    for resource in list.items() {
        let at = resource.get("name");
        if let Some(container) = &container {
            let (found, complaint) = match at.text().strip_prefix("claim:") {
                Some(claim) => {
                    let named = container.get("resources.claims").items().any(|c| {
                        let (name, request) = (c.get("name").text(), c.get("request").text());
                        let full = format!("{name}/{request}");
                        claim == if request.is_empty() { name } else { full.as_str() }
                    });
                    (
                        named,
                        "must match one of the container's resource claims in a format \
                         'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty",
                    )
                }
                None => (
                    container.get("resources.requests").key(at.text()).is_set(),
                    "must match one of the container's resource requests",
                ),
            };
            if !found {
                at.invalid(errors, complaint);
            }
        }
        let mut seen = BTreeSet::new();
        for health in resource.get("resources").items() {
            health.get("health").one_of(errors, &["Healthy", "Unhealthy", "Unknown"]);
            let message = health.get("message");
            if message.is_set() && message.is_empty() {
                message.required(errors, "must be non-empty if specified");
            } else if message.len() > MESSAGE_BYTES {
                message.too_long(errors, MESSAGE_BYTES);
            }
            let id = health.get("resourceID");
            if !seen.insert(id.text()) {
                id.duplicate(errors, id.text());
            }
        }
    }
}
