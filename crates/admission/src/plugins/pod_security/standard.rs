//! The Pod Security Standards: levels, versions, and what a namespace's labels ask for.
//!
//! Mirrors `k8s.io/pod-security-admission/api`.

use object::{FieldErrors, FieldPath, Value};
use std::fmt;

/// How much pods may do, the least strict first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Privileged,
    Baseline,
    Restricted,
}

/// As of which minor version of Kubernetes v1 a level is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    Minor(u64),
    Latest,
}

/// A level of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standard {
    pub(super) level: Level,
    pub(super) version: Version,
}

/// What is refused, what is audited, and what is warned of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) enforce: Standard,
    pub(super) audit: Standard,
    pub(super) warn: Standard,
}

const LEVELS: [(&str, Level); 3] = [
    ("privileged", Level::Privileged),
    ("baseline", Level::Baseline),
    ("restricted", Level::Restricted),
];

/// Why a text is no level.
pub(super) const NO_LEVEL: &str = "must be one of privileged, baseline, restricted";

/// Why a text is no version.
pub(super) const NO_VERSION: &str = "must be \"latest\" or \"v1.x\"";

impl Level {
    pub(super) fn parse(text: &str) -> Option<Self> {
        LEVELS.iter().find(|(name, _)| *name == text).map(|(_, level)| *level)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = LEVELS.iter().find(|(_, level)| level == self).map(|(name, _)| *name);
        f.write_str(name.expect("the table has every level"))
    }
}

impl Version {
    /// `latest`, or `v1.x` without leading zeros.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "latest" {
            return Some(Self::Latest);
        }
        let minor = text.strip_prefix("v1.")?;
        let digits = minor.bytes().all(|byte| byte.is_ascii_digit());
        let plain = digits && (minor.len() == 1 || !minor.starts_with('0'));
        let minor: i64 = minor.parse().ok().filter(|_| plain)?;
        Some(Self::Minor(minor.unsigned_abs()))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minor(minor) => write!(f, "v1.{minor}"),
            Self::Latest => f.write_str("latest"),
        }
    }
}

impl Standard {
    pub(super) const PRIVILEGED: Self = Self { level: Level::Privileged, version: Version::Latest };

    /// Whether both ask the same of every pod.
    fn asks_as(self, other: Self) -> bool {
        let open = self.level == Level::Privileged && other.level == Level::Privileged;
        open || self == other
    }
}

impl fmt::Display for Standard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.level, self.version)
    }
}

/// The three modes' labels: for each the level's and the version's.
pub(super) const LABELS: [(&str, &str); 3] = [
    ("pod-security.kubernetes.io/enforce", "pod-security.kubernetes.io/enforce-version"),
    ("pod-security.kubernetes.io/audit", "pod-security.kubernetes.io/audit-version"),
    ("pod-security.kubernetes.io/warn", "pod-security.kubernetes.io/warn-version"),
];

impl Policy {
    pub(super) const PRIVILEGED: Self = Self {
        enforce: Standard::PRIVILEGED,
        audit: Standard::PRIVILEGED,
        warn: Standard::PRIVILEGED,
    };

    /// The three modes, in the order of [`LABELS`].
    pub(super) fn modes(&self) -> [Standard; 3] {
        [self.enforce, self.audit, self.warn]
    }

    /// Whether no pod violates it.
    pub(super) fn is_privileged(&self) -> bool {
        self.modes().iter().all(|mode| mode.level == Level::Privileged)
    }

    /// Whether both ask the same of every pod.
    pub(super) fn asks_as(&self, other: &Self) -> bool {
        self.modes().into_iter().zip(other.modes()).all(|(one, two)| one.asks_as(two))
    }

    /// What a namespace asks for by its labels, the rest by default. Labels that can't be read are
    /// reported, and taken as the strictest to be enforced, and as nothing to be warned of.
    pub(super) fn of_labels(labels: &Value, default: &Self) -> (Self, FieldErrors) {
        let mut errors = FieldErrors::new();
        let mut modes = default.modes();
        for (index, (level, version)) in LABELS.into_iter().enumerate() {
            let mode = &mut modes[index];
            if let Some(text) = labels[level].as_str() {
                let otherwise = if index == 0 { Level::Restricted } else { Level::Privileged };
                mode.level = Level::parse(text).unwrap_or_else(|| {
                    errors.invalid(at(level).as_ref(), text, NO_LEVEL);
                    otherwise
                });
            }
            if let Some(text) = labels[version].as_str() {
                mode.version = Version::parse(text).unwrap_or_else(|| {
                    errors.invalid(at(version).as_ref(), text, NO_VERSION);
                    Version::Latest
                });
            }
        }
        let [enforce, audit, mut warn] = modes;
        // Who is refused pods would rather be warned when making what makes them.
        let (level, version) = LABELS[2];
        let meant = labels[LABELS[0].0].as_str().is_some_and(|text| Level::parse(text).is_some());
        if labels[level].is_null() && meant && enforce.level > warn.level {
            warn.level = enforce.level;
            if labels[version].is_null() {
                warn.version = enforce.version;
            }
        }
        (Self { enforce, audit, warn }, errors)
    }
}

fn at(label: &str) -> String {
    FieldPath::new("metadata").child("labels").key(label).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::json;

    #[test]
    fn versions_are_read_strictly() {
        for (text, read) in [
            ("latest", Some(Version::Latest)),
            ("v1.0", Some(Version::Minor(0))),
            ("v1.36", Some(Version::Minor(36))),
            ("v1.9223372036854775807", Some(Version::Minor(9_223_372_036_854_775_807))),
            ("v1.9223372036854775808", None),
            ("v1.", None),
            ("v1.01", None),
            ("v1.+1", None),
            ("v2.0", None),
            ("1.2", None),
            ("", None),
        ] {
            assert_eq!(Version::parse(text), read, "{text}");
            assert!(read.is_none_or(|read| read.to_string() == text), "{text}");
        }
    }

    /// Namespace labels without their prefix, the three modes, and the labels in error.
    #[test]
    fn labels_ask_for_a_policy() {
        for (labels, modes, wrong) in [
            (json!({}), "privileged:latest privileged:latest privileged:latest", ""),
            (
                json!({"enforce": "baseline", "enforce-version": "v1.8"}),
                "baseline:v1.8 privileged:latest baseline:v1.8",
                "",
            ),
            (
                json!({"enforce": "baseline", "enforce-version": "v1.8", "warn-version": "v1.9"}),
                "baseline:v1.8 privileged:latest baseline:v1.9",
                "",
            ),
            (
                json!({"enforce": "restricted", "warn": "privileged"}),
                "restricted:latest privileged:latest privileged:latest",
                "",
            ),
            (
                json!({"enforce": "Baseline", "audit": "", "warn": "no", "warn-version": "1"}),
                "restricted:latest privileged:latest privileged:latest",
                "enforce audit warn warn-version",
            ),
        ] {
            let named =
                labels.as_object().expect("labels").iter().map(|(name, value)| {
                    (format!("pod-security.kubernetes.io/{name}"), value.clone())
                });
            let full = Value::Object(named.collect());
            let (policy, errors) = Policy::of_labels(&full, &Policy::PRIVILEGED);
            let read = policy.modes().map(|mode| mode.to_string()).join(" ");
            assert_eq!(read, modes, "{labels}");
            let text = errors.to_string();
            for name in ["enforce", "enforce-version", "audit", "warn", "warn-version"] {
                let told = text.contains(&format!("[pod-security.kubernetes.io/{name}]"));
                assert_eq!(told, wrong.split(' ').any(|one| one == name), "{labels} {name}");
            }
        }
    }
}
