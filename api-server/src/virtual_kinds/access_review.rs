//! May someone do this? Mirrors `pkg/registry/authorization/*accessreview`.

use super::review::{answered, question};
use crate::Api;
use crate::ask::Ask;
use auth::{Attributes, Decision, UserInfo};
use axum::body::Body;
use http::Response;
use object::{FieldSelector, Result, Selector, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// `SubjectAccessReview` and `LocalSubjectAccessReview`: about someone.
pub(super) async fn of_subject(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let review = question(api, ask).await?;
    let user = Arc::new(subject(&review["spec"]));
    answer(api, ask, review, user).await
}

/// `SelfSubjectAccessReview`: about who asks.
pub(super) async fn of_oneself(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let review = question(api, ask).await?;
    let user = ask.authorized.user().clone();
    answer(api, ask, review, user).await
}

async fn answer(
    api: &Api,
    ask: &Ask,
    mut review: Value,
    user: Arc<UserInfo>,
) -> Result<Response<Body>> {
    let attributes = attributes(&review["spec"], user);
    let decision = api.access.authorizers.decide(&attributes).await;
    review["status"] = json!({"allowed": decision.is_allow()});
    if matches!(decision, Decision::Deny(_)) {
        review["status"]["denied"] = true.into();
    }
    if !decision.reason().is_empty() {
        review["status"]["reason"] = decision.reason().into();
    }
    answered(ask, &review)
}

fn subject(spec: &Value) -> UserInfo {
    let texts = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let extra: BTreeMap<String, Vec<String>> = spec["extra"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, values)| (key.to_ascii_lowercase(), texts(values)))
        .collect();
    UserInfo {
        name: text(&spec["user"]),
        uid: text(&spec["uid"]),
        groups: texts(&spec["groups"]),
        extra,
    }
}

/// What is asked about, as the authorizers are asked.
fn attributes(spec: &Value, user: Arc<UserInfo>) -> Attributes {
    let asked = &spec["resourceAttributes"];
    if asked.is_null() {
        let asked = &spec["nonResourceAttributes"];
        return Attributes::path(user, &text(&asked["verb"]), &text(&asked["path"]));
    }
    let version = text(&asked["version"]);
    Attributes {
        user,
        verb: text(&asked["verb"]),
        is_resource: true,
        group: text(&asked["group"]),
        version: if version.is_empty() { "*".to_owned() } else { version },
        resource: text(&asked["resource"]),
        subresource: text(&asked["subresource"]),
        namespace: text(&asked["namespace"]),
        name: text(&asked["name"]),
        path: String::new(),
        field_selector: fields(&asked["fieldSelector"]),
        label_selector: labels(&asked["labelSelector"]),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A requirement that can't be understood only narrows what is asked about, so that it is left
/// out: the answer is then about more than was asked for.
fn labels(selector: &Value) -> Option<Selector> {
    match selector["rawSelector"].as_str() {
        Some(raw) if !raw.is_empty() => Selector::parse(raw).ok(),
        _ => {
            let requirements = selector["requirements"].as_array()?;
            Selector::from_label_selector(&json!({"matchExpressions": requirements})).ok()
        }
    }
}

fn fields(selector: &Value) -> Option<FieldSelector> {
    match selector["rawSelector"].as_str() {
        Some(raw) if !raw.is_empty() => FieldSelector::parse(raw).ok(),
        _ => {
            let terms: Vec<String> = selector["requirements"]
                .as_array()?
                .iter()
                .filter_map(|requirement| {
                    let sign = match requirement["operator"].as_str()? {
                        "In" => "=",
                        "NotIn" => "!=",
                        _ => return None,
                    };
                    let [value] = requirement["values"].as_array()?.as_slice() else { return None };
                    let value = object::field_selector::escape(value.as_str()?);
                    Some(format!("{}{sign}{value}", requirement["key"].as_str()?))
                })
                .collect();
            FieldSelector::parse(&terms.join(",")).ok().filter(|selector| !selector.is_empty())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_becomes_what_authorizers_are_asked() {
        let spec = json!({"user": "bob", "groups": ["devs"], "extra": {"Scopes": ["a"]},
            "resourceAttributes": {"verb": "list", "group": "apps", "resource": "deployments",
                "fieldSelector": {"requirements": [{"key": "spec.nodeName", "operator": "In", "values": ["n"]}]}}});
        let user = subject(&spec);
        assert_eq!(
            (user.name.as_str(), user.groups.as_slice()),
            ("bob", ["devs".to_owned()].as_slice())
        );
        assert_eq!(user.extra["scopes"], ["a"]);
        let asked = attributes(&spec, Arc::new(user));
        assert_eq!((asked.version.as_str(), asked.is_resource), ("*", true));
        let selector = asked.field_selector.expect("a selector");
        assert_eq!(selector.requires_exact_match("spec.nodeName"), Some("n"));
        let path = attributes(
            &json!({"nonResourceAttributes": {"verb": "get", "path": "/x"}}),
            Arc::default(),
        );
        assert_eq!((path.path.as_str(), path.is_resource), ("/x", false));
    }
}
