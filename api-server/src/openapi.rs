//! `/openapi/v2` and `/openapi/v3`: the documents that describe the server, in the form and
//! encoding that a client wants.
//!
//! Mirrors `k8s.io/kube-openapi/pkg/{handler,handler3}` as upstream's aggregation layer serves
//! them: the index is text without a name of its content, every document has one (`ETag`), and
//! an address that carries that name (`?hash=`) may be kept for ever.

use crate::query::Query;
use ::openapi::{Document, Documents, Form};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::routing::any;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use kinds::Served;

use runtime::clock;
use std::sync::Arc;

/// The media types of one version of OpenAPI.
struct Media {
    /// What an answer in protobuf says.
    protobuf: &'static str,
    /// What older clients call it.
    protobuf_once: &'static str,
}

const JSON: &str = "application/json";

const V2: Media = Media {
    protobuf: "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
    protobuf_once: "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
};

const V3: Media = Media {
    protobuf: "application/com.github.proto-openapi.spec.v3.v1.0+protobuf",
    protobuf_once: "application/com.github.proto-openapi.spec.v3@v1.0+protobuf",
};

/// The paths, with documents that are made when they are first asked for.
pub(crate) fn router(served: &Served) -> Router {
    Router::new()
        .route("/openapi/v2", any(v2))
        .route("/openapi/v3", any(index))
        .route("/openapi/v3/", any(missing))
        .route("/openapi/v3/{*path}", any(v3))
        .with_state(Arc::new(Documents::new(served)))
}

async fn index(State(documents): State<Arc<Documents>>) -> Response<Body> {
    let Ok(index) = runtime::spawn_blocking("openapi", move || documents.index()).await else {
        return empty(StatusCode::SERVICE_UNAVAILABLE);
    };
    let mut response = respond(StatusCode::OK, Body::from(index));
    set(&mut response, header::CONTENT_TYPE, "text/plain; charset=utf-8");
    response
}

async fn v2(State(documents): State<Arc<Documents>>, headers: HeaderMap) -> Response<Body> {
    let Some(form) = V2.choose(&headers) else { return not_acceptable() };
    match runtime::spawn_blocking("openapi", move || documents.v2(form)).await {
        Ok(document) => answer(&document, V2.of(form), &headers),
        Err(_) => empty(StatusCode::SERVICE_UNAVAILABLE),
    }
}

async fn v3(
    State(documents): State<Arc<Documents>>,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response<Body> {
    if !documents.has_v3(&path) {
        return empty(StatusCode::NOT_FOUND);
    }
    let Some(form) = V3.choose(&headers) else { return not_acceptable() };
    let of = path.clone();
    let document = match runtime::spawn_blocking("openapi", move || documents.v3(&of, form)).await {
        Ok(Some(document)) => document,
        Ok(None) => return empty(StatusCode::NOT_FOUND),
        Err(_) => return empty(StatusCode::SERVICE_UNAVAILABLE),
    };
    let query = Query::parse(&query.unwrap_or_default());
    let Some(asked) = query.get("hash") else {
        return answer(&document, V3.of(form), &headers);
    };
    if asked != document.etag {
        let mut response = empty(StatusCode::MOVED_PERMANENTLY);
        describe(&mut response, &document, V3.of(form));
        let current = format!("/openapi/v3/{path}?hash={}", document.etag);
        set(&mut response, header::LOCATION, &current);
        return response;
    }
    let mut response = answer(&document, V3.of(form), &headers);
    set(&mut response, header::CACHE_CONTROL, "public, immutable");
    set(&mut response, header::EXPIRES, &in_a_year());
    response
}

async fn missing() -> Response<Body> {
    empty(StatusCode::NOT_FOUND)
}

impl Media {
    /// The form that a client likes best; `None` if it takes none of them.
    fn choose(&self, headers: &HeaderMap) -> Option<Form> {
        let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        let accepted = accepted.filter(|text| !text.is_empty()).unwrap_or("*/*");
        let mut clauses: Vec<(f32, &str)> = accepted.split(',').map(clause).collect();
        clauses.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        clauses.into_iter().find_map(|(_, media_type)| match media_type {
            JSON | "application/*" | "*/*" | "*" => Some(Form::Json),
            other if other == self.protobuf || other == self.protobuf_once => Some(Form::Protobuf),
            _ => None,
        })
    }

    fn of(&self, form: Form) -> &'static str {
        match form {
            Form::Json => JSON,
            Form::Protobuf => self.protobuf,
        }
    }
}

/// One media type of an `Accept` header, with how much it is liked.
fn clause(text: &str) -> (f32, &str) {
    let mut parts = text.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    let liked = parts.find_map(|part| part.strip_prefix("q="));
    (liked.map_or(1.0, |liked| liked.parse().unwrap_or(0.0)), media_type)
}

