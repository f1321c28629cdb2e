//! POST to a collection.

use crate::ask::Ask;
use crate::{Api, answer, body, version};
use axum::body::Body;
use http::{Response, StatusCode};
use object::Result;

pub(super) async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let object = body::object(ask, &ask.gvk())?;
    let object = version::to_stored(ask.kind, &ask.resource.version, object)?;
    let call = ask.call(true)?;
    let created = api.registry.create(&call, &ask.target(), object).await;
    ask.keep_warnings(&call);
    answer::item(ask, StatusCode::CREATED, &created?)
}
