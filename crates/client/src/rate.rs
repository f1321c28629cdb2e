//! `--kube-api-qps` and `--kube-api-burst`: a token bucket before a client's transport.
//!
//! Mirrors `k8s.io/client-go/util/flowcontrol`'s token bucket as `rest.Config` uses it: every
//! request takes one token, watches included, and waits for it when there is none.

use futures::future::BoxFuture;
use runtime::clock;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tower::{Layer, Service};

/// The bucket; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Limiter {
    bucket: Arc<Mutex<Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    per_second: f64,
    burst: f64,
    tokens: f64,
    filled_at: clock::Instant,
}

impl Limiter {
    /// `None` when `qps` says that there is no limit.
    pub(crate) fn new(qps: f64, burst: u32) -> Option<Self> {
        (qps > 0.0).then(|| {
            let burst = f64::from(burst.max(1));
            let bucket =
                Bucket { per_second: qps, burst, tokens: burst, filled_at: clock::monotonic() };
            Self { bucket: Arc::new(Mutex::new(bucket)) }
        })
    }

    /// Takes a token; what is returned is how long to wait before using it.
    fn take(&self) -> Duration {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner).take(clock::monotonic())
    }
}

impl Bucket {
    fn take(&mut self, now: clock::Instant) -> Duration {
        let gained = now.duration_since(self.filled_at).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + gained).min(self.burst) - 1.0;
        self.filled_at = now;
        // Below zero the bucket owes: each waiter waits for its own token.
        Duration::from_secs_f64((-self.tokens / self.per_second).max(0.0))
    }
}

impl<S> Layer<S> for Limiter {
    type Service = Limited<S>;

    fn layer(&self, inner: S) -> Limited<S> {
        Limited { inner: Arc::new(tokio::sync::Mutex::new(inner)), limiter: self.clone() }
    }
}

/// A service behind a [`Limiter`].
pub(crate) struct Limited<S> {
    inner: Arc<tokio::sync::Mutex<S>>,
    limiter: Limiter,
}

impl<S, R> Service<R> for Limited<S>
where
    S: Service<R> + Send + 'static,
    S::Future: Send,
    S::Response: Send,
    S::Error: Send,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Self::Future {
        let wait = self.limiter.take();
        let inner = self.inner.clone();
        Box::pin(async move {
            if !wait.is_zero() {
                clock::sleep(wait).await;
            }
            let answer = {
                let mut service = inner.lock().await;
                futures::future::poll_fn(|context| service.poll_ready(context)).await?;
                service.call(request)
            };
            answer.await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burst_is_free_and_then_each_waits_its_turn() {
        let start = clock::monotonic();
        let mut bucket = Bucket { per_second: 10.0, burst: 3.0, tokens: 3.0, filled_at: start };
        let waits: Vec<u128> = (0..5).map(|_| bucket.take(start).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 100, 200]);
        assert_eq!(bucket.take(start + Duration::from_secs(60)), Duration::ZERO);
        assert!(Limiter::new(0.0, 5).is_none());
    }
}
