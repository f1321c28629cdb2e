//! `pluginConfig` of a profile: the arguments of plugins, by the plugin's name.
//!
//! Mirrors `types_pluginargs.go` of `k8s.io/kube-scheduler/config/v1` and what
//! `apis/config/validation` makes of it.

use crate::limits::{CANDIDATES_MIN, CANDIDATES_PERCENT, VOLUMES_TIMEOUT};
use k8s_openapi::api::core::v1::{NodeAffinity, TopologySpreadConstraint};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// One entry.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PluginArgs {
    name: String,
    #[serde(default)]
    args: Value,
}

/// All of them, with defaults.
#[derive(Clone, Debug)]
pub(crate) struct Args {
    pub(crate) candidates: Candidates,
    pub(crate) volumes_timeout: Duration,
    pub(crate) fit: FitArgs,
    pub(crate) balanced_resources: Vec<String>,
    pub(crate) hard_pod_affinity_weight: i64,
    pub(crate) ignores_preferred_terms: bool,
    pub(crate) added_affinity: NodeAffinity,
    /// `None`: those of the system.
    pub(crate) spread: Option<Vec<TopologySpreadConstraint>>,
}

/// How many nodes a preemption is tried on at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidates {
    pub(crate) percent: usize,
    pub(crate) min: usize,
}

impl Default for Candidates {
    fn default() -> Self {
        Self { percent: CANDIDATES_PERCENT, min: CANDIDATES_MIN }
    }
}

/// Those of NodeResourcesFit.
#[derive(Clone, Debug, Default)]
pub(crate) struct FitArgs {
    pub(crate) ignored: Vec<String>,
    pub(crate) ignored_groups: Vec<String>,
    pub(crate) scoring: Scoring,
    /// The resources that are scored, and what each counts.
    pub(crate) resources: Vec<(String, i64)>,
}

/// How full a node should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Scoring {
    /// The emptier, the better.
    #[default]
    LeastAllocated,
    /// The fuller, the better.
    MostAllocated,
    /// As a line says that is bent at these points.
    RequestedToCapacityRatio(Vec<Shape>),
}

/// A point of the line: so many percent in use are worth so many of ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Shape {
    #[serde(default)]
    pub(crate) utilization: i64,
    #[serde(default)]
    pub(crate) score: i64,
}

const SHAPE_SCORE_MAX: i64 = 10;

