//! `--feature-gates`: those that mean something to this server, each at upstream's default.
//!
//! Mirrors `k8s.io/apiserver/pkg/features` and `k8s.io/kubernetes/pkg/features`. Gates of upstream
//! that are not in the table are taken and change nothing.

use runtime::flags::FeatureGates;
use runtime::flags::feature_gates::{Gate, Stage};

/// Whether acting as somebody else has modes with rights of their own.
pub(crate) const CONSTRAINED_IMPERSONATION: &str = "ConstrainedImpersonation";

const TABLE: &[Gate] = &[
    off("ClusterTrustBundle", Stage::Beta),
    on(CONSTRAINED_IMPERSONATION, Stage::Beta),
    off("GenericWorkload", Stage::Alpha),
    off("PodCertificateRequest", Stage::Beta),
    off("StorageVersionMigrator", Stage::Beta),
];

const fn off(name: &'static str, stage: Stage) -> Gate {
    Gate { name, default: false, stage, locked: false }
}

const fn on(name: &'static str, stage: Stage) -> Gate {
    Gate { name, default: true, stage, locked: false }
}

/// The gates as the flag sets them.
///
/// # Errors
/// Upstream's sentence for a value that is no bool.
pub(crate) fn read(given: &[(String, String)]) -> Result<FeatureGates, String> {
    let ours = |name: &str| {
        matches!(name, "AllAlpha" | "AllBeta") || TABLE.iter().any(|gate| gate.name == name)
    };
    let given: Vec<_> = given.iter().filter(|(name, _)| ours(name)).cloned().collect();
    let mut gates = FeatureGates::new(TABLE);
    gates.set(&given).map(|_| gates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impersonation_is_constrained_unless_told_otherwise() {
        for (given, on) in [
            ("", true),
            ("ConstrainedImpersonation=false", false),
            ("AllBeta=false", false),
            ("AllBeta=false,ConstrainedImpersonation=true", true),
            ("AllAlpha=false,InPlacePodVerticalScaling=false", true),
        ] {
            let pairs = given.split(',').filter_map(|word| word.split_once('='));
            let pairs: Vec<_> = pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
            let gates = read(&pairs).expect(given);
            assert_eq!(gates.enabled(CONSTRAINED_IMPERSONATION), on, "{given}");
        }
    }
}
