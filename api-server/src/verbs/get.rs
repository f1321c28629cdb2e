//! GET of one object.

use crate::ask::Ask;
use crate::{Api, answer, read_options};
use axum::body::Body;
use http::{Response, StatusCode};
use object::{ApiError, Result};

pub(super) async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let target = ask.target();
    let shelf = api.registry.cache.shelf(ask.kind).ok_or_else(ApiError::no_such_resource)?;
    let at = read_options::freshness(&ask.query)?;
    let item = api.registry.cache.get(shelf, target.namespace, target.name, at).await?;
    let item = item.ok_or_else(|| ApiError::not_found(&ask.kind.group_resource(), target.name))?;
    answer::item(ask, StatusCode::OK, &item)
}
