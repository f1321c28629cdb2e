//! The fixed paths, beside the API's objects: discovery, version, health, metrics.
//!
//! They pass authentication and authorization like everything else; axum finds them.

mod discovery;
mod health;
mod identity;
mod info;
mod ordered;

use crate::{Api, answer};
use auth::Authorized;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::{get, post};
use cache::Cache;
use http::Response;
use kinds::Served;
use object::{ApiError, Result};
use std::sync::Arc;
use tower::ServiceExt;

pub(crate) use discovery::Documents;
pub(crate) use health::Health;
pub(crate) use identity::Issuer;

/// What the fixed paths answer from.
#[derive(Debug)]
pub(crate) struct Fixed {
    router: Router,
}

impl Fixed {
    /// Over what they answer from.
    pub(crate) fn new(
        documents: Documents,
        health: Health,
        issuer: Option<Issuer>,
        served: Arc<Served>,
        cache: Arc<Cache>,
    ) -> Self {
        let openapi = crate::openapi::router(&served);
        let paths = info::paths(documents.groups());
        let mut router = Router::new()
            .route("/", get(async move || info::document(paths.clone())))
            .route("/version", get(info::version))
            .route("/version/", get(info::version))
            .route("/metrics", get(move || info::metrics(cache.clone(), served.clone())))
            .merge(discovery::router(documents))
            .merge(health::router(health))
            .merge(openapi);
        if let Some(issuer) = issuer {
            router = router.merge(identity::router(issuer));
        }
        let router = router.fallback(missing).method_not_allowed_fallback(missing);
        Self { router: router.route("/debug/flags/v", post(missing)) }
    }
}

/// Serves a path that is not the API's objects.
pub(crate) async fn serve(
    api: &Api,
    _authorized: Authorized,
    request: Request,
) -> Result<Response<Body>> {
    let missing = missing_in_group(api, request.uri().path());
    let response = match api.fixed.router.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if response.extensions().get::<Missing>().is_some() {
        return if missing {
            Err(ApiError::no_such_resource())
        } else {
            Ok(answer::no_such_page())
        };
    }
    Ok(response)
}

/// Whether a path lies below a group that is known: what is missing there is told as a Status.
fn missing_in_group(api: &Api, path: &str) -> bool {
    let mut parts = path.split('/').skip(1);
    match (parts.next(), parts.next(), parts.next()) {
        (Some("api"), Some(version), _) => !version.is_empty(),
        (Some("apis"), Some(group), Some(_)) => api.served.has_group(group),
        _ => false,
    }
}

/// Marks an answer that the pipeline turns into a Status.
#[derive(Clone, Copy)]
struct Missing;

async fn missing() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Missing);
    response
}
