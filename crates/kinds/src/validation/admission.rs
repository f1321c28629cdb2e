//! What admission webhooks and policies match, and how they are reached. Mirrors
//! `pkg/apis/admissionregistration/validation`. Whether CEL expressions compile is looked at
//! where CEL is known: in the API server's admission.

use super::{At, labels};
use object::{FieldErrors, Value, names};
use std::collections::BTreeSet;

const OPERATIONS: &[&str] = &["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
/// What a webhook or policy does when it fails.
pub(crate) const FAILURE_POLICIES: &[&str] = &["Fail", "Ignore"];
const MATCH_POLICIES: &[&str] = &["Equivalent", "Exact"];
const REVIEWS: &[&str] = &["v1", "v1beta1"];
const CONDITIONS_MAX: usize = 64;

/// What the old configuration had already.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WebhookOptions {
    pub(crate) side_effects: bool,
    pub(crate) unknown_reviews: bool,
    pub(crate) repeated_names: bool,
    pub(crate) bad_selector: bool,
    pub(crate) same_conditions: bool,
}

impl WebhookOptions {
    /// What is forgiven in a change of `old`.
    pub(crate) fn of(object: &Value, old: &Value) -> Self {
        let hooks: Vec<At<'_>> = At::root(old).get("webhooks").items().collect();
        let names: BTreeSet<&str> = hooks.iter().map(|hook| hook.get("name").text()).collect();
        let conditions = |object| {
            let all = At::root(object).get("webhooks").items();
            all.map(|hook| hook.get("matchConditions").value.clone()).collect::<Vec<Value>>()
        };
        Self {
            side_effects: hooks
                .iter()
                .any(|hook| !matches!(hook.get("sideEffects").text(), "None" | "NoneOnDryRun")),
            unknown_reviews: hooks.iter().any(|hook| {
                let list = hook.get("admissionReviewVersions");
                !list.is_empty() && !list.texts().any(|version| REVIEWS.contains(&version))
            }),
            repeated_names: names.len() < hooks.len(),
            bad_selector: hooks.iter().any(|hook| {
                ["namespaceSelector", "objectSelector"]
                    .iter()
                    .any(|field| !labels::is_readable(&hook.get(field)))
            }),
            same_conditions: conditions(object) == conditions(old),
        }
    }
}

/// The webhooks of a configuration. `mutating`: they may be called again.
pub(crate) fn webhooks(
    object: &Value,
    mutating: bool,
    options: WebhookOptions,
    errors: &mut FieldErrors,
) {
    let mut seen = BTreeSet::new();
    for hook in At::root(object).get("webhooks").items() {
        webhook(&hook, mutating, options, errors);
        review_versions(&hook.get("admissionReviewVersions"), options, errors);
        let name = hook.get("name");
        if !name.is_empty() && !seen.insert(name.text()) && !options.repeated_names {
            name.duplicate(errors, name.text());
        }
    }
}

fn webhook(at: &At<'_>, mutating: bool, options: WebhookOptions, errors: &mut FieldErrors) {
    qualified(&at.get("name"), errors);
    for rule in at.get("rules").items() {
        rule_with_operations(&rule, errors);
    }
    at.get("failurePolicy").maybe_one_of(errors, FAILURE_POLICIES);
    at.get("matchPolicy").maybe_one_of(errors, MATCH_POLICIES);
    let effects = at.get("sideEffects");
    let allowed: &[&str] = if options.side_effects {
        &["None", "NoneOnDryRun", "Some", "Unknown"]
    } else {
        &["None", "NoneOnDryRun"]
    };
    if effects.is_set() {
        effects.one_of(errors, allowed);
    } else {
        effects.required(errors, format!("must specify one of {}", allowed.join(", ")));
    }
    let seconds = at.get("timeoutSeconds");
    if seconds.is_set() && !(1..=30).contains(&seconds.int()) {
        seconds.invalid(errors, "the timeout value must be between 1 and 30 seconds");
    }
    for field in ["namespaceSelector", "objectSelector"] {
        labels::selector(&at.get(field), options.bad_selector, errors);
    }
    if mutating {
        at.get("reinvocationPolicy").maybe_one_of(errors, &["IfNeeded", "Never"]);
    }
    client(&at.get("clientConfig"), errors);
    if !options.same_conditions {
        match_conditions(&at.get("matchConditions"), errors);
    }
}

