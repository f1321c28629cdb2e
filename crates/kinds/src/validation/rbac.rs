//! Rules and subjects of roles and their bindings. Mirrors `pkg/apis/rbac/validation`.

use super::{At, labels};
use object::{FieldErrors, Value, json, names};

const GROUP: &str = "rbac.authorization.k8s.io";

/// A role's rules.
pub(crate) fn rules(object: &Value, namespaced: bool, errors: &mut FieldErrors) {
    for rule in At::root(object).get("rules").items() {
        if rule.get("verbs").is_empty() {
            rule.get("verbs").required(errors, "verbs must contain at least one value");
        }
        let urls = rule.get("nonResourceURLs");
        let resourceful = ["apiGroups", "resources", "resourceNames"];
        if !urls.is_empty() {
            if namespaced {
                let detail = "namespaced rules cannot apply to non-resource URLs";
                urls.invalid(errors, detail);
            }
            if resourceful.iter().any(|field| !rule.get(field).is_empty()) {
                let detail = "rules cannot apply to both regular resources and non-resource URLs";
                urls.invalid(errors, detail);
            }
            continue;
        }
        for (field, what) in [("apiGroups", "api group"), ("resources", "resource")] {
            if rule.get(field).is_empty() {
                let detail = format!("resource rules must supply at least one {what}");
                rule.get(field).required(errors, detail);
            }
        }
    }
}

/// The selectors of a cluster role that is put together of others.
pub(crate) fn aggregation(object: &Value, lenient: bool, errors: &mut FieldErrors) {
    let rule = At::root(object).get("aggregationRule");
    if !rule.is_set() {
        return;
    }
    let selectors = rule.get("clusterRoleSelectors");
    if selectors.is_empty() {
        let detail = "at least one clusterRoleSelector required if aggregationRule is non-nil";
        selectors.required(errors, detail);
    }
    for selector in selectors.items() {
        labels::selector(&selector, lenient, errors);
        if !labels::is_readable(&selector) {
            selector.invalid(errors, "invalid label selector.");
        }
    }
}

/// A binding's role and subjects. `kinds`: what can be bound.
pub(crate) fn binding(object: &Value, namespaced: bool, kinds: &[&str], errors: &mut FieldErrors) {
    let root = At::root(object);
    let role = root.get("roleRef");
    role.get("apiGroup").one_of(errors, &[GROUP]);
    role.get("kind").one_of(errors, kinds);
    if role.get("name").require(errors) {
        role.get("name").check(errors, names::path_segment_name);
    }
    for subject in root.get("subjects").items() {
        let (name, group) = (subject.get("name"), subject.get("apiGroup"));
        name.require(errors);
        match subject.get("kind").text() {
            "ServiceAccount" => {
                if !name.is_empty() {
                    name.check(errors, names::dns1123_subdomain);
                }
                if !group.is_empty() {
                    group.not_supported(errors, &[""]);
                }
                if !namespaced {
                    subject.get("namespace").require(errors);
                }
            }
            "User" | "Group" => group.one_of(errors, &[GROUP]),
            _ => subject.get("kind").not_supported(errors, &["ServiceAccount", "User", "Group"]),
        }
    }
}

/// What a binding binds stays.
pub(crate) fn binding_change(object: &Value, old: &Value, errors: &mut FieldErrors) {
    let (role, was) = (At::root(object).get("roleRef"), At::root(old).get("roleRef"));
    if !super::equal::semantically(role.value, was.value) {
        // Shown as upstream's own type has it, which has other names for the fields.
        let text = |field: &str| role.get(field).text().to_owned();
        let shown =
            json!({"APIGroup": text("apiGroup"), "Kind": text("kind"), "Name": text("name")});
        role.invalid_as(errors, shown, "cannot change roleRef");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_role_is_shown_as_upstream_shows_it() {
        let binding =
            |name: &str| json!({"roleRef": {"apiGroup": GROUP, "kind": "Role", "name": name}});
        let mut errors = FieldErrors::new();
        binding_change(&binding("a"), &binding("a"), &mut errors);
        assert!(errors.is_empty());
        binding_change(&binding("b"), &binding("a"), &mut errors);
        let told: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
        let shown = format!(
            "roleRef: Invalid value: {{\"APIGroup\":\"{GROUP}\",\"Kind\":\"Role\",\"Name\":\"b\"}}: \
             cannot change roleRef"
        );
        assert_eq!(told, [shown]);
    }
}
