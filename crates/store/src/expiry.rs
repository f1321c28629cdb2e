//! Takes away values whose time to live is over, as etcd's lessor does for its leases.
//!
//! The wall clock decides, so that a value's time goes on while the process is down. A removal
//! is an ordinary write that insists on the version that expired: one that was put again lives.

use crate::engine::{Engine, Request};
use crate::history::UnixMillis;
use crate::{Change, Expect, limits};
use runtime::clock;
use std::future::Future;
use std::sync::Arc;

/// The wall clock, as the stores write it down.
pub(crate) fn now() -> UnixMillis {
    clock::now().as_millisecond()
}

/// Sweeps until it is dropped; `remove` carries out a group of removals.
pub(crate) async fn sweep<F: Future<Output = ()>>(
    engine: Arc<Engine>,
    remove: impl Fn(Vec<Request>) -> F,
) {
    let mut changes = engine.subscribe();
    loop {
        changes.mark_unchanged();
        let next = engine.read().next_expiry();
        match next {
            None => {
                if changes.changed().await.is_err() {
                    return;
                }
            }
            Some(expires) if expires > now() => clock::sleep(limits::SWEEP_INTERVAL).await,
            Some(_) => {
                let expired = engine.write().take_expired(now(), limits::EXPIRED_PER_SWEEP);
                if !expired.is_empty() {
                    remove(expired.into_iter().map(removal).collect()).await;
                }
            }
        }
    }
}

fn removal((key, revision): (Arc<str>, i64)) -> Request {
    Request { key, expect: Expect::Revision(revision), change: Change::Delete }
}
