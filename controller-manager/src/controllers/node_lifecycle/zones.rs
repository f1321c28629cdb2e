//! How the zones of a cluster do, and how fast nodes in them may lose their pods.
//!
//! One node that falls silent has failed. Many at once in a zone may be a network that is cut, and
//! all of a cluster's at once is taken to be this process's own trouble. Mirrors `handleDisruption`,
//! `ComputeZoneState` and `setLimiterInZone` of `k8s.io/kubernetes/pkg/controller/nodelifecycle`.

use super::metrics;
use k8s_openapi::api::core::v1::Node;
use runtime::clock::Instant;
use std::collections::BTreeMap;
use std::time::Duration;

const EXCLUDED: &str = "node.kubernetes.io/exclude-disruption";

/// A zone with so few nodes that are not ready is never called disrupted in part.
const PARTIAL_MIN: usize = 3;

/// What the flags say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rates {
    /// `--node-eviction-rate`: nodes a second.
    pub(super) normal: f64,
    /// `--secondary-node-eviction-rate`: the same in a large zone that is disrupted in part.
    pub(super) reduced: f64,
    /// `--large-cluster-size-threshold`: nodes; smaller zones then lose nobody.
    pub(super) large: usize,
    /// `--unhealthy-zone-threshold`: the share of nodes that are not ready.
    pub(super) unhealthy: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Normal,
    Partial,
    Full,
}

#[derive(Debug)]
struct Zone {
    state: State,
    nodes: usize,
    /// When the next node may lose its pods.
    next: Option<Instant>,
}

/// The zones, as of the last look at all nodes.
#[derive(Debug)]
pub(super) struct Zones {
    rates: Rates,
    zones: BTreeMap<String, Zone>,
    is_all_down: bool,
}

impl Zones {
    /// None is known yet.
    pub(super) fn new(rates: Rates) -> Self {
        Self { rates, zones: BTreeMap::new(), is_all_down: false }
    }

    /// Looks at all nodes: the zone of each, and whether it is ready. Gives whether the cluster is
    /// no longer all down, as it was until now.
    pub(super) fn observe(&mut self, nodes: &[(String, bool)]) -> bool {
        let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for (zone, is_ready) in nodes {
            let (all, unready) = counts.entry(zone).or_default();
            *all += 1;
            *unready += usize::from(!is_ready);
        }
        for zone in self.zones.keys().filter(|zone| !counts.contains_key(zone.as_str())) {
            metrics::zone(zone, 0, 0);
        }
        self.zones.retain(|zone, _| counts.contains_key(zone.as_str()));
        for (name, (all, unready)) in counts {
            metrics::zone(name, all, unready);
            let state = self.rates.state(all, unready);
            let zone = self.zones.entry(name.to_owned());
            let zone = zone.or_insert(Zone { state, nodes: all, next: None });
            if zone.state != state {
                tracing::info!(zone = name, ?state, "a zone is in another state");
            }
            (zone.state, zone.nodes) = (state, all);
        }
        let was_all_down = self.is_all_down;
        self.is_all_down =
            !self.zones.is_empty() && self.zones.values().all(|zone| zone.state == State::Full);
        if self.is_all_down != was_all_down {
            let is_all_down = self.is_all_down;
            tracing::warn!(is_all_down, "whether all nodes are not ready has changed");
        }
        was_all_down && !self.is_all_down
    }

    /// Whether no zone has a node that is ready: nobody is evicted then.
    pub(super) fn is_all_down(&self) -> bool {
        self.is_all_down
    }

    /// Takes the turn to evict from a node of `zone`, where it is free.
    pub(super) fn may_evict(&mut self, zone: &str, now: Instant) -> bool {
        let Some(zone) = self.zones.get_mut(zone) else { return false };
        let rate = match zone.state {
            State::Normal | State::Full => self.rates.normal,
            State::Partial if zone.nodes > self.rates.large => self.rates.reduced,
            State::Partial => 0.0,
        };
        if self.is_all_down || rate <= 0.0 || zone.next.is_some_and(|next| next > now) {
            return false;
        }
        zone.next = Some(now + Duration::try_from_secs_f64(1.0 / rate).unwrap_or(Duration::MAX));
        true
    }
}