/// A name of three parts at least.
fn qualified(at: &At<'_>, errors: &mut FieldErrors) {
    if !at.require(errors) {
        return;
    }
    let complaints = names::dns1123_subdomain(at.text());
    if !complaints.is_empty() {
        at.invalid(errors, complaints.join(","));
    } else if at.text().split('.').count() < 3 {
        at.invalid(errors, "should be a domain with at least three segments separated by dots");
    }
}

fn review_versions(at: &At<'_>, options: WebhookOptions, errors: &mut FieldErrors) {
    if at.is_empty() {
        at.required(errors, format!("must specify one of {}", REVIEWS.join(", ")));
        return;
    }
    let mut seen = BTreeSet::new();
    for version in at.items() {
        if seen.insert(version.text()) {
            version.check(errors, names::dns1035_label);
        } else {
            version.invalid(errors, "duplicate version");
        }
    }
    if !options.unknown_reviews && !at.texts().any(|version| REVIEWS.contains(&version)) {
        at.invalid(errors, format!("must include at least one of {}", REVIEWS.join(", ")));
    }
}

/// Where a webhook is: a URL, or a service.
pub(crate) fn client(at: &At<'_>, errors: &mut FieldErrors) {
    let (url, service) = (at.get("url"), at.get("service"));
    match (url.is_set(), service.is_set()) {
        (true, false) => webhook_url(&url, errors),
        (false, true) => webhook_service(&service, errors),
        _ => at.required(errors, "exactly one of url or service is required"),
    }
}

/// `https://host/path`, and nothing more.
pub(crate) fn webhook_url(at: &At<'_>, errors: &mut FieldErrors) {
    const FORM: &str = "; desired format: https://host[/path]";
    let (rest, fragment) = at.text().split_once('#').unwrap_or((at.text(), ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (scheme, rest) = match rest.split_once("://") {
        Some((scheme, rest)) => (scheme, Some(rest)),
        None => ("", None),
    };
    let host = rest.map_or("", |rest| rest.split('/').next().unwrap_or_default());
    let (user, host) = match host.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, host),
    };
    if scheme.to_lowercase() != "https" {
        let detail = format!("'https' is the only allowed URL scheme{FORM}");
        at.invalid_as(errors, scheme, detail);
    }
    if host.is_empty() {
        at.invalid_as(errors, "", format!("host must be specified{FORM}"));
    }
    if let Some(user) = user {
        at.invalid_as(errors, user, "user information is not permitted in the URL");
    }
    if !fragment.is_empty() {
        at.invalid_as(errors, fragment, "fragments are not permitted in the URL");
    }
    if !query.is_empty() {
        at.invalid_as(errors, query, "query parameters are not permitted in the URL");
    }
}

/// A service's name, namespace, port and path.
pub(crate) fn webhook_service(at: &At<'_>, errors: &mut FieldErrors) {
    // Upstream passes the two in the wrong order, and complains in it.
    let (name, namespace) = (at.get("name"), at.get("namespace"));
    namespace.shown_as(&name).require(errors);
    name.shown_as(&namespace).require(errors);
    let port = at.get("port");
    let complaints = names::port_number(port.int());
    if !complaints.is_empty() {
        let detail = format!("port is not valid: {}", complaints.join(", "));
        port.invalid_as(errors, port.int(), detail);
    }
    let path = at.get("path");
    let text = path.text();
    if matches!(text, "" | "/") {
        return;
    }
    if text == "//" {
        path.invalid(errors, "segment[0] may not be empty");
        return;
    }
    if !text.starts_with('/') {
        path.invalid(errors, "must start with a '/'");
    }
    let inner = text.get(1..).unwrap_or_default();
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    for (index, step) in inner.split('/').enumerate() {
        if step.is_empty() {
            path.invalid(errors, format!("segment[{index}] may not be empty"));
            continue;
        }
        for complaint in names::dns1123_subdomain(step) {
            path.invalid(errors, format!("segment[{index}]: {complaint}"));
        }
    }
}

