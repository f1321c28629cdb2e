//! How operations are named after their paths.
//!
//! Mirrors `GetOperationIDAndTags` of `k8s.io/apiserver/pkg/endpoints/openapi`.

/// The verb that leads an operation's name, which the group follows; `deletecollection` is the
/// one whose rest comes after the group.
const VERBS: &[&str] =
    &["connect", "create", "delete", "get", "list", "patch", "read", "replace", "watch"];

/// The name of an operation and the tag that it stands under: `readNamespacedPod` below
/// `/api/v1` is `readCoreV1NamespacedPod` of `core_v1`.
pub(super) fn operation(path: &str, name: &str) -> (String, String) {
    let verb = VERBS.iter().find(|verb| name.starts_with(**verb)).copied().unwrap_or_default();
    let (mut id, mut tag) = (verb.to_owned(), String::new());
    let mut parts = path.trim_matches('/').split('/');
    let group = match parts.next() {
        Some("api") => Some("core"),
        Some("apis") => parts.next().map(|group| group.strip_suffix(".k8s.io").unwrap_or(group)),
        Some(other) => {
            return (format!("{verb}{}", camel(&name[verb.len()..], true)), camel(other, false));
        }
        None => None,
    };
    match group {
        Some(group) => {
            id.push_str(&camel(group, true));
            tag.push_str(&camel(group, false));
            if let Some(version) = parts.next() {
                id.push_str(&camel(version, true));
                tag.push('_');
                tag.push_str(&camel(version, false));
            }
        }
        None => tag.push_str("apis"),
    }
    id.push_str(&camel(&name[verb.len()..], true));
    (id, tag)
}

/// Leaves out what can't stand in a name; what follows begins with a capital.
fn camel(text: &str, mut capital: bool) -> String {
    let mut name = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        if letter.is_alphabetic() && letter.is_lowercase()
            || letter == '_'
            || (at != 0 && letter.is_ascii_digit())
        {
            name.extend(capital.then(|| letter.to_ascii_uppercase()).or(Some(letter)));
            capital = false;
        } else if letter.is_uppercase() {
            name.push(letter);
            capital = false;
        } else {
            capital = true;
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_named_after_verb_group_version_and_rest() {
        for (path, name, id, tag) in [
            ("/api/v1/pods", "readNamespacedPod", "readCoreV1NamespacedPod", "core_v1"),
            ("/apis/apps/", "getAPIGroup", "getAppsAPIGroup", "apps"),
            ("/apis/", "getAPIVersions", "getAPIVersions", "apis"),
            ("/version/", "getCodeVersion", "getCodeVersion", "version"),
            (
                "/apis/rbac.authorization.k8s.io/v1/roles",
                "deletecollectionNamespacedRole",
                "deleteRbacAuthorizationV1CollectionNamespacedRole",
                "rbacAuthorization_v1",
            ),
        ] {
            assert_eq!(operation(path, name), (id.to_owned(), tag.to_owned()), "{path}");
        }
    }
}
