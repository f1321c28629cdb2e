//! GET of a collection.

use crate::ask::Ask;
use crate::{Api, answer, continue_token, read_options};
use axum::body::Body;
use cache::List;
use http::Response;
use object::{ApiError, Reason, Result};

pub(super) async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    answer::list(ask, &listed(api, ask).await?)
}

/// What the options of the request select.
pub(super) async fn listed(api: &Api, ask: &Ask) -> Result<List> {
    let shelf = api.registry.cache.shelf(ask.kind).ok_or_else(ApiError::no_such_resource)?;
    let query = read_options::selection(ask)?;
    let page = read_options::page(ask)?;
    let after = page.after.as_deref();
    let list = api.registry.cache.list(shelf, &query, page.at, page.limit, after).await;
    list.map_err(|error| match after {
        Some(after) if error.reason == Reason::Expired => goes_on(ask, error, after),
        _ => error,
    })
}

/// Who began a list too long ago may go on with it as it is now.
fn goes_on(ask: &Ask, error: ApiError, after: &str) -> ApiError {
    let token = continue_token::write(AS_OF_NOW, ask.target().namespace, after);
    ApiError { continues: Some(token.into()), ..error }
}

/// The revision in a token that goes on as of now.
const AS_OF_NOW: store::Revision = -1;
