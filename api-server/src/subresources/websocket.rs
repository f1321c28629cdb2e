//! A stream of bytes as messages of a WebSocket, for clients that can read nothing else.
//!
//! Mirrors `k8s.io/streaming/pkg/httpstream/wsstream` (`NewReader`).

use super::upgrade;
use crate::ask::Ask;
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::{SinkExt, StreamExt};
use http::header::{CONNECTION, HeaderMap, UPGRADE};
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use object::{ApiError, Result};
use runtime::Shutdown;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// The subprotocol of messages in base64, which are text.
const BASE64: &str = "base64.binary.k8s.io";

/// Whether a client wants a WebSocket.
pub(super) fn is_asked_for(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(UPGRADE).and_then(|value| value.to_str().ok());
    upgrade::is_asked_for(headers) && upgrade.is_some_and(|to| to.eq_ignore_ascii_case("websocket"))
}

/// Agrees to a WebSocket, and sends `body` through it, in a task of its own.
pub(super) fn send(ask: &Ask, body: Body, shutdown: &Shutdown) -> Result<Response<Body>> {
    let header = |name: &str| ask.parts.headers.get(name).and_then(|value| value.to_str().ok());
    let Some(key) = header("sec-websocket-key") else {
        return Err(ApiError::bad_request("websocket: missing Sec-WebSocket-Key"));
    };
    let protocol = chosen(&ask.parts.headers)?;
    let Some(on_client) = ask.parts.extensions.get::<OnUpgrade>().cloned() else {
        return Err(ApiError::bad_request("the connection can't be upgraded to a WebSocket"));
    };
    let mut answer = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header("sec-websocket-accept", derive_accept_key(key.as_bytes()));
    if !protocol.is_empty() {
        answer = answer.header("sec-websocket-protocol", protocol);
    }
    let is_text = protocol == BASE64;
    let shutdown = shutdown.clone();
    runtime::spawn("stream over WebSocket", async move {
        match on_client.await {
            Ok(client) => {
                let client = TokioIo::new(client);
                let socket = WebSocketStream::from_raw_socket(client, Role::Server, None).await;
                tokio::select! {
                    () = copy(socket, body, is_text) => {}
                    () = shutdown.begun() => {}
                }
            }
            Err(error) => tracing::debug!("a connection was not upgraded: {error}"),
        }
    })
    .detach();
    answer.body(Body::empty()).map_err(ApiError::internal)
}

/// The first of the client's subprotocols that is known; none at all is one, too.
fn chosen(headers: &HeaderMap) -> Result<&str> {
    let offered: Vec<&str> = super::streams::subprotocols(headers).collect();
    if offered.is_empty() {
        return Ok("");
    }
    let known = ["binary.k8s.io", BASE64];
    offered.into_iter().find(|name| known.contains(name)).ok_or_else(|| {
        ApiError::bad_request("websocket: none of the requested subprotocols is supported")
    })
}

async fn copy<S>(mut socket: WebSocketStream<S>, mut body: Body, is_text: bool)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let message = |bytes: bytes::Bytes| match is_text {
        true => Message::text(STANDARD.encode(bytes)),
        false => Message::binary(bytes),
    };
    // Says at once that there is somebody, as upstream does.
    if socket.send(message(bytes::Bytes::new())).await.is_err() {
        return;
    }
    loop {
        let frame = tokio::select! {
            frame = body.frame() => frame,
            // Clients have nothing to say here but good-bye.
            said = socket.next() => match said {
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => continue,
            },
        };
        let Some(Ok(frame)) = frame else { break };
        let Ok(bytes) = frame.into_data() else { continue };
        if socket.send(message(bytes)).await.is_err() {
            break;
        }
    }
    let _ = socket.close(None).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sends_a_stream_in_messages_and_ends() {
        for (is_text, wanted) in [
            (false, vec![Message::binary(""), Message::binary("hello\n")]),
            (true, vec![Message::text(""), Message::text("aGVsbG8K")]),
        ] {
            let (ours, theirs) = tokio::io::duplex(4096);
            let server = WebSocketStream::from_raw_socket(ours, Role::Server, None).await;
            let copy = runtime::spawn("copy", copy(server, Body::from("hello\n"), is_text));
            let mut client = WebSocketStream::from_raw_socket(theirs, Role::Client, None).await;
            let mut got = Vec::new();
            while let Some(Ok(message)) = client.next().await {
                got.push(message);
            }
            assert_eq!(got.pop(), Some(Message::Close(None)));
            assert_eq!(got, wanted);
            copy.await.unwrap();
        }
    }

    #[test]
    fn takes_the_first_subprotocol_that_it_knows() {
        let choose = |offered: &'static str| {
            let mut headers = HeaderMap::new();
            if !offered.is_empty() {
                headers.insert("sec-websocket-protocol", offered.parse().unwrap());
            }
            chosen(&headers).map(str::to_owned).map_err(|error| error.code)
        };
        assert_eq!(choose(""), Ok(String::new()));
        assert_eq!(choose("other, base64.binary.k8s.io"), Ok(BASE64.to_owned()));
        assert_eq!(choose("other"), Err(400));
    }
}
