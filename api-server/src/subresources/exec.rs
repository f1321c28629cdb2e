//! `pods/exec`: a command in a container, with its streams.
//!
//! Mirrors `pkg/registry/core/pod/rest/subresources.go` (`ExecREST`).

use super::streams::{Part, serve_streams};
use crate::Api;
use crate::ask::Ask;
use axum::body::Body;
use http::Response;
use object::Result;

pub(super) async fn serve(api: &Api, ask: Ask, _body: Body) -> Result<Response<Body>> {
    serve_streams(api, ask, &Part { path: "exec", has_command: true }).await
}
