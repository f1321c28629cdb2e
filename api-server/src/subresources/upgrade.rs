//! A connection that stops speaking HTTP: handed on to a backend that agrees, byte for byte.
//!
//! What flows afterwards (SPDY, WebSocket) is between the client and the backend. Mirrors
//! `k8s.io/apimachinery/pkg/util/proxy/upgradeaware.go`.

use super::dial::{Answered, Backend};
use crate::Api;
use crate::ask::Ask;
use crate::limits::UPGRADED_COPY_BYTES;
use axum::body::Body;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use object::{ApiError, Reason, Result};
use runtime::Shutdown;
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, copy_buf, split};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Whether a client wants to speak something else from here on.
pub(super) fn is_asked_for(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONNECTION)
        .iter()
        .any(|value| value.to_str().is_ok_and(|text| text.to_ascii_lowercase().contains("upgrade")))
}

/// Hands the request, and the connection once it is upgraded, on to a backend. `path` is the
/// backend's, with the query.
pub(super) async fn pass(
    api: &Api,
    mut ask: Ask,
    backend: &Backend,
    path: &str,
) -> Result<Response<Body>> {
    if !is_asked_for(&ask.parts.headers) {
        return Err(ApiError::bad_request("Upgrade request required"));
    }
    let mut request = request(&ask, path)?;
    *request.headers_mut() = headers(&ask);
    let mut answer = send(backend, request).await?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Ok(refused(answer));
    }
    let on_client = on_client(&mut ask);
    let on_backend = hyper::upgrade::on(&mut answer);
    join(on_client, on_backend, api.shutdown.clone());
    let (mut head, body) = answer.into_parts();
    drop(body);
    head.extensions.clear();
    Ok(Response::from_parts(head, Body::empty()))
}

/// Sends a request for an upgrade. The answer is a yes (101) or a refusal.
pub(super) async fn send(backend: &Backend, request: Request<Body>) -> Result<Response<Answered>> {
    let failed = |why: String| ApiError::new(500, Reason::Unknown, why);
    let answer = backend.send(request).await;
    let answer = answer.map_err(|error| failed(format!("error dialing backend: {error}")))?;
    let status = answer.status();
    if status != StatusCode::SWITCHING_PROTOCOLS && status.as_u16() < 400 {
        return Err(failed(format!("invalid upgrade response: status code {}", status.as_u16())));
    }
    Ok(answer)
}

/// The backend's refusal, as it is.
pub(super) fn refused(answer: Response<Answered>) -> Response<Body> {
    let mut answer = answer.map(Body::new);
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// The client's side, once the answer has been sent.
pub(super) fn on_client(ask: &mut Ask) -> OnUpgrade {
    let mut request = Request::new(());
    *request.extensions_mut() = std::mem::take(&mut ask.parts.extensions);
    hyper::upgrade::on(&mut request)
}

/// The request line; the method is the client's.
fn request(ask: &Ask, path: &str) -> Result<Request<Body>> {
    let request = Request::builder().method(ask.parts.method.clone()).uri(path);
    request.body(Body::empty()).map_err(ApiError::internal)
}

/// What the client sent, and from where. The body is none.
pub(super) fn headers(ask: &Ask) -> HeaderMap {
    let mut headers = ask.parts.headers.clone();
    headers.remove(CONTENT_LENGTH);
    forwarded(ask, &mut headers);
    headers
}

/// Adds the client's address to those that proxies before us have noted, and sees to a `Host`.
pub(super) fn forwarded(ask: &Ask, headers: &mut HeaderMap) {
    if !headers.contains_key(HOST)
        && let Some(authority) = ask.parts.uri.authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        headers.insert(HOST, host);
    }
    let Some(from) = ask.parts.extensions.get::<SocketAddr>() else { return };
    let before = headers.get_all(FORWARDED_FOR).iter();
    let mut all: Vec<String> =
        before.filter_map(|value| value.to_str().ok().map(str::to_owned)).collect();
    all.push(from.ip().to_string());
    if let Ok(value) = HeaderValue::from_str(&all.join(", ")) {
        headers.insert(FORWARDED_FOR, value);
    }
}