fn wildcard(at: &At<'_>, what: &str, errors: &mut FieldErrors) {
    if at.len() > 1 && at.texts().any(|text| text == "*") {
        at.invalid(errors, format!("if '*' is present, must not specify other {what}"));
    }
}

fn rule_with_operations(at: &At<'_>, errors: &mut FieldErrors) {
    let operations = at.get("operations");
    operations.require(errors);
    wildcard(&operations, "operations", errors);
    for operation in operations.items() {
        operation.one_of(errors, OPERATIONS);
    }
    let (groups, versions) = (at.get("apiGroups"), at.get("apiVersions"));
    groups.require(errors);
    wildcard(&groups, "API groups", errors);
    versions.require(errors);
    wildcard(&versions, "API versions", errors);
    for version in versions.items() {
        version.require(errors);
    }
    resources(&at.get("resources"), errors);
    at.get("scope").maybe_one_of(errors, &["*", "Cluster", "Namespaced"]);
}

fn resources(at: &At<'_>, errors: &mut FieldErrors) {
    at.require(errors);
    let (mut whole_resources, mut whole_parts) = (BTreeSet::new(), BTreeSet::new());
    let mut plain = false;
    for item in at.items() {
        let text = item.text();
        if !item.require(errors) {
            continue;
        }
        let Some((resource, part)) = text.split_once('/') else {
            plain = text != "*";
            continue;
        };
        if whole_resources.contains(resource) {
            let detail = format!("if '{resource}/*' is present, must not specify {text}");
            item.invalid(errors, detail);
        }
        if whole_parts.contains(part) {
            let detail = format!("if '*/{part}' is present, must not specify {text}");
            item.invalid(errors, detail);
        }
        if part == "*" {
            whole_resources.insert(resource);
        }
        if resource == "*" {
            whole_parts.insert(part);
        }
    }
    let has = |wanted| at.texts().any(|text| text == wanted);
    if at.len() > 1 && has("*/*") {
        at.invalid(errors, "if '*/*' is present, must not specify other resources");
    }
    if has("*") && plain {
        let detail = "if '*' is present, must not specify other resources without subresources";
        at.invalid(errors, detail);
    }
}

/// Conditions in CEL, told apart by their names.
pub(crate) fn match_conditions(at: &At<'_>, errors: &mut FieldErrors) {
    at.at_most(errors, CONDITIONS_MAX);
    let mut seen = BTreeSet::new();
    for condition in at.items() {
        let (name, expression) = (condition.get("name"), condition.get("expression"));
        if expression.text().trim().is_empty() {
            expression.required(errors, "");
        }
        if name.require(errors) {
            name.check(errors, names::qualified_name);
        }
        if !name.is_empty() && !seen.insert(name.text()) {
            name.duplicate(errors, name.text());
        }
    }
}

/// What a policy matches, if it is set.
pub(crate) fn match_resources(at: &At<'_>, errors: &mut FieldErrors) {
    if !at.is_set() {
        return;
    }
    let policy = at.get("matchPolicy");
    if policy.is_set() {
        policy.one_of(errors, MATCH_POLICIES);
    } else {
        policy.required(errors, "");
    }
    for field in ["namespaceSelector", "objectSelector"] {
        if at.get(field).is_set() {
            labels::selector(&at.get(field), false, errors);
        } else {
            at.get(field).required(errors, "");
        }
    }
    for rule in ["resourceRules", "excludeResourceRules"].iter().flat_map(|f| at.get(f).items()) {
        let mut seen = BTreeSet::new();
        for name in rule.get("resourceNames").items() {
            name.check(errors, names::path_segment_name);
            if !seen.insert(name.text()) {
                name.duplicate(errors, name.text());
            }
        }
        rule_with_operations(&rule, errors);
    }
}

