//! How flow schemas differ while they are written. Mirrors `pkg/registry/flowcontrol/flowschema`.

use crate::flowcontrol::priority_level_configuration::strategy::{conditions, keep_metadata};
use crate::validation::At;
use crate::{Context, ResetFields};
use object::{FieldErrors, Value, meta, names};

const PRECEDENCE_MAX: i64 = 10_000;
const VERBS: &[&str] =
    &["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];
const KINDS: [(&str, &str); 3] =
    [("serviceAccount", "ServiceAccount"), ("user", "User"), ("group", "Group")];

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn prepare_update(&self, object: &mut Value, old: &Value, context: &Context) {
        keep_metadata(object, old, context);
    }

    fn reset_fields(&self, subresource: &str) -> Option<ResetFields> {
        (subresource == "status").then_some(&[&["metadata"], &["spec"]])
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let root = At::root(object);
        spec(&root.get("spec"), meta::name(object), errors);
        conditions(&root.get("status"), errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        _old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        if context.subresource == "status" {
            conditions(&At::root(object).get("status"), errors);
        } else {
            self.validate(object, context, errors);
        }
    }
}

fn spec(at: &At<'_>, name: &str, errors: &mut FieldErrors) {
    let precedence = at.get("matchingPrecedence");
    let value = precedence.int();
    if value <= 0 {
        precedence.invalid_as(errors, value, "must be a positive value");
    }
    if value > PRECEDENCE_MAX {
        precedence.invalid(errors, format!("must not be greater than {PRECEDENCE_MAX}"));
    }
    if value == 1 && name != "exempt" {
        let detail = "only the schema named 'exempt' may have matchingPrecedence 1";
        precedence.invalid(errors, detail);
    }
    let method = at.get("distinguisherMethod");
    let known = ["ByNamespace", "ByUser"];
    if method.is_set() && !known.contains(&method.get("type").text()) {
        method.get("type").not_supported_as(errors, method.value.clone(), &known);
    }
    let level = at.get("priorityLevelConfiguration").get("name");
    if level.is_empty() {
        level.required(errors, "must reference a priority level");
    } else {
        level.check(errors, names::dns1123_subdomain);
    }
    for rule in at.get("rules").items() {
        policy(&rule, errors);
    }
}

fn policy(at: &At<'_>, errors: &mut FieldErrors) {
    let subjects = at.get("subjects");
    if subjects.is_empty() {
        subjects.required(errors, "subjects must contain at least one value");
    }
    for subject in subjects.items() {
        one_subject(&subject, errors);
    }
    let (resources, others) = (at.get("resourceRules"), at.get("nonResourceRules"));
    if resources.len() + others.len() == 0 {
        let detail = "at least one of resourceRules and nonResourceRules has to be non-empty";
        at.required(errors, detail);
    }
    for rule in resources.items() {
        resource_rule(&rule, errors);
    }
    for rule in others.items() {
        other_rule(&rule, errors);
    }
}

fn one_subject(at: &At<'_>, errors: &mut FieldErrors) {
    let kind = at.get("kind");
    let Some((own, _)) = KINDS.iter().find(|(_, kind_name)| *kind_name == kind.text()) else {
        kind.not_supported(errors, &["Group", "ServiceAccount", "User"]);
        return;
    };
    let details = at.get(own);
    if !details.is_set() {
        let detail = format!("{own} is required when subject kind is '{}'", kind.text());
        details.required(errors, detail);
    } else {
        let name = details.get("name");
        if name.require(errors) && *own == "serviceAccount" && name.text() != "*" {
            name.check(errors, names::dns1123_subdomain);
        }
        let namespace = details.get("namespace");
        if *own == "serviceAccount" && namespace.is_empty() {
            namespace.required(errors, "must specify namespace for service account");
        } else if *own == "serviceAccount" {
            namespace.check(errors, names::dns1123_label);
        }
    }
    for (field, of) in KINDS.iter().filter(|(field, _)| field != own) {
        let detail = format!("{field} is forbidden when subject kind is not '{of}'");
        at.get(field).forbid(errors, &detail);
    }
}

/// Whether a list is good as far as wildcards go: alone or not at all.
fn alone(at: &At<'_>, what: &str, errors: &mut FieldErrors) -> bool {
    let wild = at.texts().any(|text| text == "*");
    if wild && at.len() > 1 {
        at.invalid(errors, format!("if '*' is present, must not specify other {what}"));
    }
    wild
}

fn verbs(at: &At<'_>, errors: &mut FieldErrors) {
    if at.is_empty() {
        at.required(errors, "verbs must contain at least one value");
    } else if !alone(at, "verbs", errors) && !at.texts().all(|verb| VERBS.contains(&verb)) {
        at.not_supported(errors, VERBS);
    }
}

fn resource_rule(at: &At<'_>, errors: &mut FieldErrors) {
    verbs(&at.get("verbs"), errors);
    for (field, one, many) in
        [("apiGroups", "api group", "api groups"), ("resources", "resource", "resources")]
    {
        let list = at.get(field);
        if list.is_empty() {
            list.required(errors, format!("resource rules must supply at least one {one}"));
        } else {
            alone(&list, many, errors);
        }
    }
    let namespaces = at.get("namespaces");
    if namespaces.is_empty() && !at.get("clusterScope").flag() {
        namespaces.required(
            errors,
            "resource rules that are not cluster scoped must supply at least one namespace",
        );
    } else if !alone(&namespaces, "namespaces", errors) {
        for name in namespaces.items() {
            for complaint in names::dns1123_label(name.text()) {
                let detail = format!(
                    "each member of this list must be '*' or a DNS-1123 label; {complaint}"
                );
                name.invalid(errors, detail);
            }
        }
    }
}

fn other_rule(at: &At<'_>, errors: &mut FieldErrors) {
    verbs(&at.get("verbs"), errors);
    let urls = at.get("nonResourceURLs");
    if urls.is_empty() {
        urls.required(errors, "nonResourceURLs must contain at least one value");
    } else if !alone(&urls, "non-resource URLs", errors) {
        for url in urls.items() {
            if let Some(complaint) = path_complaint(url.text()) {
                url.invalid(errors, complaint);
            }
        }
    }
}

fn path_complaint(path: &str) -> Option<&'static str> {
    let stars = path.matches('*').count();
    match path {
        "" => Some("must not be empty"),
        "/" => None,
        _ if !path.starts_with('/') => Some("must start with slash"),
        _ if path.contains(' ') => Some("must not contain white-space"),
        _ if path.contains("//") => Some("must not contain double slash"),
        _ if stars > 1 || (stars == 1 && !path.ends_with("/*")) => {
            Some("wildcard can only do suffix matching")
        }
        _ => None,
    }
}
