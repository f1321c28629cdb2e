//! POST to a collection.

use crate::ask::Ask;
use crate::{Api, answer, body, version};
use axum::body::Body;
use http::{Response, StatusCode};
use object::Result;

pub(super) async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let mut warnings = Vec::new();
    let object = body::object(ask, &ask.gvk(), &mut warnings)?;
    let object = version::to_stored(ask.kind, &ask.resource.version, object)?;
    let call = ask.call(true)?;
    let created = api.registry.create(&call, &ask.target(), object).await;
    let item = created.inspect_err(|_| ask.keep_warnings(&call))?;
    warnings.extend(call.warnings.into_inner().unwrap_or_default());
    answer::item(ask, StatusCode::CREATED, &item, warnings)
}
