//! Leases for values with a time to live, shared by many values.
//!
//! Each lease costs etcd some work for as long as it lives, so values that expire at nearly the
//! same time share one, which lives a little longer than they asked for. Mirrors
//! `apiserver/pkg/storage/etcd3/lease_manager`.

use super::members::{Members, Repeat};
use super::proto;
use crate::limits;
use runtime::clock::{self, Instant};
use std::time::Duration;
use tokio::sync::Mutex;
use tonic::Status;

/// The lease that was granted last.
#[derive(Debug, Default)]
pub(super) struct Leases {
    last: Mutex<Option<Lease>>,
}

#[derive(Clone, Copy, Debug)]
struct Lease {
    id: i64,
    expires: Instant,
    values: usize,
}

impl Leases {
    /// A lease for a value that is to live for `ttl`.
    pub(super) async fn lease(&self, members: &Members, ttl: Duration) -> Result<i64, Status> {
        // One asks, the others wait and share what it gets.
        let mut last = self.last.lock().await;
        let now = clock::monotonic();
        if let Some(lease) = last.as_mut().filter(|lease| lease.serves(now, ttl)) {
            lease.values += 1;
            return Ok(lease.id);
        }
        let granted = seconds(ttl) + seconds(grace(ttl));
        let request = proto::LeaseGrantRequest { ttl_seconds: granted.max(1) };
        // A lease that was granted twice is one that expires unused.
        let answer: proto::LeaseGrantResponse =
            members.call("/etcdserverpb.Lease/LeaseGrant", request, Repeat::Safe).await?;
        if !answer.error.is_empty() {
            return Err(Status::internal(answer.error));
        }
        let expires = now + Duration::from_secs(granted.unsigned_abs());
        *last = Some(Lease { id: answer.id, expires, values: 1 });
        Ok(answer.id)
    }

    /// Forgets a lease that etcd says it doesn't know.
    pub(super) async fn forget(&self, id: i64) {
        let mut last = self.last.lock().await;
        if last.is_some_and(|lease| lease.id == id) {
            *last = None;
        }
    }
}

impl Lease {
    /// Whether it lives as long as asked, and not much longer.
    fn serves(&self, now: Instant, ttl: Duration) -> bool {
        let asked = now + ttl;
        asked < self.expires
            && self.expires < asked + grace(ttl)
            && self.values < limits::VALUES_PER_LEASE
    }
}

/// How much longer than asked a value may live.
fn grace(ttl: Duration) -> Duration {
    (ttl / 20).min(limits::LEASE_GRACE)
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_serves_values_that_expire_just_before_it() {
        let now = clock::monotonic();
        let hour = Duration::from_secs(3600);
        let lease =
            |after: u64, values| Lease { id: 1, expires: now + Duration::from_secs(after), values };
        assert!(lease(3601, 1).serves(now, hour));
        assert!(!lease(3599, 1).serves(now, hour), "it would go too early");
        assert!(!lease(3700, 1).serves(now, hour), "it would stay too long");
        assert!(!lease(3601, limits::VALUES_PER_LEASE).serves(now, hour), "it is full");
        assert_eq!(grace(hour), Duration::from_secs(60));
        assert_eq!(grace(Duration::from_secs(100)), Duration::from_secs(5));
    }
}
