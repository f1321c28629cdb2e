//! The leader's lease: of several processes with the same name, one works and the others wait.
//!
//! Mirrors `k8s.io/client-go/tools/leaderelection` with its Lease lock: the same fields in the
//! same `coordination.k8s.io/v1` object, so that upstream's processes and these wait for each
//! other. Another's lease is over when *this* process has seen it unchanged for its duration:
//! clocks are never compared. A leader that can't renew in time steps down.

mod election;
mod record;

pub use election::{LeaseError, lead};

use runtime::entropy;
use std::time::Duration;

/// The `--leader-elect-*` flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseOptions {
    /// `--leader-elect`: off means that work starts at once.
    pub enabled: bool,
    /// `--leader-elect-resource-namespace`.
    pub namespace: String,
    /// `--leader-elect-resource-name`.
    pub name: String,
    /// `--leader-elect-lease-duration`: how long the others wait for a silent leader.
    pub lease_duration: Duration,
    /// `--leader-elect-renew-deadline`: how long a leader tries to renew before it steps down.
    pub renew_deadline: Duration,
    /// `--leader-elect-retry-period`: between two tries.
    pub retry_period: Duration,
    /// Who this process is: the host's name and a UUID.
    pub identity: String,
}

impl LeaseOptions {
    /// Upstream's defaults for the lease `name` in `kube-system`.
    pub fn new(name: &str) -> Self {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Self {
            enabled: true,
            namespace: "kube-system".into(),
            name: name.into(),
            lease_duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry_period: Duration::from_secs(2),
            identity: format!("{}_{}", host.trim(), entropy::uuid_v4()),
        }
    }

    /// Refuses times that could make two leaders.
    ///
    /// # Errors
    /// The sentence to print, in upstream's words.
    pub fn validate(&self) -> Result<(), &'static str> {
        if !self.enabled {
            return Ok(());
        }
        if self.lease_duration <= self.renew_deadline {
            return Err("leaseDuration must be greater than renewDeadline");
        }
        if self.renew_deadline <= self.retry_period.mul_f64(JITTER_FACTOR) {
            return Err("renewDeadline must be greater than retryPeriod*JitterFactor");
        }
        if self.retry_period.is_zero() {
            return Err("retryPeriod must be greater than zero");
        }
        Ok(())
    }
}

/// How much longer than `retry_period` a wait may be, as a factor.
const JITTER_FACTOR: f64 = 1.2;
