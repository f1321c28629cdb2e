//! The fixed paths, beside the API's objects: discovery, version, health, metrics.
//!
//! They pass authentication and authorization like everything else; axum finds them.

mod discovery;
mod health;
mod identity;
mod info;
mod ordered;

use crate::answer;
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
    served: Arc<Served>,
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
        let counted = served.clone();
        let mut router = Router::new()
            .route("/", get(async move || info::document(paths.clone())))
            .route("/version", get(info::version))
            .route("/version/", get(info::version))
            .route("/metrics", get(move || info::metrics(cache.clone(), counted.clone())))
            .merge(discovery::router(documents))
            .merge(health::router(health))
            .merge(openapi);
        if let Some(issuer) = issuer {
            router = router.merge(identity::router(issuer));
        }
        let router = router.fallback(missing).method_not_allowed_fallback(missing);
        Self { router: router.route("/debug/flags/v", post(missing)), served }
    }

    /// Serves a path that is not the API's objects.
    pub(crate) async fn serve(
        &self,
        _authorized: Authorized,
        request: Request,
    ) -> Result<Response<Body>> {
        let is_in_group = self.is_in_group(request.uri().path());
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        match response.extensions().get::<Missing>() {
            Some(Missing) if is_in_group => Err(ApiError::no_such_resource()),
            Some(Missing) => Ok(answer::no_such_page()),
            None => Ok(response),
        }
    }

    /// Whether a path lies below a group that is known: what is missing there is told as a Status.
    fn is_in_group(&self, path: &str) -> bool {
        let mut parts = path.split('/').skip(1);
        match (parts.next(), parts.next(), parts.next()) {
            (Some("api"), Some(version), _) => !version.is_empty(),
            (Some("apis"), Some(group), Some(_)) => self.served.has_group(group),
            _ => false,
        }
    }
}

/// Marks that no route has the path.
#[derive(Clone, Copy)]
struct Missing;

async fn missing() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Missing);
    response
}
