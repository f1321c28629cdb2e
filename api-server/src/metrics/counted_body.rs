//! The body of an answer whose end is waited for: what is counted of it is known only then.

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A body, and what to do with its size when it has been sent, or when nobody wants it any more.
pub(super) struct CountedBody<F: FnOnce(u64) + Send + Unpin + 'static> {
    inner: Body,
    bytes: u64,
    at_end: Option<F>,
}

impl<F: FnOnce(u64) + Send + Unpin + 'static> CountedBody<F> {
    /// Calls `at_end` with the bytes that were sent of this body.
    pub(super) fn new(inner: Body, at_end: F) -> Self {
        Self { inner, bytes: 0, at_end: Some(at_end) }
    }
}

impl<F: FnOnce(u64) + Send + Unpin + 'static> http_body::Body for CountedBody<F> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            self.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<F: FnOnce(u64) + Send + Unpin + 'static> Drop for CountedBody<F> {
    fn drop(&mut self) {
        if let Some(at_end) = self.at_end.take() {
            at_end(self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[tokio::test]
    async fn a_body_is_counted_once_whether_it_is_read_or_not() {
        for (read, expected) in [(true, 5), (false, 0)] {
            let seen = Arc::new(AtomicU64::new(u64::MAX));
            let told = seen.clone();
            let body = CountedBody::new(Body::from("hello"), move |bytes| {
                assert_eq!(told.swap(bytes, Ordering::Relaxed), u64::MAX);
            });
            if read {
                assert_eq!(body.collect().await.unwrap().to_bytes(), "hello");
            } else {
                drop(body);
            }
            assert_eq!(seen.load(Ordering::Relaxed), expected);
        }
    }
}
