//! `--runtime-config`: which versions of which groups are served.
//!
//! Mirrors `k8s.io/apiserver/pkg/server/resourceconfig` and `options.APIEnablementOptions`: what
//! the flag says of all versions counts least, then what it says of one, then of one resource.
//! Resources whose feature gate is off stay out, with a warning, as upstream leaves them out.

use kinds::Served;
use kinds::groups::{self, GroupPriority};
use object::GroupVersion;
use runtime::flags::{FeatureGates, boolean};
use std::collections::{BTreeSet, HashMap};

/// Whether a version is one of those that a key stands for.
type Means = fn(&str) -> bool;

/// A key that stands for many versions.
type Matcher = (&'static str, Means);

/// Later ones count more.
const MATCHERS: &[Matcher] = &[
    ("api/all", |_| true),
    ("api/ga", |version| stage(version).is_empty()),
    ("api/beta", |version| stage(version) == "beta"),
    ("api/alpha", |version| stage(version) == "alpha"),
];

/// What upstream serves when it is asked for and this server can't: group, version, resource and
/// the gate behind which it is.
const MISSING: (&str, &str, &str, &str) =
    ("certificates.k8s.io", "v1beta1", "podcertificaterequests", "PodCertificateRequest");

/// Groups of documents alone, which have no versions to switch on.
const NO_GROUPS: &[&str] = &["meta.k8s.io", "apidiscovery.k8s.io"];

/// Without one of these, the first that is said, requests can't be sorted by their importance.
const FAIRNESS: &[&str] = &["flowcontrol.apiserver.k8s.io/v1", "api/ga", "api/all"];

/// What is served by these two flags, `--runtime-config` and `--feature-gates`. `fair`: by
/// `--enable-priority-and-fairness` requests are sorted by their importance.
///
/// # Errors
/// Upstream's sentences: for a key or a value of another form, for a group or a version that
/// there is not, and where nothing at all would be served. Ours for what can't be served.
pub(crate) fn served(
    config: &[(String, String)],
    gates: &FeatureGates,
    fair: bool,
) -> Result<Served, String> {
    let config: HashMap<&str, &str> =
        config.iter().filter_map(|(key, value)| Some((known_key(key)?, value.as_str()))).collect();
    let mut errors = Vec::new();
    let said = |key: &&&str| matches!(config.get(**key), Some(&"false" | &"true"));
    if let Some(key) = FAIRNESS.iter().find(said).filter(|key| fair && config[**key] == "false") {
        errors.push(format!(
            "--runtime-config={key}=false conflicts with --enable-priority-and-fairness=true"
        ));
    }
    if config.len() == 1 && config.get("api/all") == Some(&"false") {
        errors.push("invalid runtime-config with only api/all=false".to_owned());
    }
    match errors.as_slice() {
        [] => {}
        [one] => return Err(one.clone()),
        many => return Err(format!("[{}]", many.join(", "))),
    }
    let wanted = Wanted::read(&config)?;
    let (group, version, resource, gate) = MISSING;
    let mut versions = groups::ALL.iter().filter(|at| (at.group, at.version) == (group, version));
    if gates.enabled(gate) && versions.any(|at| wanted.says(at, resource)) {
        return Err(format!(
            "{group}/{version} {resource} is not supported by this server; leave the feature gate \
             {gate} off"
        ));
    }
    Ok(Served::new(|at, kind| {
        let open = kind.gate().is_none_or(|gate| gates.enabled(gate));
        let wanted = wanted.says(at, kind.plural);
        if wanted && !open {
            let (name, gate) = (kind.kind, kind.gate().unwrap_or_default());
            tracing::warn!("{name} is not served: the feature gate {gate} is off");
        }
        wanted && open
    }))
}

/// A key as it is meant: the core group has several names, and one key means nothing any more.
fn known_key(key: &str) -> Option<&str> {
    let core = ["v1", "api/v1"].into_iter().any(|name| {
        key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    match key {
        "api/legacy" => None,
        _ if core => Some("/v1"),
        key => Some(key),
    }
}

/// What the flag says, key by key.
struct Wanted {
    many: Vec<(Means, bool)>,
    versions: HashMap<GroupVersion, bool>,
    resources: HashMap<(GroupVersion, String), bool>,
}

impl Wanted {
    fn read(config: &HashMap<&str, &str>) -> Result<Self, String> {
        let (mut many, mut versions, mut resources) = (vec![], HashMap::new(), HashMap::new());
        let mut unknown = BTreeSet::new();
        for (key, matches) in MATCHERS {
            match config.get(key) {
                None => {}
                Some(&"true") => many.push((*matches, true)),
                Some(&"false") => many.push((*matches, false)),
                Some(other) => return Err(format!("invalid value {key}={other}")),
            }
        }
        for (key, value) in config {
            if MATCHERS.iter().any(|(matcher, _)| matcher == key) {
                continue;
            }
            let words: Vec<&str> = key.split('/').collect();
            let ([group, version] | [group, version, _]) = words[..] else {
                return Err(format!("runtime-config invalid key {key}"));
            };
            let at = GroupVersion::new(group.to_owned(), version.to_owned());
            let mut registered = schema::builtin().roots().map(|(gvk, _)| gvk);
            let documents = NO_GROUPS.contains(&&*at.group);
            if documents || !registered.any(|gvk| gvk.group == at.group) {
                unknown.insert(at.to_string());
                continue;
            }
            let mut registered = schema::builtin().roots().map(|(gvk, _)| gvk);
            if !registered.any(|gvk| gvk.group == at.group && gvk.version == at.version) {
                return Err(format!("group version {at} that has not been registered"));
            }
            let on = match *value {
                "" => true,
                text => boolean(text)
                    .map_err(|why| format!("invalid value of {key}: {value}, err: {why}"))?,
            };
            match words.get(2) {
                None => drop(versions.insert(at, on)),
                Some(resource) if resource.to_lowercase() == *resource => {
                    resources.insert((at, (*resource).to_owned()), on);
                }
                Some(resource) => {
                    return Err(format!(
                        "invalid key {key}: group/version/resource and resource is always \
                         lowercase plural, not {resource:?}"
                    ));
                }
            }
        }
        if !unknown.is_empty() {
            let unknown: Vec<String> = unknown.into_iter().collect();
            return Err(format!("unknown api groups {}", unknown.join(",")));
        }
        Ok(Self { many, versions, resources })
    }

    fn says(&self, at: &GroupPriority, resource: &str) -> bool {
        let version = GroupVersion::new(at.group, at.version);
        let of_many = || {
            let said = self.many.iter().rev().find(|(matches, _)| matches(at.version));
            said.map_or(at.by_default, |(_, on)| *on)
        };
        let of_version = || self.versions.get(&version).copied().unwrap_or_else(of_many);
        let resource = (version.clone(), resource.to_owned());
        self.resources.get(&resource).copied().unwrap_or_else(of_version)
    }
}

/// `beta` for `v1beta1`, nothing for `v1`; what is no version is of no stage.
fn stage(version: &str) -> &str {
    let digits: &[char] = &['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
    let Some(rest) = version.strip_prefix('v') else { return "none" };
    rest.trim_matches(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(config: &str) -> Result<Served, String> {
        let pairs = |text: &str| {
            let pair = |word: &str| {
                let (key, value) = word.split_once('=').unwrap_or((word, ""));
                (key.to_owned(), value.to_owned())
            };
            text.split(',').filter(|word| !word.is_empty()).map(pair).collect::<Vec<_>>()
        };
        let (config, gates) = config.split_once(' ').unwrap_or((config, ""));
        let gates = crate::feature_gates::read(&pairs(gates))?;
        served(&pairs(config), &gates, config.contains("all=false"))
    }

    #[test]
    fn what_counts_more_wins() {
        let (apps, rbac, cidr, trust) = (
            ("apps", "v1", "deployments"),
            ("rbac.authorization.k8s.io", "v1beta1", "clusterroles"),
            ("networking.k8s.io", "v1beta1", "servicecidrs"),
            ("certificates.k8s.io", "v1beta1", "clustertrustbundles"),
        );
        for (config, on) in [
            ("", [true, false, false, false]),
            ("api/all=true", [true, true, true, false]),
            ("api/all=true ClusterTrustBundle=true", [true, true, true, true]),
            ("api/beta=true AllBeta=true,PodCertificateRequest=f", [true, true, true, true]),
            ("api/beta=true ClusterTrustBundle=false", [true, true, true, false]),
            (" PodCertificateRequest=true", [true, false, false, false]),
            ("api/all=false,api/beta=true,api/ga=true", [true, true, true, false]),
            ("api/ga=false,api/beta=true", [false, true, true, false]),
            ("api/ga=false,apps/v1,v1=true,api/legacy=true", [true, false, false, false]),
            ("api/ga=false", [false, false, false, false]),
            ("api/alpha=true", [true, false, false, false]),
            ("rbac.authorization.k8s.io/v1beta1=1", [true, true, false, false]),
            ("networking.k8s.io/v1beta1/ipaddresses=true", [true, false, false, false]),
            ("networking.k8s.io/v1beta1/servicecidrs=true", [true, false, true, false]),
            ("api/all=true,networking.k8s.io/v1beta1/servicecidrs=f", [true, true, false, false]),
            ("apps/v1=false,apps/v1/deployments=true", [true, false, false, false]),
            ("apps/v1beta1=true", [true, false, false, false]),
        ] {
            let served = read(config).expect(config);
            let found = [apps, rbac, cidr, trust].map(|(g, v, r)| served.find(g, v, r).is_some());
            assert_eq!(found, on, "{config}");
        }
    }

    #[test]
    fn refusals_are_upstreams() {
        for (config, why) in [
            (
                "api/all=false",
                "[--runtime-config=api/all=false conflicts with \
                 --enable-priority-and-fairness=true, invalid runtime-config with only \
                 api/all=false]",
            ),
            (
                "api/all=false,apps/v1",
                "--runtime-config=api/all=false conflicts with --enable-priority-and-fairness=true",
            ),
            ("api/all", "invalid value api/all="),
            ("v2=true", "runtime-config invalid key v2"),
            ("meta.k8s.io/v1", "unknown api groups meta.k8s.io/v1"),
            ("a/b/c/d=true", "runtime-config invalid key a/b/c/d"),
            ("apps/v9=true", "group version apps/v9 that has not been registered"),
            ("b.example/v1,a.example/v2=false", "unknown api groups a.example/v2,b.example/v1"),
            (
                "api/beta=true AllBeta=true",
                "certificates.k8s.io/v1beta1 podcertificaterequests is not supported by this \
                 server; leave the feature gate PodCertificateRequest off",
            ),
            (
                "apps/v1=maybe",
                "invalid value of apps/v1: maybe, err: strconv.ParseBool: parsing \"maybe\": \
                 invalid syntax",
            ),
            (
                "apps/v1/Deployments=true",
                "invalid key apps/v1/Deployments: group/version/resource and resource is always \
                 lowercase plural, not \"Deployments\"",
            ),
        ] {
            assert_eq!(read(config).expect_err(config), why);
        }
    }
}
