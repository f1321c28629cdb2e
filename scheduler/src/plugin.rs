//! What a plugin is asked about a pod and the nodes.
//!
//! It looks at the pod once and gives back what is asked of each node. Mirrors the extension
//! points PreFilter, Filter, PreScore, Score and NormalizeScore of
//! `k8s.io/kubernetes/pkg/scheduler/framework`.

use crate::limits::SCORE_MAX;
use crate::node::NodeInfo;
use crate::pod::PodInfo;
use crate::snapshot::Snapshot;
use std::collections::BTreeSet;
use std::sync::Arc;

/// One plugin.
pub(crate) trait Plugin: Send + Sync {
    /// Upstream's name for it.
    fn name(&self) -> &'static str;

    /// Which nodes can take the pod.
    fn filter<'a>(&'a self, _pod: &'a PodInfo, _nodes: &'a Snapshot) -> Filter<'a> {
        Filter::Skip
    }

    /// The only nodes that are worth looking at, by their names; `None` where all are.
    fn only(&self, _pod: &PodInfo) -> Option<BTreeSet<String>> {
        None
    }

    /// How well each node would do.
    fn score<'a>(
        &'a self,
        _pod: &'a PodInfo,
        _nodes: &'a Snapshot,
        _feasible: Feasible<'_>,
    ) -> Score<'a> {
        Score::Skip
    }

    /// The events that may end a refusal.
    fn events(&self) -> Events {
        Events::NONE
    }
}

/// The nodes that fit, of which one is chosen.
pub(crate) type Feasible<'a> = &'a [&'a Arc<NodeInfo>];

/// A plugin's view of one pod.
pub(crate) enum Filter<'a> {
    /// It has nothing against any node.
    Skip,
    /// Nothing can be done for it on any node, for this reason.
    Refuse(String),
    /// Each node is asked.
    Check(Box<dyn Fn(&NodeInfo) -> Verdict + 'a>),
}

/// A plugin's view of one pod and one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Fits,
    /// It doesn't fit, for these reasons.
    Refused {
        reasons: Vec<String>,
        /// Whether it could fit if other pods were gone.
        resolvable: bool,
    },
}

impl Verdict {
    /// Refused whatever other pods do.
    pub(crate) fn never(reason: &str) -> Self {
        Self::Refused { reasons: vec![reason.to_owned()], resolvable: false }
    }

    /// Refused because of other pods.
    pub(crate) fn crowded(reasons: Vec<String>) -> Self {
        Self::Refused { reasons, resolvable: true }
    }
}

/// A plugin's preference.
pub(crate) enum Score<'a> {
    /// It has none.
    Skip,
    /// Each node's points, and what is made of them when all are known.
    Points(Box<dyn Fn(&NodeInfo) -> i64 + 'a>, Normalize),
}

/// From raw points to 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Normalize {
    /// They are that already.
    AsIs,
    /// The most become 100.
    ByMaximum,
    /// The most become 0, none 100.
    Reversed,
    /// The fewest become 100, and more the less; those marked [`Self::IGNORED`] become 0.
    FewestBest,
    /// The least become 0, the most 100.
    Stretched,
}

impl Normalize {
    /// The points of a node that takes no part, towards [`Self::FewestBest`].
    pub(crate) const IGNORED: i64 = -1;

    pub(crate) fn apply(self, points: &mut [i64]) {
        let most = points.iter().copied().max().unwrap_or(0);
        match self {
            Self::AsIs => {}
            Self::ByMaximum if most == 0 => {}
            Self::Reversed if most == 0 => points.fill(SCORE_MAX),
            Self::FewestBest => {
                let judged = points.iter().copied().filter(|one| *one != Self::IGNORED);
                let fewest = judged.min().unwrap_or(0);
                points.iter_mut().for_each(|one| {
                    *one = match *one {
                        Self::IGNORED => 0,
                        _ if most <= 0 => SCORE_MAX,
                        points => SCORE_MAX * (most + fewest - points) / most,
                    };
                });
            }
            Self::Stretched => {
                let least = points.iter().copied().min().unwrap_or(0);
                let width = (most - least).max(1) as f64;
                for one in points {
                    *one = (SCORE_MAX as f64 * ((*one - least) as f64 / width)) as i64;
                }
            }
            Self::ByMaximum => points.iter_mut().for_each(|one| *one = SCORE_MAX * *one / most),
            Self::Reversed => {
                points.iter_mut().for_each(|one| *one = SCORE_MAX - SCORE_MAX * *one / most);
            }
        }
    }
}

/// A set of kinds of events in the cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Events(u32);

impl Events {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const NODE_ADDED: Self = Self(1);
    pub(crate) const NODE_RESOURCES: Self = Self(1 << 1);
    pub(crate) const NODE_LABELS: Self = Self(1 << 2);
    pub(crate) const NODE_TAINTS: Self = Self(1 << 3);
    pub(crate) const POD_ADDED: Self = Self(1 << 4);
    pub(crate) const POD_CHANGED: Self = Self(1 << 5);
    pub(crate) const POD_DELETED: Self = Self(1 << 6);
    pub(crate) const NODE_DELETED: Self = Self(1 << 7);
    pub(crate) const NAMESPACE: Self = Self(1 << 8);
    pub(crate) const CLAIM: Self = Self(1 << 9);
    pub(crate) const VOLUME: Self = Self(1 << 10);
    pub(crate) const STORAGE_CLASS: Self = Self(1 << 11);
    pub(crate) const CSI_NODE: Self = Self(1 << 12);

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }
}
