//! Parts of a resource with verbs of their own.
//!
//! What a part is, is data in the catalogue: the object itself of which some paths can be written,
//! a Scale over some paths, or one of the functions of the table below.

mod binding;
mod scale;

use crate::Api;
use crate::ask::Ask;
use axum::body::Body;
use futures::future::BoxFuture;
use http::Response;
use kinds::Serves;
use object::{ApiError, Reason, Result};

/// Serves one subresource with code of its own.
type Special = for<'a> fn(&'a Api, &'a Ask) -> BoxFuture<'a, Result<Response<Body>>>;

/// The subresources with code of their own, by resource and name.
static SPECIAL: &[(&str, &str, Special)] =
    &[("pods", "binding", |api, ask| Box::pin(binding::serve(api, ask)))];

/// Serves a subresource.
pub async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let name = ask.resource.subresource.as_str();
    let part = ask.kind.subresource(name).ok_or_else(ApiError::no_such_resource)?;
    match part.serves {
        Serves::Part(_) => crate::verbs::serve(api, ask).await,
        Serves::Scale { .. } => scale::serve(api, ask, &part.serves).await,
        Serves::Special => {
            let found = SPECIAL.iter().find(|(r, s, _)| *r == ask.kind.plural && *s == name);
            match found {
                Some((_, _, serve)) => serve(api, ask).await,
                None => Err(not_implemented(ask)),
            }
        }
    }
}

/// Serves a subresource that takes over the connection.
pub async fn connect(_api: &Api, ask: Ask, _body: Body) -> Result<Response<Body>> {
    Err(not_implemented(&ask))
}

fn not_implemented(ask: &Ask) -> ApiError {
    ApiError::new(
        501,
        Reason::Unknown,
        format!("{}/{} is not served yet", ask.kind.plural, ask.resource.subresource),
    )
}