impl Rates {
    fn state(self, all: usize, unready: usize) -> State {
        if unready == all {
            State::Full
        } else if unready >= PARTIAL_MIN && unready as f64 / all as f64 >= self.unhealthy {
            State::Partial
        } else {
            State::Normal
        }
    }
}

/// The zone of a node, region included; empty where its labels name none.
pub(super) fn zone_of(node: &Node) -> String {
    let label = |old: &str, new: &str| {
        let labels = node.metadata.labels.as_ref();
        let found = labels.and_then(|labels| labels.get(old).or_else(|| labels.get(new)));
        found.cloned().unwrap_or_default()
    };
    let zone = label("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone");
    let region = label("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region");
    if zone.is_empty() && region.is_empty() {
        return String::new();
    }
    format!("{region}:\u{0}:{zone}")
}

/// Whether the node says nothing of how its zone does.
pub(super) fn is_excluded(node: &Node) -> bool {
    node.metadata.labels.as_ref().is_some_and(|labels| labels.contains_key(EXCLUDED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::clock::monotonic;
    use serde_json::json;

    const RATES: Rates = Rates { normal: 0.1, reduced: 0.01, large: 5, unhealthy: 0.55 };

    fn nodes(zones: &[(&str, usize, usize)]) -> Vec<(String, bool)> {
        let of = |zone: &str, count, is_ready| vec![(zone.to_owned(), is_ready); count];
        let each = |(zone, ready, unready): &(&str, usize, usize)| {
            [of(zone, *ready, true), of(zone, *unready, false)].concat()
        };
        zones.iter().flat_map(each).collect()
    }

    #[test]
    fn a_zone_is_judged_by_the_share_of_its_nodes() {
        let table = [
            ((5, 0), State::Normal),
            ((5, 2), State::Normal),
            ((1, 2), State::Normal),
            ((2, 3), State::Partial),
            ((3, 3), State::Normal),
            ((0, 1), State::Full),
        ];
        for ((ready, unready), state) in table {
            assert_eq!(RATES.state(ready + unready, unready), state, "{ready} {unready}");
        }
    }

    #[test]
    fn each_zone_has_its_own_rate() {
        let mut zones = Zones::new(RATES);
        zones.observe(&nodes(&[("a", 3, 1), ("b", 2, 4), ("c", 1, 3), ("d", 0, 2)]));
        let start = monotonic();
        let mut at =
            |zone: &str, second: u64| zones.may_evict(zone, start + Duration::from_secs(second));
        // Normal, and all down while others are not: one in ten seconds.
        for zone in ["a", "d"] {
            assert_eq!(
                [0, 9, 10, 11, 20].map(|second| at(zone, second)),
                [true, false, true, false, true]
            );
        }
        // Disrupted in part: one in a hundred seconds where it is large, and none where it is not.
        assert_eq!([0, 10, 99, 100].map(|second| at("b", second)), [true, false, false, true]);
        assert_eq!([0, 100, 999].map(|second| at("c", second)), [false; 3]);
        assert!(!at("unknown", 0));
    }

    #[test]
    fn nobody_is_evicted_while_everything_is_down() {
        let mut zones = Zones::new(RATES);
        assert!(!zones.observe(&nodes(&[("a", 2, 0), ("b", 0, 2)])));
        assert!(!zones.is_all_down());
        assert!(!zones.observe(&nodes(&[("a", 0, 2), ("b", 0, 2)])));
        assert!(zones.is_all_down() && !zones.may_evict("a", monotonic()));
        assert!(zones.observe(&nodes(&[("a", 1, 1), ("b", 0, 2)])), "it is over");
        assert!(!zones.is_all_down() && zones.may_evict("b", monotonic()));
        assert!(!zones.observe(&nodes(&[])), "a cluster without nodes is not down");
    }

    #[test]
    fn zones_are_named_by_labels_of_both_generations() {
        let zone = |labels| {
            let node = json!({"metadata": {"labels": labels}});
            zone_of(&serde_json::from_value(node).expect("a node"))
        };
        assert_eq!(zone(json!({})), "");
        assert_eq!(zone(json!({"topology.kubernetes.io/zone": "z"})), ":\u{0}:z");
        assert_eq!(
            zone(json!({"topology.kubernetes.io/region": "r",
                "topology.kubernetes.io/zone": "new",
                "failure-domain.beta.kubernetes.io/zone": "old"})),
            "r:\u{0}:old"
        );
    }
}
