//! Who acted as somebody else, in which mode: `endpoints/filters/impersonation/metrics` of
//! `k8s.io/apiserver`.

use runtime::clock::{Instant, monotonic};
use runtime::metrics::{Counter, Family, Histogram, Registry};
use std::sync::{Arc, LazyLock};

struct Pair {
    count: Arc<Family<Counter>>,
    durations: Arc<Family<Histogram>>,
}

struct Families {
    attempts: Pair,
    questions: Pair,
}

static FAMILIES: LazyLock<Families> = LazyLock::new(|| {
    const LABELS: &[&str] = &["mode", "decision"];
    let registry = Registry::global();
    // From a millisecond on, doubled.
    let buckets: Vec<f64> = (0..15).map(|power| 0.001 * f64::from(1 << power)).collect();
    Families {
        attempts: Pair {
            count: registry.counter(
                "apiserver_impersonation_attempts_total",
                "Requests to be from somebody else, by mode and decision.",
                LABELS,
            ),
            durations: registry.histogram(
                "apiserver_impersonation_attempts_duration_seconds",
                "How long it took to know whether they may be, by mode and decision.",
                LABELS,
                &buckets,
            ),
        },
        questions: Pair {
            count: registry.counter(
                "apiserver_impersonation_authorization_attempts_total",
                "Questions to the authorizers about being somebody else, by mode and decision.",
                LABELS,
            ),
            durations: registry.histogram(
                "apiserver_impersonation_authorization_attempts_duration_seconds",
                "How long the authorizers took to answer them, by mode and decision.",
                LABELS,
                &buckets,
            ),
        },
    }
});

/// Counts an impersonation that began at `begun`, and which mode allowed it.
pub(crate) fn impersonated(mode: Option<&str>, begun: Instant) {
    FAMILIES.attempts.note(mode.unwrap_or_default(), mode.is_some(), begun);
}

/// Counts a question of this mode to the authorizers.
pub(crate) fn impersonation_authorized(mode: &str, may: bool, begun: Instant) {
    FAMILIES.questions.note(mode, may, begun);
}

impl Pair {
    fn note(&self, mode: &str, may: bool, begun: Instant) {
        let labels = [mode, if may { "allowed" } else { "denied" }];
        self.count.with(&labels).increment();
        self.durations.with(&labels).observe_duration(monotonic().duration_since(begun));
    }
}
