//! What all reviews share: how the question is read, and how it is answered.

use crate::ask::Ask;
use crate::{Api, answer, body};
use axum::body::Body;
use http::{Response, StatusCode};
use object::{ApiError, FieldErrors, GroupKind, Result, Value, meta};

/// A question that was read, admitted and found well-formed.
pub(super) async fn question(api: &Api, ask: &Ask) -> Result<Value> {
    let mut object = body::object(ask, &ask.gvk())?;
    let call = ask.call(true)?;
    let context = kinds::Context::default();
    let rules = |object: &mut Value| {
        let mut errors = FieldErrors::new();
        ask.kind.strategy.validate(object, &context, &mut errors);
        if errors.is_empty() {
            return Ok(());
        }
        // Upstream has lost the kind's name by then.
        Err(ApiError::invalid(&GroupKind::new(ask.kind.group, ""), "", errors))
    };
    body::check_namespace(ask, &object)?;
    let namespace = ask.resource.namespace.as_str();
    if ask.kind.namespaced {
        meta::set(&mut object, "namespace", namespace);
    }
    api.registry.pass(&call, &ask.target(), &mut object, &rules).await?;
    ask.keep_warnings(&call);
    Ok(object)
}

/// The answer: the question with what came of it.
pub(super) fn answered(ask: &Ask, object: &Value) -> Result<Response<Body>> {
    answer::value(ask, StatusCode::CREATED, object)
}
