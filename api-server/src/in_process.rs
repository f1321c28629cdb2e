//! The API server as a tower service, for clients in the same process: no socket, no TLS.

use crate::Api;
use crate::pipeline::{Peer, handle};
use auth::UserInfo;
use axum::body::Body;
use futures::future::BoxFuture;
use http::{Request, Response};
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::Service;

/// A client's side of the API server, for one user.
#[derive(Clone, Debug)]
pub struct InProcess {
    api: Arc<Api>,
    peer: Arc<Peer>,
}

impl InProcess {
    pub(crate) fn new(api: Arc<Api>, user: UserInfo) -> Self {
        let peer = Peer { user: Some(Arc::new(user)), ..Peer::default() };
        Self { api, peer: Arc::new(peer) }
    }

    /// The server.
    pub(crate) fn api(&self) -> &Api {
        &self.api
    }
}

impl<B> Service<Request<B>> for InProcess
where
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (api, peer) = (self.api.clone(), self.peer.clone());
        Box::pin(async move { Ok(handle(&api, &peer, request.map(Body::new)).await) })
    }
}