/// What a policy's parameters are, if it has any.
pub(crate) fn param_kind(at: &At<'_>, errors: &mut FieldErrors) {
    if !at.is_set() {
        return;
    }
    let (version, kind) = (at.get("apiVersion"), at.get("kind"));
    if version.require(errors) {
        api_version(&version, errors);
    }
    if kind.require(errors) {
        let complaints = names::dns1035_label(&kind.text().to_lowercase());
        if !complaints.is_empty() {
            let detail = format!(
                "may have mixed case, but should otherwise match: {}",
                complaints.join(",")
            );
            kind.invalid(errors, detail);
        }
    }
}

fn api_version(at: &At<'_>, errors: &mut FieldErrors) {
    let text = if at.text() == "/" { "" } else { at.text() };
    let (group, version) = text.rsplit_once('/').unwrap_or(("", text));
    if group.contains('/') {
        at.invalid(errors, format!("unexpected GroupVersion string: {text}"));
        return;
    }
    let complaints = names::dns1123_subdomain(group);
    if !group.is_empty() && !complaints.is_empty() {
        at.invalid_as(errors, group, complaints.join(","));
    }
    let complaints = names::dns1035_label(version);
    if version.is_empty() {
        at.invalid(errors, "version must be specified");
    } else if !complaints.is_empty() {
        at.invalid_as(errors, version, complaints.join(","));
    }
}

/// Which parameters a binding chooses, if any.
pub(crate) fn param_ref(at: &At<'_>, errors: &mut FieldErrors) {
    const EXCLUSIVE: &str = "name and selector are mutually exclusive";
    if !at.is_set() {
        return;
    }
    let (name, selector) = (at.get("name"), at.get("selector"));
    if !name.is_empty() {
        name.check(errors, names::path_segment_name);
        if selector.is_set() {
            name.forbidden(errors, EXCLUSIVE);
        }
    }
    labels::selector(&selector, false, errors);
    if selector.is_set() && !name.is_empty() {
        selector.forbidden(errors, EXCLUSIVE);
    }
    if name.is_empty() && !selector.is_set() {
        at.required(errors, "one of name or selector must be specified");
    }
    at.get("parameterNotFoundAction").require_one_of(errors, &["Deny", "Allow"]);
}

/// Named expressions that others can use.
pub(crate) fn variables(at: &At<'_>, errors: &mut FieldErrors) {
    const RESERVED: &[&str] = &[
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ];
    for variable in at.items() {
        let (name, expression) = (variable.get("name"), variable.get("expression"));
        if name.text().trim().is_empty() {
            name.required(errors, "name is not specified");
        } else {
            let text = name.text();
            let good = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                && !text.starts_with(|c: char| c.is_ascii_digit());
            if !good || RESERVED.contains(&text) {
                name.invalid(errors, "must be a valid CEL identifier");
            }
        }
        if expression.text().trim().is_empty() {
            expression.required(errors, "expression is not specified");
        }
    }
}

/// What both kinds of policies have: failure policy, parameters, constraints, conditions.
pub(crate) fn policy(spec: &At<'_>, errors: &mut FieldErrors) {
    let failure = spec.get("failurePolicy");
    if failure.is_set() {
        failure.one_of(errors, FAILURE_POLICIES);
    } else {
        failure.required(errors, "");
    }
    param_kind(&spec.get("paramKind"), errors);
    let constraints = spec.get("matchConstraints");
    if constraints.is_set() {
        match_resources(&constraints, errors);
        constraints.get("resourceRules").require(errors);
    } else {
        constraints.required(errors, "");
    }
}
