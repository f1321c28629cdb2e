//! How resource quotas differ while they are written. Mirrors `pkg/registry/core/resourcequota`.

use crate::Context;
use crate::validation::{At, resources};
use object::{FieldErrors, Value};
use std::collections::BTreeSet;

const SCOPES: &[&str] = &[
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "VolumeAttributesClass",
    "CrossNamespacePodAffinity",
];
const COMPUTE: &[&str] =
    &["cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];
const UNSUPPORTED: &str = "unsupported scope";
const UNSUPPORTED_HERE: &str = "unsupported scope applied to resource";

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let root = At::root(object);
        spec(&root.get("spec"), errors);
        amounts(&root.get("status"), &["hard", "used"], errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        let root = At::root(object);
        if context.subresource == "status" {
            amounts(&root.get("status"), &["hard", "used"], errors);
            return;
        }
        spec(&root.get("spec"), errors);
        let old = At::root(old);
        let (scopes, was) = (root.get("spec").get("scopes"), old.get("spec.scopes"));
        let set = |at: &At<'_>| at.texts().map(str::to_owned).collect::<BTreeSet<String>>();
        if set(&scopes) != set(&was) {
            scopes.invalid(errors, "field is immutable");
        }
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let hard = &object["spec"]["hard"];
        let mut out = Vec::new();
        for name in ["cpu", "memory", "ephemeral-storage"] {
            let mut request = format!("requests.{name}");
            if hard.get(&request).is_none() && name != "ephemeral-storage" {
                name.clone_into(&mut request);
            }
            let limit = format!("limits.{name}");
            let (Some(asked), Some(most)) = (hard.get(&request), hard.get(&limit)) else {
                continue;
            };
            let (asked, most) = (resources::amount(asked), resources::amount(most));
            if asked > most && old.is_none() {
                out.push(format!(
                    "ResourceQuota {request} ({asked}) should be less than {limit} ({most})"
                ));
            }
        }
        out
    }

    fn returns_deleted(&self) -> bool {
        true
    }
}

fn amounts(at: &At<'_>, fields: &[&'static str], errors: &mut FieldErrors) {
    for field in fields {
        for (name, quantity) in at.get(field).entries() {
            resources::quota_name(&quantity, name, errors);
            resources::value(&quantity, name, errors);
        }
    }
}

fn spec(at: &At<'_>, errors: &mut FieldErrors) {
    amounts(at, &["hard"], errors);
    let hard: Vec<&str> = at.get("hard").keys().collect();
    let scopes = at.get("scopes");
    for scope in scopes.texts() {
        if !SCOPES.contains(&scope) {
            scopes.invalid(errors, UNSUPPORTED);
        }
        for _ in hard.iter().filter(|name| !covers(scope, name)) {
            scopes.invalid(errors, UNSUPPORTED_HERE);
        }
    }
    conflicts(&scopes.texts().collect(), &scopes, errors);
    let selector = at.get("scopeSelector");
    if !selector.is_set() {
        return;
    }
    let list = selector.get("matchExpressions");
    for requirement in list.items() {
        let scope = requirement.get("scopeName").text();
        if !SCOPES.contains(&scope) {
            list.get("scopeName").invalid_as(errors, scope, UNSUPPORTED);
        }
        for _ in hard.iter().filter(|name| !covers(scope, name)) {
            list.invalid_as(errors, selector.value.clone(), UNSUPPORTED_HERE);
        }
        operator(&requirement, &list, scope, errors);
    }
    let named = list.items().map(|r| r.get("scopeName").text()).collect();
    conflicts(&named, &scopes.shown_as(&list), errors);
}

fn operator(requirement: &At<'_>, list: &At<'_>, scope: &str, errors: &mut FieldErrors) {
    let operator = requirement.get("operator").text();
    let values = requirement.get("values");
    let valueless = !matches!(scope, "PriorityClass" | "VolumeAttributesClass");
    if SCOPES.contains(&scope) && valueless && operator != "Exists" {
        list.get("operator").invalid_as(
            errors,
            operator,
            "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, \
             ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, \
             ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
        );
    }
    match operator {
        "In" | "NotIn" if values.is_empty() => list.get("values").required(
            errors,
            "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
        ),
        "Exists" | "DoesNotExist" if !values.is_empty() => list.get("values").invalid_as(
            errors,
            values.value.clone(),
            "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
        ),
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        _ => {
            let detail = "not a valid selector operator";
            list.get("operator").invalid_as(errors, operator, detail);
        }
    }
}

/// Whether a scope says something about a resource; unknown ones are complained of elsewhere.
fn covers(scope: &str, resource: &str) -> bool {
    if !resources::is_standard_quota(resource) {
        return true;
    }
    match scope {
        "Terminating"
        | "NotTerminating"
        | "NotBestEffort"
        | "PriorityClass"
        | "CrossNamespacePodAffinity" => resource == "pods" || COMPUTE.contains(&resource),
        "BestEffort" => resource == "pods",
        "VolumeAttributesClass" => {
            matches!(resource, "persistentvolumeclaims" | "requests.storage")
        }
        _ => true,
    }
}

fn conflicts(scopes: &BTreeSet<&str>, at: &At<'_>, errors: &mut FieldErrors) {
    for [one, other] in [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]] {
        if scopes.contains(one) && scopes.contains(other) {
            at.invalid(errors, "conflicting scopes");
        }
    }
}
