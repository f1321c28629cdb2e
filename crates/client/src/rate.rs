//! `--kube-api-qps` and `--kube-api-burst`: a token bucket before the client of a controller.
//!
//! Mirrors `k8s.io/client-go/util/flowcontrol`'s token bucket as `rest.Config` uses it: each
//! controller has its own, and waits when it is empty. Informers and leases have none: a late
//! renewal would cost the leadership, and a watch is one request for a long time.

use crate::transport::Transport;
use http::Request;
use kube::client::Body;
use runtime::clock;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tower::ServiceExt as _;

#[derive(Debug)]
struct Limiter {
    bucket: Mutex<Bucket>,
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
    fn new(qps: f64, burst: u32) -> Option<Self> {
        (qps > 0.0).then(|| {
            let burst = f64::from(burst.max(1));
            let bucket =
                Bucket { per_second: qps, burst, tokens: burst, filled_at: clock::monotonic() };
            Self { bucket: Mutex::new(bucket) }
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

/// `transport` behind a bucket of its own; itself, when `qps` says that there is no limit.
pub(crate) fn limited(transport: Transport, qps: f64, burst: u32) -> Transport {
    let Some(limiter) = Limiter::new(qps, burst).map(Arc::new) else { return transport };
    let service = tower::service_fn(move |request: Request<Body>| {
        let (wait, transport) = (limiter.take(), transport.clone());
        async move {
            if !wait.is_zero() {
                clock::sleep(wait).await;
            }
            transport.oneshot(request).await
        }
    });
    Transport::new(service)
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
