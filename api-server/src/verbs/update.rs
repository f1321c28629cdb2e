//! PUT of one object.

use crate::ask::Ask;
use crate::{Api, answer, body, version};
use axum::body::Body;
use http::{Response, StatusCode};
use object::{ApiError, Result};

pub(super) async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let object = body::object(ask, &ask.gvk())?;
    check_name(ask, &object)?;
    let object = version::to_stored(ask.kind, &ask.resource.version, object)?;
    let may_create =
        ask.kind.strategy.allow_create_on_update() && ask.resource.subresource.is_empty();
    let call = ask.call(true)?;
    let change =
        |live: Option<&object::Value>| Ok((live.is_some() || may_create).then(|| object.clone()));
    let updated = api.registry.update(&call, &ask.target(), &change).await;
    ask.keep_warnings(&call);
    let (item, new) = updated?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    answer::item(ask, status, &item)
}

/// The object in the body must say the name in the path.
pub(crate) fn check_name(ask: &Ask, object: &object::Value) -> Result<()> {
    let (said, wanted) = (object::meta::name(object), &ask.resource.name);
    if said.is_empty() {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({wanted} based on URL) was undeterminable: name must be \
             provided"
        )));
    }
    if said == wanted {
        return Ok(());
    }
    Err(ApiError::bad_request(format!(
        "the name of the object ({said}) does not match the name on the URL ({wanted})"
    )))
}