/// Copies both ways, in a task of its own, until one side ends or the server does.
fn join(client: OnUpgrade, backend: OnUpgrade, shutdown: Shutdown) {
    runtime::spawn("upgraded connection", async move {
        let (client, backend): (Upgraded, Upgraded) = match tokio::try_join!(client, backend) {
            Ok(both) => both,
            Err(error) => return tracing::debug!("a connection was not upgraded: {error}"),
        };
        copy_both(TokioIo::new(client), TokioIo::new(backend), &shutdown).await;
    })
    .detach();
}

/// Copies both ways until one side ends, which ends the other, or the server does.
pub(super) async fn copy_both<A, B>(client: A, backend: B, shutdown: &Shutdown)
where
    A: AsyncRead + AsyncWrite + Send,
    B: AsyncRead + AsyncWrite + Send,
{
    let (client_read, mut client_write) = split(client);
    let (backend_read, mut backend_write) = split(backend);
    let mut client_read = BufReader::with_capacity(UPGRADED_COPY_BYTES, client_read);
    let mut backend_read = BufReader::with_capacity(UPGRADED_COPY_BYTES, backend_read);
    let ended = tokio::select! {
        ended = copy_buf(&mut client_read, &mut backend_write) => ended,
        ended = copy_buf(&mut backend_read, &mut client_write) => ended,
        () = shutdown.begun() => Ok(0),
    };
    if let Err(error) = ended {
        tracing::debug!("upgraded connection: {error}");
    }
    let _ = backend_write.shutdown().await;
    let _ = client_write.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    /// A backend that reads a request, answers with `head`, then echoes.
    async fn backend(head: &'static str) -> Backend {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        runtime::spawn("backend", async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                asked.push(socket.read_u8().await.unwrap());
            }
            socket.write_all(head.as_bytes()).await.unwrap();
            let (mut read, mut write) = socket.split();
            let _ = tokio::io::copy(&mut read, &mut write).await;
        })
        .detach();
        Backend::plain("127.0.0.1".to_owned(), port)
    }

    fn asking() -> Request<Body> {
        let request = Request::post("/exec/ns/p/c?command=ls").header(CONNECTION, "Upgrade");
        request.header("upgrade", "SPDY/3.1").body(Body::empty()).unwrap()
    }

    #[tokio::test]
    async fn bytes_flow_both_ways_until_one_side_ends() {
        const YES: &str =
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: SPDY/3.1\r\n\r\n";
        let mut answer = send(&backend(YES).await, asking()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
        let upgraded = hyper::upgrade::on(&mut answer).await.unwrap();
        let (mut client, ours) = tokio::io::duplex(64);
        let copy = runtime::spawn("copy", async move {
            copy_both(ours, TokioIo::new(upgraded), &Shutdown::new()).await;
        });
        client.write_all(b"\x80\x03\x00frame").await.unwrap();
        let mut echoed = [0; 8];
        client.read_exact(&mut echoed).await.unwrap();
        assert_eq!(&echoed, b"\x80\x03\x00frame");
        drop(client);
        copy.await.unwrap();
    }

    #[tokio::test]
    async fn a_refusal_is_handed_back_as_it_is() {
        const NO: &str = "HTTP/1.1 403 Forbidden\r\ncontent-length: 18\r\n\r\nForbidden (user=x)";
        let answer = refused(send(&backend(NO).await, asking()).await.unwrap());
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(&body[..], b"Forbidden (user=x)");
    }

    #[tokio::test]
    async fn an_answer_that_is_neither_is_an_error() {
        const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        let error = send(&backend(OK).await, asking()).await.err().unwrap();
        assert_eq!(error.message, "invalid upgrade response: status code 200");
    }
}
