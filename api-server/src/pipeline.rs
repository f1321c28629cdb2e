//! The way of a request, top to bottom in the order in which it runs.
//!
//! `docs/ARCHITECTURE.md` lists the same stages; `cargo xtask tidy` compares.

use crate::accept::Accept;
use crate::ask::Ask;
use crate::metrics::{self, Observed};
use crate::query::Query;
use crate::request_info::RequestInfo;
use crate::{Api, answer, body, deprecation, subresources, verbs, virtual_kinds};
use auth::{Attributes, UserInfo};
use axum::body::Body;
use http::{HeaderMap, HeaderValue, Request, Response, header};
use object::{ApiError, FieldSelector, Result, Selector};
use runtime::clock::monotonic;
use rustls::pki_types::CertificateDer;
use std::net::SocketAddr;
use std::sync::Arc;

/// The stages, in their order.
pub const STAGES: &[&str] = &[
    "request info",
    "authenticate",
    "impersonate",
    "take a seat",
    "authorize",
    "find the kind",
    "body",
    "verb",
    "answer",
];

/// Who is at the other end of a connection.
#[derive(Debug, Default)]
pub struct Peer {
    /// The certificates shown in the TLS handshake, the peer's own first; not yet verified.
    pub certificates: Vec<CertificateDer<'static>>,
    /// From where.
    pub address: Option<SocketAddr>,
    /// In process: who this is, beyond doubt.
    pub user: Option<Arc<UserInfo>>,
}

/// Serves one request. Every refusal becomes a `metav1.Status` here, and only here.
pub async fn handle(api: &Api, peer: &Peer, request: Request<Body>) -> Response<Body> {
    let accept = Accept::of(request.headers());
    let audit_id = audit_id(request.headers());
    let query = Query::parse(request.uri().query().unwrap_or_default());
    // request info
    let info = match RequestInfo::read(request.method(), request.uri().path(), &query) {
        Ok(info) => info,
        Err(error) => {
            let mut response = answer::unreadable(request.uri(), &error);
            response.headers_mut().insert("audit-id", audit_id);
            return response;
        }
    };
    let observed = Observed::begin(request.method(), request.headers(), &info, &query);
    let patience = api.seats.patience(&info, &query);
    let stages = Box::pin(stages(api, peer, info, query, request, &observed));
    let answered = match patience {
        Err(error) => Err(error),
        Ok(None) => stages.await,
        Ok(Some(patience)) => {
            runtime::clock::timeout(patience, stages).await.unwrap_or_else(|_| {
                observed.terminated(504);
                let why = "request did not complete within the allotted timeout";
                Err(ApiError::timeout(why))
            })
        }
    };
    let mut response = match answered {
        Ok(response) => response,
        Err(error) => answer::refusal(&error, &accept),
    };
    let headers = response.headers_mut();
    headers.insert("audit-id", audit_id);
    let private = HeaderValue::from_static("no-cache, private");
    headers.entry(header::CACHE_CONTROL).or_insert(private);
    observed.end(response)
}

async fn stages(
    api: &Api,
    peer: &Peer,
    info: RequestInfo,
    query: Query,
    request: Request<Body>,
    observed: &Observed,
) -> Result<Response<Body>> {
    let (mut parts, incoming) = request.into_parts();
    if let Some(address) = peer.address {
        parts.extensions.insert(address);
    }

    // authenticate
    let user = match &peer.user {
        Some(user) => user.clone(),
        None => {
            let path = parts.uri.path();
            let begun = monotonic();
            let known = api.access.authenticate(&mut parts.headers, &peer.certificates, path).await;
            metrics::authenticated(known.as_ref().ok().map(|user| user.name.as_str()), begun);
            known?
        }
    };

    // impersonate
    let wants = |user: &_| attributes(&info, &query, user);
    let may = &api.access.authorizers;
    let user = match api.impersonation.act(may, &mut parts.headers, user, wants).await {
        Ok(user) => user,
        Err(error) => return Ok(answer::forbidden(&error, &parts.headers)),
    };

    // take a seat
    let Ok(_seat) = api.seats.take(&info, &user) else {
        observed.terminated(429);
        return Ok(answer::too_many());
    };

    // authorize
    let begun = monotonic();
    let decided = api.access.authorize(attributes(&info, &query, &user)).await;
    metrics::authorized(decided.is_ok(), begun);
    let authorized = match decided {
        Ok(authorized) => authorized,
        Err(error) => return Ok(answer::forbidden(&error, &parts.headers)),
    };
    let Some(resource) = info.resource else {
        observed.handled();
        return api.fixed.serve(authorized, Request::from_parts(parts, incoming)).await;
    };

    // find the kind
    let found = api.served.find(&resource.group, &resource.version, &resource.resource);
    let Some(kind) = found else {
        return match api.served.has_group(&resource.group) {
            true => Err(ApiError::no_such_resource()),
            false => Ok(answer::no_such_page()),
        };
    };
    let mut ask = Ask::new(kind, resource, info.verb, query, authorized, parts)?;
    observed.handled();
    if let Some(connect) = subresources::connect(&ask) {
        return connect(api, ask, incoming).await;
    }
    ask.warn(deprecation::warning(kind, &ask.resource.version));
    let answered = async {
        ask.check_accept()?;
        ask.check_options()?;

        // body
        ask.body = body::read(incoming, &ask.parts.headers).await?;

        // verb
        if ask.kind.storage.is_none() {
            virtual_kinds::serve(api, &ask).await
        } else if ask.resource.subresource.is_empty() {
            verbs::serve(api, &ask).await
        } else {
            subresources::serve(api, &ask).await
        }
    };

    // answer
    let answered = answered.await;
    let mut response = answered.unwrap_or_else(|error| answer::refusal(&error, &ask.accept));
    answer::warn(response.headers_mut(), &ask.warnings());
    Ok(response)
}

/// What the answer, and an audit, call this request: the client's word, or one of our own.
fn audit_id(headers: &HeaderMap) -> HeaderValue {
    headers.get("audit-id").cloned().unwrap_or_else(|| {
        let id = runtime::entropy::uuid_v4();
        HeaderValue::from_str(&id).expect("a UUID is ASCII")
    })
}

/// What the authorizers are asked.
fn attributes(info: &RequestInfo, query: &Query, user: &Arc<UserInfo>) -> Attributes {
    let Some(resource) = &info.resource else {
        return Attributes::path(user.clone(), &info.verb, &info.path);
    };
    let selects = matches!(info.verb.as_str(), "list" | "watch" | "deletecollection");
    let selector = |name| query.get(name).filter(|_| selects && !resource.watch_prefix);
    Attributes {
        user: user.clone(),
        verb: info.verb.clone(),
        is_resource: true,
        group: resource.group.clone(),
        version: resource.version.clone(),
        resource: resource.resource.clone(),
        subresource: resource.subresource.clone(),
        namespace: resource.namespace.clone(),
        name: resource.name.clone(),
        path: info.path.clone(),
        field_selector: selector("fieldSelector").and_then(|t| FieldSelector::parse(t).ok()),
        label_selector: selector("labelSelector").and_then(|t| Selector::parse(t).ok()),
    }
}
