//! `SelfSubjectReview`: who am I? Mirrors `pkg/registry/authentication/selfsubjectreview`.

use super::review::{answered, question};
use crate::Api;
use crate::ask::Ask;
use axum::body::Body;
use http::Response;
use object::{Result, json};

pub(super) async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let review = question(api, ask).await?;
    let answer = json!({
        "kind": review["kind"],
        "apiVersion": review["apiVersion"],
        "metadata": {"creationTimestamp": object::time::print(runtime::clock::now())},
        "status": {"userInfo": **ask.authorized.user()},
    });
    answered(ask, &answer)
}
