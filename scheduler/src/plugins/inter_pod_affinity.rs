//! InterPodAffinity: with which pods a pod wants to be together, and from which apart; the wishes
//! of pods that are there already count too.
//!
//! Mirrors `plugins/interpodaffinity`. Pods are never looked at: their classes are counted on each
//! node already, and a cycle adds those up by domain.

use crate::class::Class;
use crate::node::NodeInfo;
use crate::plugin::{Events, Feasible, Filter, Normalize, Plugin, Score, Verdict};
use crate::pod::PodInfo;
use crate::snapshot::Snapshot;
use crate::tallies::Tally;
use crate::terms::Term;
use crate::topology::Sums;

pub(crate) struct InterPodAffinity {
    /// What a required wish of a pod that is there counts in the scores.
    pub(crate) hard_weight: i64,
    /// Whether preferences of pods that are there don't count, unless the new one has some.
    pub(crate) ignores_preferred: bool,
}

impl Default for InterPodAffinity {
    fn default() -> Self {
        Self { hard_weight: 1, ignores_preferred: false }
    }
}

impl Plugin for InterPodAffinity {
    fn name(&self) -> &'static str {
        "InterPodAffinity"
    }

    fn filter<'a>(&'a self, pod: &'a PodInfo, nodes: &'a Snapshot) -> Filter<'a> {
        let (with, without) = (&pod.terms.required, &pod.terms.required_anti);
        let unwelcome = refusals_of_others(pod, nodes);
        if with.is_empty() && without.is_empty() && unwelcome.is_empty() {
            return Filter::Skip;
        }
        let (mut near, mut apart) = (Sums::default(), Sums::default());
        if !with.is_empty() || !without.is_empty() {
            for tally in nodes.tallies().all() {
                if matches_all(with, &tally.class, nodes) {
                    with.iter().for_each(|term| add(&mut near, term, tally, nodes, 1));
                }
                let meant = without.iter().filter(|term| means(term, &tally.class, nodes));
                meant.for_each(|term| add(&mut apart, term, tally, nodes, 1));
            }
        }
        // The first of a group that wants to be together has nobody to join.
        let is_first = near.is_empty() && matches_all(with, &pod.class, nodes);
        Filter::Check(Box::new(move |node| {
            let sum = |sums: &Sums, term: &Term| sums.at(&term.topology_key, node);
            let is_anywhere = with.iter().all(|term| node.label(&term.topology_key).is_some());
            let has_company = with.iter().all(|term| sum(&near, term).is_some_and(|sum| sum > 0));
            if !is_anywhere || !(has_company || is_first) {
                return Verdict::never("node(s) didn't match pod affinity rules");
            }
            if without.iter().any(|term| sum(&apart, term).is_some_and(|sum| sum > 0)) {
                let reason = "node(s) didn't match pod anti-affinity rules";
                return Verdict::crowded(vec![reason.into()]);
            }
            if unwelcome.each_at(node).any(|sum| sum > 0) {
                let reason = "node(s) didn't satisfy existing pods anti-affinity rules";
                return Verdict::crowded(vec![reason.into()]);
            }
            Verdict::Fits
        }))
    }

    fn score<'a>(&'a self, pod: &'a PodInfo, nodes: &'a Snapshot, _: Feasible<'_>) -> Score<'a> {
        let (with, without) = (&pod.terms.preferred, &pod.terms.preferred_anti);
        if self.ignores_preferred && with.is_empty() && without.is_empty() {
            return Score::Skip;
        }
        let mut sums = Sums::default();
        if !with.is_empty() || !without.is_empty() {
            for tally in nodes.tallies().all() {
                for (terms, sign) in [(with, 1), (without, -1)] {
                    let meant = terms.iter().filter(|term| means(term, &tally.class, nodes));
                    meant.for_each(|term| add(&mut sums, term, tally, nodes, sign * term.weight));
                }
            }
        }
        for tally in nodes.tallies().wishing() {
            let theirs = &*tally.terms;
            let required = theirs.required.iter().map(|term| (term, self.hard_weight));
            let required = required.filter(|(_, weight)| *weight > 0);
            let preferred = theirs.preferred.iter().map(|term| (term, term.weight));
            let anti = theirs.preferred_anti.iter().map(|term| (term, -term.weight));
            for (term, weight) in required.chain(preferred).chain(anti) {
                if means(term, &pod.class, nodes) {
                    add(&mut sums, term, tally, nodes, weight);
                }
            }
        }
        if sums.is_untouched() {
            return Score::Skip;
        }
        let points = move |node: &NodeInfo| sums.each_at(node).sum();
        Score::Points(Box::new(points), Normalize::Stretched)
    }

    fn events(&self) -> Events {
        let pods = Events::POD_ADDED.and(Events::POD_CHANGED).and(Events::POD_DELETED);
        pods.and(Events::NODE_ADDED).and(Events::NODE_LABELS).and(Events::NAMESPACE)
    }
}

