//! `--feature-gates`: which features are on. Mirrors `k8s.io/component-base/featuregate`.
//!
//! The table of gates belongs to each component; emulated versions are not here.

use std::collections::HashMap;

/// Every gate of upstream v1.36, in whichever of its programs, and of 1.23 the one that still means
/// something here.
const KNOWN: &str = include_str!("known_gates.txt");

/// Refuses a gate that upstream does not have: it is misspelt, or gone.
///
/// # Errors
/// Upstream's sentence.
pub fn refuse_unknown(given: &[(String, String)]) -> Result<(), String> {
    let known = |name: &str| {
        matches!(name, "AllAlpha" | "AllBeta") || KNOWN.lines().any(|line| line == name)
    };
    match given.iter().find(|(name, _)| !known(name)) {
        Some((name, _)) => Err(format!("--feature-gates: unrecognized feature gate: {name}")),
        None => Ok(()),
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
                Some((gate, _)) if gate.locked && gate.default != on => errors.push(format!(
                    "cannot set feature gate {name} to {on}, feature is locked to {}",
                    gate.default
                )),
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
        match errors.as_slice() {
            [] => Ok(warnings),
            [one] => Err(one.clone()),
            many => Err(format!("[{}]", many.join(", "))),
        }
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
    fn a_gate_that_upstream_does_not_have_is_refused() {
        let ask = |name: &str| refuse_unknown(&[(name.to_owned(), "true".to_owned())]);
        for name in ["AllAlpha", "DynamicResourceAllocation", "SidecarContainers"] {
            assert_eq!(ask(name), Ok(()));
        }
        let why = ask("SideCarContainers").expect_err("it is misspelt");
        assert_eq!(why, "--feature-gates: unrecognized feature gate: SideCarContainers");
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
