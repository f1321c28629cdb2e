//! The words of a lease, and when it may be taken: pure.
//!
//! Mirrors `LeaderElectionRecord` and `tryAcquireOrRenew` of `k8s.io/client-go/tools/leaderelection`.

use super::LeaseOptions;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use runtime::clock::{Instant, Timestamp};
use std::time::Duration;

/// What this process has seen of the lease, and when it last saw it change.
#[derive(Clone, Debug)]
pub(super) struct Observed {
    pub(super) lease: Lease,
    pub(super) changed_at: Instant,
}

impl Observed {
    /// Takes in a fresh read: only a change of the words moves the time.
    pub(super) fn see(seen: &mut Option<Self>, lease: Lease, now: Instant) {
        match seen {
            Some(old) if old.lease.spec == lease.spec => old.lease = lease,
            _ => *seen = Some(Self { lease, changed_at: now }),
        }
    }

    pub(super) fn holder(&self) -> &str {
        self.spec().and_then(|spec| spec.holder_identity.as_deref()).unwrap_or_default()
    }

    fn spec(&self) -> Option<&LeaseSpec> {
        self.lease.spec.as_ref()
    }

    /// Whether somebody else holds the lease and may still be at work.
    pub(super) fn is_held_by_another(&self, identity: &str, now: Instant) -> bool {
        let seconds = self.spec().and_then(|spec| spec.lease_duration_seconds).unwrap_or(0);
        let duration = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        !self.holder().is_empty() && self.holder() != identity && now < self.changed_at + duration
    }
}

/// The lease to write: a renewal where `old` is ours, else the beginning of a leadership.
pub(super) fn claim(options: &LeaseOptions, old: Option<&Lease>, now: Timestamp) -> Lease {
    let old_spec = old.and_then(|lease| lease.spec.as_ref());
    let is_ours =
        old_spec.is_some_and(|spec| spec.holder_identity.as_deref() == Some(&options.identity));
    let transitions = old_spec.and_then(|spec| spec.lease_transitions).unwrap_or(0);
    let acquired = old_spec.filter(|_| is_ours).and_then(|spec| spec.acquire_time.clone());
    Lease {
        metadata: old.map_or_else(|| names(options), |lease| lease.metadata.clone()),
        spec: Some(LeaseSpec {
            holder_identity: Some(options.identity.clone()),
            lease_duration_seconds: Some(seconds(options.lease_duration)),
            acquire_time: Some(acquired.unwrap_or(MicroTime(now))),
            renew_time: Some(MicroTime(now)),
            lease_transitions: Some(match old {
                None => 0,
                Some(_) if is_ours => transitions,
                Some(_) => transitions + 1,
            }),
            ..LeaseSpec::default()
        }),
    }
}

/// The lease as a leader leaves it that stops in good order: nobody's, and over in a second.
pub(super) fn release(held: &Lease, now: Timestamp) -> Lease {
    let transitions = held.spec.as_ref().and_then(|spec| spec.lease_transitions);
    Lease {
        metadata: held.metadata.clone(),
        spec: Some(LeaseSpec {
            holder_identity: Some(String::new()),
            lease_duration_seconds: Some(1),
            acquire_time: Some(MicroTime(now)),
            renew_time: Some(MicroTime(now)),
            lease_transitions: transitions,
            ..LeaseSpec::default()
        }),
    }
}

fn names(options: &LeaseOptions) -> ObjectMeta {
    ObjectMeta {
        name: Some(options.name.clone()),
        namespace: Some(options.namespace.clone()),
        ..ObjectMeta::default()
    }
}

fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(identity: &str) -> LeaseOptions {
        LeaseOptions { identity: identity.into(), ..LeaseOptions::new("x") }
    }

    fn spec(lease: &Lease) -> LeaseSpec {
        lease.spec.clone().expect("a claim has a spec")
    }

    #[test]
    fn a_claim_counts_changes_of_leader_and_keeps_the_beginning() {
        let (early, late) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(60).expect("valid"));
        let first = claim(&options("a"), None, early);
        assert_eq!(spec(&first).lease_transitions, Some(0));
        let renewed = claim(&options("a"), Some(&first), late);
        assert_eq!(spec(&renewed).acquire_time, Some(MicroTime(early)));
        assert_eq!(spec(&renewed).renew_time, Some(MicroTime(late)));
        let taken = claim(&options("b"), Some(&renewed), late);
        assert_eq!(spec(&taken).lease_transitions, Some(1));
        assert_eq!(spec(&taken).acquire_time, Some(MicroTime(late)));
    }

    #[test]
    fn anothers_lease_is_over_only_after_we_watched_it_stand_still() {
        let start = runtime::clock::monotonic();
        let second = Duration::from_secs(1);
        let mut seen = None;
        let theirs = claim(&options("a"), None, Timestamp::UNIX_EPOCH);
        Observed::see(&mut seen, theirs.clone(), start);
        Observed::see(&mut seen, theirs.clone(), start + second * 10);
        let held = seen.clone().expect("seen");
        assert!(held.is_held_by_another("b", start + second * 14));
        assert!(!held.is_held_by_another("b", start + second * 15));
        assert!(!held.is_held_by_another("a", start));

        let renewed = claim(&options("a"), Some(&theirs), Timestamp::from_second(9).expect("ok"));
        Observed::see(&mut seen, renewed.clone(), start + second * 10);
        assert!(seen.expect("seen").is_held_by_another("b", start + second * 24));

        let mut left = None;
        Observed::see(&mut left, release(&renewed, Timestamp::UNIX_EPOCH), start);
        assert!(!left.expect("seen").is_held_by_another("b", start));
    }
}
