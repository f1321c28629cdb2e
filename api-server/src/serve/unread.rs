//! The body of a request that is answered before it is read to its end.
//!
//! On HTTP/2 a body that is dropped resets its stream, and the reset may overtake the answer, so
//! that a client sees a broken stream instead of the 403 that it should have seen. What nobody
//! wants to read is read here, to a limit, after the answer has gone its way.

use crate::body::discard;
use crate::limits::DRAIN;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A body that is read to its end by somebody, whoever drops it.
pub(super) struct Unread<B>(Option<B>)
where
    B: Body<Data = Bytes> + Send + Unpin + 'static;

impl<B: Body<Data = Bytes> + Send + Unpin + 'static> Unread<B> {
    /// Reads the rest of this body if nobody else does.
    pub(super) fn new(body: B) -> Self {
        Self(Some(body))
    }
}

impl<B: Body<Data = Bytes> + Send + Unpin + 'static> Body for Unread<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match &mut self.0 {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl<B: Body<Data = Bytes> + Send + Unpin + 'static> Drop for Unread<B> {
    fn drop(&mut self) {
        if let Some(body) = self.0.take().filter(|body| !body.is_end_stream()) {
            let rest = async move {
                let _ = runtime::clock::timeout(DRAIN, discard(body)).await;
            };
            runtime::spawn("unread body", rest).detach();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::channel::mpsc;
    use http_body_util::{BodyExt, StreamBody};
    use std::convert::Infallible;

    #[tokio::test]
    async fn what_nobody_reads_is_read_to_its_end() {
        for frames_read_before in [0, 1, 3] {
            let (mut sender, frames) = mpsc::channel::<Result<Frame<Bytes>, Infallible>>(0);
            let mut body = Unread::new(StreamBody::new(frames));
            let mut send = async move |count: usize| {
                use futures::SinkExt;
                for _ in 0..count {
                    let frame = Frame::data(Bytes::from_static(b"abc"));
                    sender.send(Ok(frame)).await.expect("somebody still reads");
                }
            };
            let read = async {
                for _ in 0..frames_read_before {
                    assert!(body.frame().await.is_some());
                }
                drop(body);
            };
            tokio::join!(send(5), read);
        }
    }
}