impl Default for Args {
    fn default() -> Self {
        let both = || ["cpu", "memory"].map(str::to_owned);
        Self {
            candidates: Candidates::default(),
            volumes_timeout: VOLUMES_TIMEOUT,
            fit: FitArgs { resources: both().map(|name| (name, 1)).to_vec(), ..FitArgs::default() },
            balanced_resources: both().to_vec(),
            hard_pod_affinity_weight: 1,
            ignores_preferred_terms: false,
            added_affinity: NodeAffinity::default(),
            spread: None,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct PreemptionFile {
    min_candidate_nodes_percentage: Option<usize>,
    min_candidate_nodes_absolute: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct AffinityFile {
    hard_pod_affinity_weight: Option<i64>,
    ignore_preferred_terms_of_existing_pods: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct NodeAffinityFile {
    added_affinity: Option<NodeAffinity>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct SpreadFile {
    default_constraints: Vec<TopologySpreadConstraint>,
    defaulting_type: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct VolumeFile {
    bind_timeout_seconds: Option<u64>,
    shape: Value,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct FitFile {
    ignored_resources: Vec<String>,
    ignored_resource_groups: Vec<String>,
    scoring_strategy: StrategyFile,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct StrategyFile {
    #[serde(rename = "type")]
    kind: String,
    resources: Vec<Resource>,
    requested_to_capacity_ratio: ShapeFile,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct ShapeFile {
    shape: Vec<Shape>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Resource {
    name: String,
    weight: i64,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct BalancedFile {
    resources: Vec<Resource>,
}

impl Args {
    /// What the entries of a profile say.
    ///
    /// # Errors
    /// The sentence that names the entry, and what is wrong with it.
    pub(crate) fn read(entries: &[PluginArgs]) -> Result<Self, String> {
        let mut args = Self::default();
        for (index, entry) in entries.iter().enumerate() {
            if entries[..index].iter().any(|other| other.name == entry.name) {
                return Err(format!("pluginConfig[{index}]: Duplicate value: {:?}", entry.name));
            }
            let at = |why: String| format!("pluginConfig[{index}].args: {why}");
            args.take(&entry.name, &entry.args).map_err(at)?;
        }
        Ok(args)
    }

    fn take(&mut self, name: &str, given: &Value) -> Result<(), String> {
        match name {
            "DefaultPreemption" => {
                let file: PreemptionFile = parse(name, given)?;
                let percent = file.min_candidate_nodes_percentage;
                let min = file.min_candidate_nodes_absolute;
                in_range("minCandidateNodesPercentage", percent.unwrap_or(0), 100)?;
                self.candidates.percent = percent.unwrap_or(self.candidates.percent);
                self.candidates.min = min.unwrap_or(self.candidates.min);
                if self.candidates.percent == 0 && self.candidates.min == 0 {
                    return Err(
                        "minCandidateNodesPercentage and minCandidateNodesAbsolute cannot \
                                both be zero"
                            .into(),
                    );
                }
            }
            "InterPodAffinity" => {
                let file: AffinityFile = parse(name, given)?;
                let weight = file.hard_pod_affinity_weight.unwrap_or(1);
                in_range("hardPodAffinityWeight", weight, 100)?;
                self.hard_pod_affinity_weight = weight;
                self.ignores_preferred_terms = file.ignore_preferred_terms_of_existing_pods;
            }
            "NodeAffinity" => {
                let file: NodeAffinityFile = parse(name, given)?;
                self.added_affinity = file.added_affinity.unwrap_or_default();
            }
            "NodeResourcesBalancedAllocation" => {
                let file: BalancedFile = parse(name, given)?;
                if let Some(heavy) = file.resources.iter().find(|one| !matches!(one.weight, 0 | 1))
                {
                    return Err(format!(
                        "resources: Invalid value: {}: resource weight of {:?} must be 1",
                        heavy.weight, heavy.name
                    ));
                }
                if !file.resources.is_empty() {
                    self.balanced_resources =
                        file.resources.into_iter().map(|one| one.name).collect();
                }
            }
            "NodeResourcesFit" => self.fit = fit(parse(name, given)?)?,
            "PodTopologySpread" => self.spread = spread(parse(name, given)?)?,
            "VolumeBinding" => {
                let file: VolumeFile = parse(name, given)?;
                if !file.shape.is_null() {
                    return Err("shape: Invalid value: unsupported when feature \
                                StorageCapacityScoring is disabled"
                        .into());
                }
                if let Some(seconds) = file.bind_timeout_seconds {
                    self.volumes_timeout = Duration::from_secs(seconds);
                }
            }
            other => return Err(format!("plugin {other:?} takes no arguments here")),
        }
        Ok(())
    }
}

/// Reads the arguments of the plugin `name`, which may say their own kind.
fn parse<T: DeserializeOwned + Default>(name: &str, given: &Value) -> Result<T, String> {
    let mut given = given.clone();
    let Some(fields) = given.as_object_mut() else { return Ok(T::default()) };
    fields.remove("apiVersion");
    let kind = format!("{name}Args");
    if let Some(said) = fields.remove("kind").filter(|said| *said != kind) {
        return Err(format!("decoding args for plugin {name}: kind {said} is not {kind:?}"));
    }
    serde_json::from_value(given)
        .map_err(|error| format!("decoding args for plugin {name}: {error}"))
}

fn in_range<N: PartialOrd + Copy + std::fmt::Display + From<u8>>(
    field: &str,
    number: N,
    most: u8,
) -> Result<(), String> {
    if number < N::from(0) || number > N::from(most) {
        return Err(format!("{field}: Invalid value: {number}: not in valid range [0-{most}]"));
    }
    Ok(())
}

fn fit(file: FitFile) -> Result<FitArgs, String> {
    let strategy = file.scoring_strategy;
    let scoring = match strategy.kind.as_str() {
        "" | "LeastAllocated" => Scoring::LeastAllocated,
        "MostAllocated" => Scoring::MostAllocated,
        "RequestedToCapacityRatio" => {
            let shape = strategy.requested_to_capacity_ratio.shape;
            if shape.is_empty() {
                return Err("scoringStrategy.requestedToCapacityRatio.shape: Required value: at \
                            least one point must be specified"
                    .into());
            }
            if shape.windows(2).any(|pair| pair[0].utilization >= pair[1].utilization) {
                return Err("scoringStrategy.requestedToCapacityRatio.shape: Invalid value: \
                            utilization values must be sorted in increasing order"
                    .into());
            }
            for point in &shape {
                in_range("shape.utilization", point.utilization, 100)?;
                if !(0..=SHAPE_SCORE_MAX).contains(&point.score) {
                    let why = format!("not in valid range [0-{SHAPE_SCORE_MAX}]");
                    return Err(format!("shape.score: Invalid value: {}: {why}", point.score));
                }
            }
            Scoring::RequestedToCapacityRatio(shape)
        }
        other => {
            return Err(format!(
                "scoringStrategy.type: Unsupported value: {other:?}: supported values: \
                 \"LeastAllocated\", \"MostAllocated\", \"RequestedToCapacityRatio\""
            ));
        }
    };
    let mut resources: Vec<(String, i64)> =
        strategy.resources.into_iter().map(|one| (one.name, one.weight.max(1))).collect();
    if resources.is_empty() {
        resources = Args::default().fit.resources;
    }
    if let Some((name, weight)) = resources.iter().find(|(_, weight)| *weight > 100) {
        return Err(format!(
            "scoringStrategy.resources: Invalid value: {weight}: resource weight of {name} not in \
             valid range [1-100]"
        ));
    }
    let (ignored, ignored_groups) = (file.ignored_resources, file.ignored_resource_groups);
    Ok(FitArgs { ignored, ignored_groups, scoring, resources })
}

fn spread(file: SpreadFile) -> Result<Option<Vec<TopologySpreadConstraint>>, String> {
    match file.defaulting_type.as_str() {
        "" | "System" if file.default_constraints.is_empty() => Ok(None),
        "" | "System" => {
            Err("defaultingType: Invalid value: \"System\": when .defaultConstraints \
                              are not empty"
                .into())
        }
        "List" => match file.default_constraints.iter().any(|one| one.label_selector.is_some()) {
            true => Err("defaultConstraints.labelSelector: Forbidden: constraint must not define \
                         a selector, as they deduced for each pod"
                .into()),
            false => Ok(Some(file.default_constraints)),
        },
        other => Err(format!(
            "defaultingType: Unsupported value: {other:?}: supported values: \"List\", \"System\""
        )),
    }
}
