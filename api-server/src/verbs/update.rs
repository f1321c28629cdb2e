//! PUT of one object.

use crate::ask::Ask;
use crate::{Api, answer, body, version};
use axum::body::Body;
use http::{Response, StatusCode};
use object::{ApiError, Result};

pub(super) async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let mut warnings = Vec::new();
    let object = body::object(ask, &ask.gvk(), &mut warnings)?;
    let said = object::meta::name(&object);
    if said.is_empty() {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({} based on URL) was undeterminable: name must be provided",
            ask.resource.name
        )));
    }
    if said != ask.resource.name {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({said}) does not match the name on the URL ({})",
            ask.resource.name
        )));
    }
    let object = version::to_stored(ask.kind, &ask.resource.version, object)?;
    let may_create =
        ask.kind.strategy.allow_create_on_update() && ask.resource.subresource.is_empty();
    let call = ask.call(true)?;
    let change = |live: Option<&object::Value>| {
        Ok((live.is_some() || may_create).then(|| object.clone()))
    };
    let (item, new) = api.registry.update(&call, &ask.target(), &change).await?;
    warnings.extend(call.warnings.into_inner().unwrap_or_default());
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    answer::item(ask, status, &item, warnings)
}
