//! The only place that reads a clock.
//!
//! Two times: the wall clock, for what is written into objects and compared with other
//! machines, and the monotonic clock, for measuring. Both sleeping and the monotonic clock are
//! tokio's, so that a test that pauses tokio's time moves them; the wall clock does not pause.

use std::future::Future;
use std::time::Duration;

pub use jiff::Timestamp;
pub use tokio::time::{Instant, Interval, error::Elapsed};

/// The wall clock.
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// The time zone of this machine, or the one that `TZ` names; UTC where it is not to be told.
pub fn zone() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::try_system().unwrap_or(jiff::tz::TimeZone::UTC)
}

/// The monotonic clock.
pub fn monotonic() -> Instant {
    Instant::now()
}

/// Returns after `duration`.
pub async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Returns when the monotonic clock reads `deadline`.
pub async fn sleep_until(deadline: Instant) {
    tokio::time::sleep_until(deadline).await;
}

/// Runs `work` for at most `duration`.
///
/// # Errors
/// [`Elapsed`] when the time is over; `work` is dropped then.
pub async fn timeout<F: Future>(duration: Duration, work: F) -> Result<F::Output, Elapsed> {
    tokio::time::timeout(duration, work).await
}

/// Ticks each `period`, first after one period. A late tick delays the ones after it, so a slow
/// consumer is never given several at once.
pub fn every(period: Duration) -> Interval {
    let mut interval = tokio::time::interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    interval
}
