//! Who was let in, and how long it took to decide: `endpoints/filters/metrics.go` of
//! `k8s.io/apiserver`.

use runtime::clock::{Instant, monotonic};
use runtime::metrics::{Counter, Family, Histogram, Registry};
use std::sync::{Arc, LazyLock};

struct Families {
    attempts: Arc<Family<Counter>>,
    users: Arc<Family<Counter>>,
    durations: Arc<Family<Histogram>>,
    decisions: Arc<Family<Counter>>,
    decision_durations: Arc<Family<Histogram>>,
}

static FAMILIES: LazyLock<Families> = LazyLock::new(|| {
    let registry = Registry::global();
    // From a millisecond on, doubled.
    let buckets: Vec<f64> = (0..15).map(|power| 0.001 * f64::from(1 << power)).collect();
    Families {
        attempts: registry.counter(
            "authentication_attempts",
            "Requests that were asked who they are from, by result.",
            &["result"],
        ),
        users: registry.counter(
            "authenticated_user_requests",
            "Requests by users who are known, by a few well-known names.",
            &["username"],
        ),
        durations: registry.histogram(
            "authentication_duration_seconds",
            "How long it took to know who asks.",
            &["result"],
            &buckets,
        ),
        decisions: registry.counter(
            "authorization_attempts_total",
            "Requests that were asked whether they may, by result.",
            &["result"],
        ),
        decision_durations: registry.histogram(
            "authorization_duration_seconds",
            "How long it took to know whether they may.",
            &["result"],
            &buckets,
        ),
    }
});

/// Counts an authentication that began at `begun` and found this user, or refused.
pub(crate) fn authenticated(user: Option<&str>, begun: Instant) {
    let result = if user.is_some() { "success" } else { "error" };
    if let Some(name) = user {
        FAMILIES.users.with(&[well_known(name)]).increment();
    }
    FAMILIES.attempts.with(&[result]).increment();
    FAMILIES.durations.with(&[result]).observe_duration(monotonic().duration_since(begun));
}

/// Counts an authorization that began at `begun`.
pub(crate) fn authorized(may: bool, begun: Instant) {
    let result = if may { "allowed" } else { "no-opinion" };
    FAMILIES.decisions.with(&[result]).increment();
    FAMILIES.decision_durations.with(&[result]).observe_duration(monotonic().duration_since(begun));
}

/// No name of a person is shown, and there are only a few.
fn well_known(name: &str) -> &str {
    match name {
        "admin" | "client" | "kube_proxy" | "kubelet" => name,
        "system:serviceaccount:kube-system:default" => name,
        _ if name.contains('@') => "email_id",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_are_not_shown() {
        for (name, shown) in [
            ("admin", "admin"),
            ("jane@example.com", "email_id"),
            ("system:node:worker-0", "other"),
            ("", "other"),
        ] {
            assert_eq!(well_known(name), shown, "{name}");
        }
    }
}
