//! GET of a collection.

use crate::ask::Ask;
use crate::{Api, answer, options};
use axum::body::Body;
use http::Response;
use object::{ApiError, Result};

pub(super) async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let shelf = api.registry.cache.shelf(ask.kind).ok_or_else(ApiError::no_such_resource)?;
    let query = options::selection(ask)?;
    let page = options::page(ask)?;
    let after = page.after.as_deref();
    let list = api.registry.cache.list(shelf, &query, page.at, page.limit, after).await?;
    answer::list(ask, &list)
}
