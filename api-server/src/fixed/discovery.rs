//! `/api` and `/apis`: what there is, piece by piece or all at once.
//!
//! Mirrors `k8s.io/apiserver/pkg/endpoints/discovery`, the aggregated form included.

use crate::answer;
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{HeaderMap, Response, StatusCode, header};
use kinds::documents::{self, Group};
use object::Value;
use std::sync::Arc;

/// The discovery documents, made once.
#[derive(Debug)]
pub(crate) struct Documents {
    groups: Vec<Group>,
    address: String,
}

impl Documents {
    /// Of the built-in groups; `address` is where clients reach this server.
    pub(crate) fn new(address: String) -> Self {
        Self { groups: documents::builtin(), address }
    }
}

pub(super) fn router(documents: Documents) -> Router {
    let (core, others): (Vec<Group>, Vec<Group>) =
        documents.groups.into_iter().partition(|group| group.name.is_empty());
    let mut router = Router::new();
    let api = either(documents::api_versions(&documents.address), documents::aggregated(&core));
    let apis = either(documents::api_group_list(&others), documents::aggregated(&others));
    router = both(router, "/api", api);
    router = both(router, "/apis", apis);
    for group in core.iter().chain(&others) {
        let base = if group.name.is_empty() {
            "/api".to_owned()
        } else {
            let path = format!("/apis/{}", group.name);
            router = both(router, &path, always(documents::api_group(group)));
            path
        };
        for version in &group.versions {
            let list = documents::api_resource_list(&group.name, version);
            router = both(router, &format!("{base}/{}", version.name), always(list));
        }
    }
    router
}

/// A document, or its aggregated form for clients that ask for it.
#[derive(Clone)]
struct Document {
    plain: Arc<Value>,
    aggregated: Option<Arc<Value>>,
}

fn always(plain: Value) -> Document {
    Document { plain: Arc::new(plain), aggregated: None }
}

fn either(plain: Value, aggregated: Value) -> Document {
    Document { plain: Arc::new(plain), aggregated: Some(Arc::new(aggregated)) }
}

fn both(router: Router, path: &str, document: Document) -> Router {
    let again = document.clone();
    router
        .route(path, get(move |headers| serve(document.clone(), headers)))
        .route(&format!("{path}/"), get(move |headers| serve(again.clone(), headers)))
}

async fn serve(document: Document, headers: HeaderMap) -> Response<Body> {
    let accepted = headers.get(header::ACCEPT).and_then(|a| a.to_str().ok()).unwrap_or_default();
    for media in accepted.split(',') {
        let Some(aggregated) = &document.aggregated else { break };
        if let Some(version) = aggregated_version(media) {
            return aggregated_answer(aggregated, version);
        }
        let plain = media.split(';').count() == 1;
        if plain && matches!(media.trim(), "application/json" | "*/*") {
            break;
        }
    }
    answer::fixed(&document.plain, &headers)
}

/// The version of the aggregated form that a media type asks for.
fn aggregated_version(media: &str) -> Option<&'static str> {
    let has = |parameter: &str| media.split(';').skip(1).any(|p| p.trim() == parameter);
    if !(has("as=APIGroupDiscoveryList") && has("g=apidiscovery.k8s.io")) {
        return None;
    }
    ["v2", "v2beta1"].into_iter().find(|version| has(&format!("v={version}")))
}

fn aggregated_answer(document: &Value, version: &str) -> Response<Body> {
    let mut document = document.clone();
    document["apiVersion"] = format!("apidiscovery.k8s.io/{version}").into();
    let mut response = answer::json(StatusCode::OK, &document);
    let media =
        format!("application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList");
    if let Ok(media) = media.parse() {
        response.headers_mut().insert(header::CONTENT_TYPE, media);
    }
    response
}
