//! When much is told of one object: what says nearly the same becomes one event, and a source that
//! never ends is heard seldom.
//!
//! Mirrors `EventAggregator` and `EventSourceObjectSpamFilter` of `k8s.io/client-go/tools/record`.

use super::{EventType, Told};
use crate::limits::{
    EVENT_BURST, EVENT_REFILL, EVENT_SIMILAR_MAX, EVENT_SIMILAR_WITHIN, EVENT_SOURCES,
};
use runtime::clock::Instant;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// What is put before the message of an event that stands for many.
pub(super) const COMBINED: &str = "(combined from similar events): ";

/// What becomes of what was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// An event of its own, or one more of the same.
    Alone,
    /// One with all that differ only by their message.
    Combined,
    /// Nothing: too much was told of this object already.
    Unheard,
}

/// Who tells of what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Source {
    component: Arc<str>,
    /// apiVersion, kind, namespace, name, UID.
    about: [Option<String>; 5],
}

#[derive(Debug)]
struct Similar {
    messages: BTreeSet<String>,
    last: Instant,
}

/// What a source may still tell.
#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

/// What was told of late.
#[derive(Debug, Default)]
pub(super) struct Correlator {
    similar: HashMap<(Source, EventType, String), Similar>,
    buckets: HashMap<Source, Bucket>,
}

impl Correlator {
    /// Judges `told`, and remembers it.
    pub(super) fn judge(&mut self, told: &Told, now: Instant) -> Verdict {
        let about = &told.about;
        let source = Source {
            component: told.component.clone(),
            about: [&about.api_version, &about.kind, &about.namespace, &about.name, &about.uid]
                .map(Clone::clone),
        };
        let is_combined = self.is_combined(&source, told, now);
        match (self.is_heard(source, now), is_combined) {
            (false, _) => Verdict::Unheard,
            (true, false) => Verdict::Alone,
            (true, true) => Verdict::Combined,
        }
    }

    fn is_combined(&mut self, source: &Source, told: &Told, now: Instant) -> bool {
        if self.similar.len() >= EVENT_SOURCES {
            self.similar.clear();
        }
        let key = (source.clone(), told.kind, told.reason.clone());
        let new = || Similar { messages: BTreeSet::new(), last: now };
        let similar = self.similar.entry(key).or_insert_with(new);
        if now.duration_since(similar.last) > EVENT_SIMILAR_WITHIN {
            similar.messages.clear();
        }
        similar.messages.insert(told.message.clone());
        similar.last = now;
        if similar.messages.len() < EVENT_SIMILAR_MAX {
            return false;
        }
        similar.messages.pop_first();
        true
    }

    fn is_heard(&mut self, source: Source, now: Instant) -> bool {
        if self.buckets.len() >= EVENT_SOURCES {
            self.buckets.clear();
        }
        let full = || Bucket { tokens: EVENT_BURST, at: now };
        let bucket = self.buckets.entry(source).or_insert_with(full);
        let gained = now.duration_since(bucket.at).as_secs_f64() / EVENT_REFILL.as_secs_f64();
        bucket.tokens = (bucket.tokens + gained).min(EVENT_BURST);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::ObjectReference;
    use runtime::clock::{self, monotonic};
    use std::time::Duration;

    fn told(about: &str, reason: &str, message: &str) -> Told {
        Told {
            component: "it".into(),
            about: ObjectReference { name: Some(about.into()), ..ObjectReference::default() },
            kind: EventType::Normal,
            reason: reason.into(),
            message: message.into(),
            action: None,
            related: None,
            at: clock::now(),
        }
    }

    #[test]
    fn the_tenth_of_a_kind_stands_for_all_that_follow() {
        let (mut correlator, now) = (Correlator::default(), monotonic());
        let mut judge = |reason: &str, message: &str, after: u64| {
            correlator.judge(&told("web", reason, message), now + Duration::from_secs(after))
        };
        for number in 0..9 {
            assert_eq!(judge("Made", &format!("made {number}"), 0), Verdict::Alone);
        }
        assert_eq!(judge("Made", "made 8", 0), Verdict::Alone, "the same once more");
        assert_eq!(judge("Made", "made 9", 0), Verdict::Combined);
        assert_eq!(judge("Made", "made 10", 600), Verdict::Combined);
        assert_eq!(judge("Gone", "gone 1", 600), Verdict::Alone, "another reason");
        assert_eq!(judge("Made", "made 11", 1201), Verdict::Alone, "long after");
    }

    #[test]
    fn who_never_ends_is_heard_seldom() {
        let (mut correlator, now) = (Correlator::default(), monotonic());
        let mut judge = |about: &str, after: u64| {
            correlator.judge(&told(about, "Failed", "again"), now + Duration::from_secs(after))
        };
        for _ in 0..25 {
            assert_eq!(judge("web", 0), Verdict::Alone);
        }
        assert_eq!(judge("web", 0), Verdict::Unheard);
        assert_eq!(judge("db", 0), Verdict::Alone, "another object");
        assert_eq!(judge("web", 299), Verdict::Unheard);
        assert_eq!(judge("web", 301), Verdict::Alone);
        assert_eq!(judge("web", 301), Verdict::Unheard);
    }
}