/// The domains from which pods that are there keep `pod` away.
fn refusals_of_others(pod: &PodInfo, nodes: &Snapshot) -> Sums {
    let mut sums = Sums::default();
    for tally in nodes.tallies().wishing() {
        let meant = tally.terms.required_anti.iter().filter(|term| means(term, &pod.class, nodes));
        meant.for_each(|term| add(&mut sums, term, tally, nodes, 1));
    }
    sums
}

fn add(sums: &mut Sums, term: &Term, tally: &Tally, nodes: &Snapshot, weight: i64) {
    let key = &term.topology_key;
    sums.add(key, || nodes.domains(key), &tally.on, weight);
}

fn means(term: &Term, class: &Class, nodes: &Snapshot) -> bool {
    let namespace_labels = nodes.around.namespace_labels(&class.namespace);
    term.means(&class.namespace, &class.labels, namespace_labels)
}

fn matches_all(terms: &[Term], class: &Class, nodes: &Snapshot) -> bool {
    !terms.is_empty() && terms.iter().all(|term| means(term, class, nodes))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cluster, labelled, node, points, verdicts};
    use super::*;
    use serde_json::{Value, json};

    fn term(app: &str, key: &str) -> Value {
        json!({"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key})
    }

    fn wishing(app: &str, kind: &str, terms: Value) -> PodInfo {
        let required = "requiredDuringSchedulingIgnoredDuringExecution";
        let affinity = json!({kind: {required: terms}});
        labelled(json!({"app": app}), json!({"containers": [], "affinity": affinity}))
    }

    fn plain(app: &str) -> PodInfo {
        labelled(json!({"app": app}), json!({"containers": []}))
    }

    /// `a` and `b` in one zone, `c` in another, `d` in none; `apps` are on `a`.
    fn zones(on_a: Vec<PodInfo>) -> Snapshot {
        let place = |name: &str, zone: &str| {
            node(json!({"metadata": {"name": name,
            "labels": {"zone": zone, "host": name}}}))
        };
        let nowhere = node(json!({"metadata": {"name": "d"}}));
        cluster(vec![
            (place("a", "1"), on_a),
            (place("b", "1"), vec![]),
            (place("c", "2"), vec![]),
            (nowhere, vec![]),
        ])
    }

    fn fits(pod: &PodInfo, nodes: &Snapshot) -> Vec<bool> {
        let verdicts = verdicts(&InterPodAffinity::default(), pod, nodes);
        verdicts.into_iter().map(|verdict| verdict == Verdict::Fits).collect()
    }

    #[test]
    fn together_and_apart_by_domain() {
        let with = |app, key| wishing("new", "podAffinity", json!([term(app, key)]));
        let without = |app, key| wishing("new", "podAntiAffinity", json!([term(app, key)]));
        let table = [
            (with("db", "zone"), [true, true, false, false]),
            (with("db", "host"), [true, false, false, false]),
            (with("web", "zone"), [false, false, false, false]),
            // Itself: the first of its kind.
            (with("new", "zone"), [true, true, true, false]),
            (without("db", "zone"), [false, false, true, true]),
            (without("web", "zone"), [true, true, true, true]),
        ];
        for (pod, expected) in table {
            let nodes = zones(vec![plain("db")]);
            assert_eq!(fits(&pod, &nodes), expected, "{:?}", pod.terms);
        }
    }

    #[test]
    fn those_who_are_there_have_a_say() {
        let proud = wishing("db", "podAntiAffinity", json!([term("web", "zone")]));
        let nodes = zones(vec![proud]);
        assert_eq!(fits(&plain("web"), &nodes), [false, false, true, true]);
        assert_eq!(fits(&plain("other"), &nodes), [true, true, true, true]);
    }

    #[test]
    fn preferences_add_up_in_both_directions() {
        let preferred = |kind: &str, app: &str, weight: i32| {
            let term = term(app, "zone");
            json!({"containers": [], "affinity": {kind: {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": weight, "podAffinityTerm": term}]}}})
        };
        let pod = labelled(json!({"app": "web"}), preferred("podAffinity", "db", 5));
        let there = labelled(json!({"app": "db"}), preferred("podAntiAffinity", "web", 2));
        let nodes = zones(vec![there, plain("db")]);
        assert_eq!(points(&InterPodAffinity::default(), &pod, &nodes), [8, 8, 0, 0]);
        let mut all = [8, 8, 0, -2];
        Normalize::Stretched.apply(&mut all);
        assert_eq!(all, [100, 100, 20, 0]);
    }
}
