//! `--feature-gates`: which features are on. Mirrors `k8s.io/component-base/featuregate`.
//!
//! The table of gates belongs to each component; emulated versions are not here.

use std::collections::HashMap;

/// Every gate of upstream v1.36, in whichever of its programs, and of 1.23 the one that still means
/// something here. Behind the name of one that is locked stands its value.
const KNOWN: &str = include_str!("known_gates.txt");

/// Refuses a gate that upstream does not have (it is misspelt, or gone), and the other value of one
/// that is locked.
///
/// # Errors
/// Upstream's sentences.
pub fn check(given: &[(String, String)]) -> Result<(), String> {
    let mut errors = Vec::new();
    for (name, value) in given {
        let mut rows = KNOWN.lines().map(|row| row.split_once(' ').unwrap_or((row, "")));
        let Some((_, locked)) = rows.find(|(known, _)| known == name) else {
            errors.push(format!("unrecognized feature gate: {name}"));
            continue;
        };
        let on = super::value::boolean(value)
            .map_err(|why| format!("--feature-gates: invalid value of {name}={value}, err: {why}"))?
            .to_string();
        if !locked.is_empty() && on != locked {
            errors.push(is_locked(name, &on, locked));
        }
    }
    one_sentence(&errors).map_err(|why| format!("--feature-gates: {why}"))
}

fn is_locked(name: &str, asked: &str, locked: &str) -> String {
    format!("cannot set feature gate {name} to {asked}, feature is locked to {locked}")
}

fn one_sentence(errors: &[String]) -> Result<(), String> {
    match errors {
        [] => Ok(()),
        [one] => Err(one.clone()),
        many => Err(format!("[{}]", many.join(", "))),
    }
}

/// How settled a feature is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants are upstream's words")]
pub enum Stage {
    Alpha,
    Beta,
    Ga,
    Deprecated,
}

/// One row of a component's table of gates.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    /// Its name, such as `StreamingCollectionEncodingToJSON`.
    pub name: &'static str,
    /// Whether it is on when nothing is said.
    pub default: bool,
    /// How settled it is.
    pub stage: Stage,
    /// Whether its default can't be changed any more.
    pub locked: bool,
}

/// Which features are on.
#[derive(Clone, Debug)]
pub struct FeatureGates {
    gates: HashMap<&'static str, (Gate, bool)>,
}

impl FeatureGates {
    /// Each at its default.
    pub fn new(table: &[Gate]) -> Self {
        Self { gates: table.iter().map(|gate| (gate.name, (*gate, gate.default))).collect() }
    }

    /// Sets what was given: single gates, and `AllAlpha` or `AllBeta` for those not named. Gives
    /// the warnings to log.
    ///
    /// # Errors
    /// Upstream's sentence for an unknown gate, a value that is no bool, or a locked gate.
    pub fn set(&mut self, given: &[(String, String)]) -> Result<Vec<String>, String> {
        let (mut errors, mut warnings) = (Vec::new(), Vec::new());
        let mut read = Vec::new();
        for (name, value) in given {
            let on = super::value::boolean(value)
                .map_err(|why| format!("invalid value of {name}={value}, err: {why}"))?;
            read.push((name.as_str(), on));
        }
        for (special, stage) in [("AllAlpha", Stage::Alpha), ("AllBeta", Stage::Beta)] {
            let Some((_, on)) = read.iter().find(|(name, _)| *name == special) else { continue };
            for (gate, state) in self.gates.values_mut() {
                if gate.stage == stage && !gate.locked {
                    *state = *on;
                }
            }
        }
        for (name, on) in read {
            if matches!(name, "AllAlpha" | "AllBeta") {
                continue;
            }
            match self.gates.get_mut(name) {
                None => errors.push(format!("unrecognized feature gate: {name}")),
                Some((gate, _)) if gate.locked && gate.default != on => {
                    errors.push(is_locked(name, &on.to_string(), &gate.default.to_string()));
                }
                Some((gate, state)) => {
                    *state = on;
                    let word = match gate.stage {
                        Stage::Deprecated => "deprecated",
                        Stage::Ga => "GA",
                        Stage::Alpha | Stage::Beta => continue,
                    };
                    warnings.push(format!(
                        "setting {word} feature gate {name}={on}. It will be removed in a future \
                         release."
                    ));
                }
            }
        }
        one_sentence(&errors).map(|()| warnings)
    }

