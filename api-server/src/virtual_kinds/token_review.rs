//! `TokenReview`: whose token is this? Mirrors `pkg/registry/authentication/tokenreview`.

use super::review::{answered, question};
use crate::Api;
use crate::ask::Ask;
use axum::body::Body;
use http::Response;
use object::{ApiError, Result, Value, json};

pub(super) async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let mut review = question(api, ask).await?;
    let token = review["spec"]["token"].as_str().unwrap_or_default();
    if token.is_empty() {
        return Err(ApiError::bad_request("token is required for TokenReview in authentication"));
    }
    let asked = review["spec"]["audiences"].as_array().into_iter().flatten();
    let mut audiences: Vec<String> = asked.filter_map(Value::as_str).map(str::to_owned).collect();
    if audiences.is_empty() {
        audiences.clone_from(&api.access.tokens.audiences);
    }
    let known = api.access.authenticators.tokens().authenticate(token, &audiences).await;
    review["status"] = match known {
        Ok(Some(known)) => json!({
            "authenticated": true,
            "user": known.user,
            "audiences": known.audiences,
        }),
        Ok(None) => json!({"user": {}, "error": "invalid bearer token"}),
        Err(objection) => json!({"user": {}, "error": objection.to_string()}),
    };
    answered(ask, &review)
}
