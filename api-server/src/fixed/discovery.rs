//! `/api` and `/apis`: what there is, piece by piece or all at once.
//!
//! Mirrors `k8s.io/apiserver/pkg/endpoints/discovery`, the aggregated form included.

use super::ordered;
use crate::accept::Accept;
use crate::answer;
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use kinds::Served;
use kinds::documents::{self, Group};
use object::{GroupResource, Value};
use sha2::{Digest, Sha512};
use std::sync::Arc;

/// The discovery documents, made once.
#[derive(Debug)]
pub(crate) struct Documents {
    groups: Vec<Group>,
    address: String,
}

impl Documents {
    /// Of the built-in groups; `address` is where clients reach this server.
    pub(crate) fn new(served: &Served, address: String) -> Self {
        Self { groups: documents::builtin(served), address }
    }

    /// The same without a subresource that this server does not answer for.
    pub(crate) fn without(mut self, resource: &GroupResource, part: &str) -> Self {
        let group = self.groups.iter_mut().filter(|group| group.name == resource.group);
        for version in group.flat_map(|group| &mut group.versions) {
            let named = version.resources.iter_mut().filter(|of| of.name == resource.resource);
            named.for_each(|of| of.subresources.retain(|known| known.name != part));
        }
        self
    }

    /// What they are about.
    pub(super) fn groups(&self) -> &[Group] {
        &self.groups
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
    plain: Text,
    aggregated: Option<Text>,
}

fn always(plain: Value) -> Document {
    Document { plain: Text::of(&plain), aggregated: None }
}

fn either(plain: Value, aggregated: Value) -> Document {
    Document { plain: Text::of(&plain), aggregated: Some(Text::of(&aggregated)) }
}

/// A document between two requests: its tree is many times as large, and seldom asked for.
#[derive(Clone)]
struct Text(Arc<str>);

impl Text {
    fn of(tree: &Value) -> Self {
        Self(tree.to_string().into())
    }

    fn tree(&self) -> Value {
        serde_json::from_str(&self.0).expect("it was written out of a tree")
    }
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
            return aggregated_answer(aggregated.tree(), version, &headers);
        }
        let plain = media.split(';').count() == 1;
        if plain && matches!(media.trim(), "application/json" | "*/*") {
            break;
        }
    }
    plain(&document.plain.tree(), &headers)
}

/// A document in JSON has upstream's order of members; other formats have none.
fn plain(document: &Value, headers: &HeaderMap) -> Response<Body> {
    let mut response = answer::fixed(document, headers);
    let media = response.headers().get(header::CONTENT_TYPE);
    if response.status() != StatusCode::OK || media.is_none_or(|m| m != "application/json") {
        return response;
    }
    let compact = ordered::json(document);
    let body = match Accept::of(headers).pretty {
        true => {
            let mut out = Vec::new();
            codec::pretty(&compact, &mut out);
            out
        }
        false => [compact, b"\n".to_vec()].concat(),
    };
    response.headers_mut().remove(header::CONTENT_ENCODING);
    *response.body_mut() = Body::from(body);
    response
}

/// The version of the aggregated form that a media type asks for.
fn aggregated_version(media: &str) -> Option<&'static str> {
    let has = |parameter: &str| media.split(';').skip(1).any(|p| p.trim() == parameter);
    if !(has("as=APIGroupDiscoveryList") && has("g=apidiscovery.k8s.io")) {
        return None;
    }
    // Its beta is not served any more.
    ["v2"].into_iter().find(|version| has(&format!("v={version}")))
}

fn aggregated_answer(mut document: Value, version: &str, asked: &HeaderMap) -> Response<Body> {
    document["apiVersion"] = format!("apidiscovery.k8s.io/{version}").into();
    let body = [ordered::json(&document), b"\n".to_vec()].concat();
    let etag =
        Sha512::digest(&body).iter().fold(String::new(), |text, byte| format!("{text}{byte:02X}"));
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public"));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept"));
    if let Ok(etag) = format!("\"{etag}\"").parse::<HeaderValue>() {
        if asked.get(header::IF_NONE_MATCH) == Some(&etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = Body::empty();
        }
        response.headers_mut().insert(header::ETAG, etag);
    }
    let media =
        format!("application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList");
    if let Ok(media) = media.parse() {
        response.headers_mut().insert(header::CONTENT_TYPE, media);
    }
    response
}
