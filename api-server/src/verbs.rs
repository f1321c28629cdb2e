//! The verbs over HTTP: options in, the registry's or the cache's answer out.

mod create;
mod delete;
mod get;
mod list;
mod patch;
mod update;
mod watch;

use crate::Api;
use crate::ask::Ask;
use axum::body::Body;
use http::Response;
use object::{ApiError, Result};

pub(crate) use delete::meant as meant_options;
pub(crate) use patch::{is_apply, patched};
pub(crate) use update::check_name;

/// Serves a verb on the object itself or its collection.
pub(crate) async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    match ask.verb.as_str() {
        "get" => get::serve(api, ask).await,
        "list" => list::serve(api, ask).await,
        "watch" => watch::serve(api, ask).await,
        "create" => create::serve(api, ask).await,
        "update" => update::serve(api, ask).await,
        "patch" => patch::serve(api, ask).await,
        "delete" => delete::one(api, ask).await,
        "deletecollection" => delete::collection(api, ask).await,
        verb => Err(ApiError::method_not_allowed(&ask.kind.group_resource(), verb)),
    }
}
