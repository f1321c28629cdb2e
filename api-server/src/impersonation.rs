//! Acting as somebody else: the `Impersonate-*` headers, for those who may.
//!
//! Every part that is asked for (the user, each group, the UID, each extra value) is authorized by
//! itself as the verb `impersonate`. Mirrors `k8s.io/apiserver/pkg/endpoints/filters/impersonation`,
//! without its constrained form.

use crate::access::Access;
use auth::{Attributes, UserInfo};
use http::HeaderMap;
use object::{ApiError, Result};
use percent_encoding::percent_decode_str;
use std::sync::Arc;

const USER: &str = "impersonate-user";
const GROUP: &str = "impersonate-group";
const UID: &str = "impersonate-uid";
const EXTRA: &str = "impersonate-extra-";
const AUTHENTICATED: &str = "system:authenticated";
const UNAUTHENTICATED: &str = "system:unauthenticated";
const ANONYMOUS: &str = "system:anonymous";
const AUTHENTICATION: &str = "authentication.k8s.io";

/// Who the request is from: the one who asks, or the one whom the headers name. The headers are
/// removed, so that no later stage can pass them on.
///
/// # Errors
/// 403 for those who may not, 400 for parts of a user without a name.
pub(crate) async fn act(
    access: &Access,
    headers: &mut HeaderMap,
    real: Arc<UserInfo>,
) -> Result<Arc<UserInfo>> {
    let Some(wanted) = asked_for(headers)? else { return Ok(real) };
    for attributes in needed(&real, &wanted) {
        access.authorize(attributes).await?;
    }
    let names: Vec<_> =
        headers.keys().filter(|name| name.as_str().starts_with("impersonate-")).cloned().collect();
    for name in names {
        headers.remove(name);
    }
    Ok(Arc::new(with_usual_groups(wanted)))
}

/// Whom the headers name.
fn asked_for(headers: &HeaderMap) -> Result<Option<UserInfo>> {
    let texts = |name: &str| -> Vec<String> {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.map(str::to_owned).collect()
    };
    let mut wanted = UserInfo {
        name: texts(USER).into_iter().next().unwrap_or_default(),
        uid: texts(UID).into_iter().next().unwrap_or_default(),
        groups: texts(GROUP),
        ..UserInfo::default()
    };
    for name in headers.keys() {
        if let Some(key) = name.as_str().strip_prefix(EXTRA) {
            let key = percent_decode_str(key).decode_utf8_lossy().into_owned();
            wanted.extra.insert(key, texts(name.as_str()));
        }
    }
    if !wanted.name.is_empty() {
        return Ok(Some(wanted));
    }
    if wanted == UserInfo::default() {
        return Ok(None);
    }
    let extra = wanted.extra.iter().map(|(key, values)| format!("{key:?}:{}", go_strings(values)));
    let extra: Vec<String> = extra.collect();
    let extra =
        if extra.is_empty() { "(nil)".to_owned() } else { format!("{{{}}}", extra.join(", ")) };
    Err(ApiError::bad_request(format!(
        "requested &user.DefaultInfo{{Name:\"\", UID:{:?}, Groups:{}, \
         Extra:map[string][]string{extra}}} without impersonating a user name",
        wanted.uid,
        go_strings(&wanted.groups)
    )))
}

/// A list of texts as Go shows it to a programmer.
fn go_strings(texts: &[String]) -> String {
    if texts.is_empty() {
        return "[]string(nil)".to_owned();
    }
    let quoted: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
    format!("[]string{{{}}}", quoted.join(", "))
}

/// What the one who asks must be allowed.
fn needed(real: &Arc<UserInfo>, wanted: &UserInfo) -> Vec<Attributes> {
    let impersonate = |group: &str, resource: &str| {
        Attributes::resource(real.clone(), "impersonate", group, resource)
    };
    let mut all = vec![match wanted.service_account() {
        Some((namespace, name)) => {
            impersonate("", "serviceaccounts").in_namespace(namespace).named(name)
        }
        None => impersonate("", "users").named(&wanted.name),
    }];
    all.extend(wanted.groups.iter().map(|group| impersonate("", "groups").named(group)));
    for (key, values) in &wanted.extra {
        let extra = || impersonate(AUTHENTICATION, "userextras").subresource(key);
        all.extend(values.iter().map(|value| extra().named(value)));
    }
    if !wanted.uid.is_empty() {
        all.push(impersonate(AUTHENTICATION, "uids").named(&wanted.uid));
    }
    for attributes in &mut all {
        attributes.version = "v1".to_owned();
    }
    all
}

/// The groups that everyone of this kind is in, beside those that were asked for.
fn with_usual_groups(mut user: UserInfo) -> UserInfo {
    if user.groups.is_empty()
        && let Some((namespace, _)) = user.service_account()
    {
        let own = format!("system:serviceaccounts:{namespace}");
        user.groups = vec!["system:serviceaccounts".to_owned(), own];
    }
    if user.name == ANONYMOUS {
        if !user.in_group(UNAUTHENTICATED) {
            user.groups.push(UNAUTHENTICATED.to_owned());
        }
    } else if !user.in_group(AUTHENTICATED) && !user.in_group(UNAUTHENTICATED) {
        user.groups.push(AUTHENTICATED.to_owned());
    }
    user
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(given: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(*name, value.parse().expect("a value"));
        }
        headers
    }

    #[test]
    fn each_part_needs_its_own_right() {
        let given = [
            (USER, "jane"),
            (GROUP, "a"),
            (GROUP, "b"),
            (UID, "7"),
            ("impersonate-extra-scopes", "view"),
        ];
        let wanted = asked_for(&headers(&given)).unwrap().unwrap();
        let real = Arc::new(UserInfo::new("joe", &[]));
        let needed: Vec<String> = needed(&real, &wanted)
            .iter()
            .map(|a| format!("{} {} {}", a.group, a.combined_resource(), a.name))
            .collect();
        let expected = [
            " users jane",
            " groups a",
            " groups b",
            "authentication.k8s.io userextras/scopes view",
            "authentication.k8s.io uids 7",
        ];
        assert_eq!(needed, expected);
    }

    #[test]
    fn groups_alone_are_nobody() {
        assert_eq!(asked_for(&headers(&[])).unwrap(), None);
        let refused = asked_for(&headers(&[(GROUP, "system:masters")])).unwrap_err();
        assert!(refused.message.ends_with("without impersonating a user name"));
        for (name, value, shown) in [
            (GROUP, "a", "UID:\"\", Groups:[]string{\"a\"}, Extra:map[string][]string(nil)}"),
            (UID, "7", "UID:\"7\", Groups:[]string(nil), Extra:map[string][]string(nil)}"),
            (
                "impersonate-extra-scopes",
                "view",
                "Groups:[]string(nil), Extra:map[string][]string{\"scopes\":[]string{\"view\"}}}",
            ),
        ] {
            let refused = asked_for(&headers(&[(name, value)])).unwrap_err();
            assert!(refused.message.contains(shown), "{}", refused.message);
        }
    }

    #[test]
    fn everyone_is_in_the_groups_of_their_kind() {
        let groups = |name: &str| with_usual_groups(UserInfo::new(name, &[])).groups;
        assert_eq!(groups("joe"), [AUTHENTICATED]);
        assert_eq!(groups(ANONYMOUS), [UNAUTHENTICATED]);
        let account = ["system:serviceaccounts", "system:serviceaccounts:a", AUTHENTICATED];
        assert_eq!(groups("system:serviceaccount:a:b"), account);
    }
}