/// A document, unless the client has it already.
fn answer(document: &Document, media_type: &'static str, headers: &HeaderMap) -> Response<Body> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let known = text(header::IF_NONE_MATCH).is_some_and(|names| {
        names.split(',').map(str::trim).any(|name| {
            let name = name.strip_prefix("W/").unwrap_or(name);
            name == "*" || name.trim_matches('"') == document.etag
        })
    });
    if known {
        let mut response = empty(StatusCode::NOT_MODIFIED);
        describe(&mut response, document, media_type);
        response.headers_mut().remove(header::CONTENT_TYPE);
        return response;
    }
    let gzip = text(header::ACCEPT_ENCODING).is_some_and(|names| {
        names.split(',').map(clause).any(|(q, name)| q > 0.0 && name == "gzip")
    });
    let bytes: Bytes = if gzip { document.gzip.clone() } else { document.plain() };
    let mut response = respond(StatusCode::OK, Body::from(bytes));
    describe(&mut response, document, media_type);
    if gzip {
        set(&mut response, header::CONTENT_ENCODING, "gzip");
    }
    response
}

fn describe(response: &mut Response<Body>, document: &Document, media_type: &'static str) {
    vary(response);
    set(response, header::CONTENT_TYPE, media_type);
    set(response, header::ETAG, &format!("\"{}\"", document.etag));
}

fn vary(response: &mut Response<Body>) {
    for name in ["Accept-Encoding", "Accept"] {
        response.headers_mut().append(header::VARY, HeaderValue::from_static(name));
    }
}

fn not_acceptable() -> Response<Body> {
    let mut response = empty(StatusCode::NOT_ACCEPTABLE);
    vary(&mut response);
    response
}

fn empty(status: StatusCode) -> Response<Body> {
    respond(status, Body::empty())
}

fn respond(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    set(&mut response, header::CACHE_CONTROL, "no-cache, private");
    response
}

fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// As upstream prints it, with `UTC` where the rules for HTTP have `GMT`.
fn in_a_year() -> String {
    let now = clock::now().to_zoned(jiff::tz::TimeZone::UTC);
    let then = now.checked_add(jiff::Span::new().years(1)).unwrap_or(now);
    then.strftime("%a, %d %b %Y %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(text: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(text));
        headers
    }

    #[test]
    fn the_form_that_is_liked_best_is_sent() {
        for (text, form) in [
            ("", Some(Form::Json)),
            ("application/json;as=x", Some(Form::Json)),
            (V2.protobuf_once, Some(Form::Protobuf)),
            ("application/json;q=0.1, application/*;q=0.5", Some(Form::Json)),
            (
                "application/json;q=0.1, \
                 application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
                Some(Form::Protobuf),
            ),
            ("text/plain, application/*", Some(Form::Json)),
            ("text/plain", None),
            (V3.protobuf, None),
        ] {
            assert_eq!(V2.choose(&accepts(text)), form, "{text}");
        }
    }

    #[test]
    fn known_documents_are_not_sent_again() {
        let document = Document { etag: "AB".to_owned(), gzip: Bytes::new() };
        for (name, status) in [("\"AB\"", 304), ("W/\"AB\", \"CD\"", 304), ("\"CD\"", 200)] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(name));
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
            let response = answer(&document, JSON, &headers);
            assert_eq!(response.status().as_u16(), status, "{name}");
            assert_eq!(response.headers()[header::ETAG], "\"AB\"");
        }
    }

    async fn get(path: &str) -> Response<Body> {
        use tower::ServiceExt;
        let request = http::Request::get(path).body(Body::empty()).expect("a request");
        router(&Served::default()).oneshot(request).await.expect("routers do not fail")
    }

    #[tokio::test]
    async fn an_address_that_names_the_content_may_be_kept() {
        let first = get("/openapi/v3/version").await;
        assert_eq!(first.headers()[header::CONTENT_TYPE], JSON);
        assert_eq!(first.headers()[header::CACHE_CONTROL], "no-cache, private");
        let name = first.headers()[header::ETAG].to_str().expect("text").replace('"', "");
        let current = format!("/openapi/v3/version?hash={name}");

        let kept = get(&current).await;
        assert_eq!(kept.status(), StatusCode::OK);
        assert_eq!(kept.headers()[header::CACHE_CONTROL], "public, immutable");
        assert!(kept.headers().contains_key(header::EXPIRES));

        let moved = get("/openapi/v3/version?hash=00").await;
        assert_eq!(moved.status(), StatusCode::MOVED_PERMANENTLY);
        assert_eq!(moved.headers()[header::LOCATION], current.as_str());

        for path in ["/openapi/v3/", "/openapi/v3/apis/nothing/v1"] {
            assert_eq!(get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
}