    /// Whether the feature is on. One that is in no table is off.
    pub fn enabled(&self, name: &str) -> bool {
        self.gates.get(name).is_some_and(|(_, on)| *on)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: [Gate; 4] = [
        Gate { name: "New", default: false, stage: Stage::Alpha, locked: false },
        Gate { name: "Soon", default: true, stage: Stage::Beta, locked: false },
        Gate { name: "Done", default: true, stage: Stage::Ga, locked: true },
        Gate { name: "Old", default: false, stage: Stage::Deprecated, locked: false },
    ];

    fn set(given: &[(&str, &str)]) -> Result<FeatureGates, String> {
        let mut gates = FeatureGates::new(&TABLE);
        let owned: Vec<_> = given.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        gates.set(&owned).map(|_| gates)
    }

    #[test]
    fn what_upstream_would_refuse_is_refused() {
        let unknown = "unrecognized feature gate: SideCarContainers";
        let to_false = "cannot set feature gate SidecarContainers to false, feature is locked to \
                        true";
        let to_true = "cannot set feature gate GitRepoVolumeDriver to true, feature is locked to \
                       false";
        let both = format!("[{to_false}, {unknown}]");
        let no_bool = "invalid value of SidecarContainers=x, err: strconv.ParseBool: parsing \
                       \"x\": invalid syntax";
        for (given, expected) in [
            ("AllAlpha=true AllBeta=false ClusterTrustBundle=true", ""),
            ("SidecarContainers=true GitRepoVolumeDriver=f LoggingBetaOptions=false", ""),
            ("SideCarContainers=true", unknown),
            ("SidecarContainers=false", to_false),
            ("SidecarContainers=0", to_false),
            ("GitRepoVolumeDriver=true", to_true),
            ("SidecarContainers=false SideCarContainers=true", &both),
            ("SidecarContainers=x", no_bool),
        ] {
            let pairs = given.split(' ').filter_map(|pair| pair.split_once('='));
            let pairs: Vec<_> = pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
            let said = check(&pairs).err().unwrap_or_default();
            assert_eq!(said.strip_prefix("--feature-gates: ").unwrap_or(""), expected, "{given}");
        }
    }

    #[test]
    fn one_by_one_and_by_stage() {
        let gates = set(&[("AllAlpha", "true"), ("Soon", "false")]).expect("all known");
        let on = ["New", "Soon", "Done", "Old", "Nope"].map(|name| gates.enabled(name));
        assert_eq!(on, [true, false, true, false, false]);
        let gates = set(&[("New", "false"), ("AllAlpha", "true")]).expect("all known");
        assert!(!gates.enabled("New"), "a gate that is named beats its stage");
    }

    #[test]
    fn refusals_are_upstreams() {
        let table: [(&[(&str, &str)], &str); 4] = [
            (&[("Nope", "true")], "unrecognized feature gate: Nope"),
            (
                &[("New", "x")],
                "invalid value of New=x, err: strconv.ParseBool: parsing \"x\": invalid syntax",
            ),
            (
                &[("Done", "false")],
                "cannot set feature gate Done to false, feature is locked to true",
            ),
            (
                &[("A", "true"), ("B", "true")],
                "[unrecognized feature gate: A, unrecognized feature gate: B]",
            ),
        ];
        for (given, why) in table {
            assert_eq!(set(given).expect_err("refused"), why);
        }
    }
}
