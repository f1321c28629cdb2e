//! `SelfSubjectRulesReview`: what may I do here? Mirrors
//! `pkg/registry/authorization/selfsubjectrulesreview`.

use super::review::{answered, question};
use crate::Api;
use crate::ask::Ask;
use axum::body::Body;
use http::Response;
use object::{ApiError, Result, json};

pub(super) async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let review = question(api, ask).await?;
    let namespace = review["spec"]["namespace"].as_str().unwrap_or_default();
    if namespace.is_empty() {
        return Err(ApiError::bad_request("no namespace on request"));
    }
    let rules = api.access.authorizers.self_subject_rules(ask.authorized.user(), namespace);
    let answer = json!({
        "kind": review["kind"],
        "apiVersion": review["apiVersion"],
        "metadata": {},
        "spec": {},
        "status": rules,
    });
    answered(ask, &answer)
}
