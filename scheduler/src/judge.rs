//! What the filters of all plugins say about one pod, node by node.

use crate::node::NodeInfo;
use crate::plugin::{Filter, Verdict};
use crate::plugins::Row;
use crate::pod::PodInfo;
use crate::snapshot::Snapshot;
use std::collections::BTreeSet;
use std::sync::Arc;

type Check<'a> = Box<dyn Fn(&NodeInfo) -> Verdict + 'a>;

/// The filters that have something to say about a pod.
pub(crate) struct Judge<'a> {
    pod: &'a PodInfo,
    nodes: &'a Snapshot,
    rows: &'a [Row],
    checks: Vec<(&'a Row, Check<'a>)>,
    /// Who says that only these nodes are worth looking at.
    pub(crate) only: Option<(&'a Row, BTreeSet<String>)>,
}

/// One filter's refusal.
pub(crate) struct Refused<'a> {
    pub(crate) row: &'a Row,
    pub(crate) reasons: Vec<String>,
    /// Whether it could fit if other pods were gone.
    pub(crate) resolvable: bool,
}

impl<'a> Judge<'a> {
    /// Asks each plugin about `pod`.
    ///
    /// # Errors
    /// One of them has a reason against every node.
    pub(crate) fn new(
        pod: &'a PodInfo,
        nodes: &'a Snapshot,
        rows: &'a [Row],
    ) -> Result<Self, (&'a Row, String)> {
        let mut judge = Self { pod, nodes, rows, checks: Vec::new(), only: None };
        for row in rows.iter().filter(|row| row.filters) {
            match row.plugin.filter(pod, nodes) {
                Filter::Skip => {}
                Filter::Refuse(reason) => return Err((row, reason)),
                Filter::Check(check) => judge.checks.push((row, check)),
            }
            if let Some(names) = row.plugin.only(pod) {
                judge.only = Some((row, names));
            }
        }
        Ok(judge)
    }

    /// What is against `node`; `None` where it fits. Pods for which room was made there, and which
    /// are no less important, count as if they were there; and the pod must fit without them too,
    /// since they may never come.
    pub(crate) fn refusal(&self, node: &NodeInfo) -> Option<Refused<'a>> {
        let others = self.nodes.nominated.get(&node.name).into_iter().flatten();
        let others: Vec<&Arc<PodInfo>> = others
            .filter(|other| other.priority >= self.pod.priority && other.uid != self.pod.uid)
            .collect();
        if !others.is_empty()
            && let Some(refused) = self.refusal_beside(node, &others)
        {
            return Some(refused);
        }
        self.checks.iter().find_map(|(row, check)| match check(node) {
            Verdict::Fits => None,
            Verdict::Refused { reasons, resolvable } => Some(Refused { row, reasons, resolvable }),
        })
    }

    fn refusal_beside(&self, node: &NodeInfo, others: &[&Arc<PodInfo>]) -> Option<Refused<'a>> {
        let mut what_if = self.nodes.clone();
        for other in others {
            what_if.add_pod((*other).clone(), &node.name);
        }
        what_if.nominated = Arc::default();
        let node = what_if.node(&node.name)?;
        let judge = match Judge::new(self.pod, &what_if, self.rows) {
            Ok(judge) => judge,
            Err((row, reason)) => {
                let row = self.rows.iter().find(|own| own.plugin.name() == row.plugin.name())?;
                return Some(Refused { row, reasons: vec![reason], resolvable: false });
            }
        };
        let Refused { row, reasons, resolvable } = judge.refusal(node)?;
        let row = self.rows.iter().find(|own| own.plugin.name() == row.plugin.name())?;
        Some(Refused { row, reasons, resolvable })
    }
}
