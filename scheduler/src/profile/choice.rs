//! `plugins` of a profile: what is switched on and off, at one extension point or at all of them.

use crate::plugins::Row;
use serde::Deserialize;

/// A plugin's name, and what its points count.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Named {
    name: String,
    weight: Option<i64>,
}

/// What is switched on and off at one extension point.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Set {
    #[serde(default)]
    enabled: Vec<Named>,
    #[serde(default)]
    disabled: Vec<Named>,
}

/// The same for all extension points.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Plugins {
    multi_point: Set,
    pre_enqueue: Set,
    queue_sort: Set,
    pre_filter: Set,
    filter: Set,
    post_filter: Set,
    pre_score: Set,
    score: Set,
    reserve: Set,
    permit: Set,
    pre_bind: Set,
    bind: Set,
    post_bind: Set,
}

/// What it comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Choice {
    /// Who filters, in this order.
    pub(super) filters: Vec<String>,
    /// Who scores, and what its points count.
    pub(super) scores: Vec<(String, i64)>,
    /// Whether pods are pushed out.
    pub(super) preempts: bool,
}

/// Plugins that neither filter nor score, in upstream's default order, which the engine has itself.
const BUILT_IN: [&str; 4] =
    ["SchedulingGates", "PrioritySort", "DefaultPreemption", "DefaultBinder"];

impl Set {
    fn disables(&self, name: &str) -> bool {
        self.disabled.iter().any(|own| own.name == name || own.name == "*")
    }

    fn enabled(&self, name: &str) -> Option<&Named> {
        self.enabled.iter().find(|own| own.name == name)
    }

    fn is_empty(&self) -> bool {
        self.enabled.is_empty() && self.disabled.is_empty()
    }
}

impl Plugins {
    /// What is chosen of `known`.
    ///
    /// # Errors
    /// The sentence that names what can't be followed.
    pub(super) fn of(&self, known: &[Row]) -> Result<Choice, String> {
        self.check(known)?;
        let defaults: Vec<Named> = BUILT_IN
            .iter()
            .map(|name| Named { name: (*name).to_owned(), weight: None })
            .chain(known.iter().map(|row| Named {
                name: row.plugin.name().to_owned(),
                weight: (row.weight > 0).then_some(row.weight),
            }))
            .collect();
        let everywhere = merged(&defaults, &self.multi_point);
        let at = |point: &Set| expanded(&everywhere, point);
        let names = |point: &Set| at(point).into_iter().map(|named| named.name);
        if !names(&self.queue_sort).any(|name| name == "PrioritySort") {
            return Err("no queue sort plugin is enabled".into());
        }
        if !names(&self.bind).any(|name| name == "DefaultBinder") {
            return Err("at least one bind plugin is needed".into());
        }
        let scores = at(&self.score).into_iter().map(|named| {
            let weight = named.weight.filter(|weight| *weight != 0).unwrap_or(1);
            (named.name, weight)
        });
        let has_score =
            |name: &str| known.iter().any(|row| row.plugin.name() == name && row.weight > 0);
        Ok(Choice {
            filters: names(&self.filter)
                .filter(|name| known.iter().any(|row| row.filters && row.plugin.name() == name))
                .collect(),
            scores: scores.filter(|(name, _)| has_score(name)).collect(),
            preempts: names(&self.post_filter).any(|name| name == "DefaultPreemption"),
        })
    }

    fn check(&self, known: &[Row]) -> Result<(), String> {
        let sets = [
            ("multiPoint", &self.multi_point),
            ("preEnqueue", &self.pre_enqueue),
            ("queueSort", &self.queue_sort),
            ("preFilter", &self.pre_filter),
            ("filter", &self.filter),
            ("postFilter", &self.post_filter),
            ("preScore", &self.pre_score),
            ("score", &self.score),
            ("reserve", &self.reserve),
            ("permit", &self.permit),
            ("preBind", &self.pre_bind),
            ("bind", &self.bind),
            ("postBind", &self.post_bind),
        ];
        let is_known = |name: &str| {
            BUILT_IN.contains(&name) || known.iter().any(|row| row.plugin.name() == name)
        };
        for (point, set) in sets {
            if let Some(named) = set.enabled.iter().find(|named| !is_known(&named.name)) {
                return Err(format!("plugins.{point}: plugin {:?} does not exist", named.name));
            }
            let twice = set.enabled.iter().enumerate().find(|(index, named)| {
                set.enabled[..*index].iter().any(|other| other.name == named.name)
            });
            if let Some((_, named)) = twice {
                return Err(format!("plugins.{point}: plugin {:?} already registered", named.name));
            }
            if let Some(named) =
                set.enabled.iter().find(|named| named.weight.is_some_and(|weight| weight < 0))
            {
                return Err(format!(
                    "plugins.{point}: score plugin {:?} has an invalid weight",
                    named.name
                ));
            }
        }
        // What filters and scores without its preparation does so all the same.
        for (point, set) in [
            ("preEnqueue", &self.pre_enqueue),
            ("reserve", &self.reserve),
            ("permit", &self.permit),
            ("preBind", &self.pre_bind),
            ("postBind", &self.post_bind),
        ] {
            if !set.is_empty() {
                return Err(format!(
                    "plugins.{point}: choosing plugins at this point is not built yet, use multiPoint"
                ));
            }
        }
        Ok(())
    }
}

/// The defaults with a choice laid over them: what it configures keeps its place, what it adds
/// comes last.
fn merged(defaults: &[Named], chosen: &Set) -> Vec<Named> {
    let mut all: Vec<Named> = defaults
        .iter()
        .filter(|own| !chosen.disables(&own.name))
        .map(|own| chosen.enabled(&own.name).unwrap_or(own).clone())
        .collect();
    let added: Vec<Named> = chosen
        .enabled
        .iter()
        .filter(|named| !all.iter().any(|own| own.name == named.name))
        .cloned()
        .collect();
    all.extend(added);
    all
}

/// Who acts at one extension point: what is on at all of them and configured here too, then the
/// others that are on at all of them, then what is on here alone.
fn expanded(everywhere: &[Named], point: &Set) -> Vec<Named> {
    if point.disables("*") {
        return point.enabled.clone();
    }
    let is_overridden = |named: &&Named| {
        everywhere.iter().any(|own| own.name == named.name) && !point.disables(&named.name)
    };
    let rest = everywhere
        .iter()
        .filter(|own| !point.disables(&own.name) && point.enabled(&own.name).is_none());
    let overridden = point.enabled.iter().filter(is_overridden);
    let added = point.enabled.iter().filter(|named| !is_overridden(named));
    overridden.chain(rest).chain(added).cloned().collect()
}
