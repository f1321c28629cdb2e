//! `pods/attach`: the streams of a container that runs already.
//!
//! Mirrors `pkg/registry/core/pod/rest/subresources.go` (`AttachREST`).

use super::streams::{Part, serve_streams};
use crate::Api;
use crate::ask::Ask;
use axum::body::Body;
use http::Response;
use object::Result;

pub(super) async fn serve(api: &Api, ask: Ask, _body: Body) -> Result<Response<Body>> {
    serve_streams(api, ask, &Part { path: "attach", has_command: false }).await
}
