//! Which nodes share a value of a label: the domains that affinity and spread count in.
//!
//! A label that some pod counts by is followed from then on: each node's domain is a small number,
//! kept as nodes come, change and go.

use crate::node::NodeInfo;
use std::collections::HashMap;
use std::sync::Arc;

/// The label whose every node is a domain of its own.
pub(crate) const HOSTNAME: &str = "kubernetes.io/hostname";

/// The label of a node's zone.
pub(crate) const ZONE: &str = "topology.kubernetes.io/zone";

/// A node without the label.
const NOWHERE: u32 = u32::MAX;

/// The values of one label.
#[derive(Clone, Debug, Default)]
pub(crate) struct Domains {
    /// By the node's place in the snapshot.
    of_node: Vec<u32>,
    numbers: HashMap<String, u32>,
}

impl Domains {
    fn of(key: &str, nodes: &[Arc<NodeInfo>]) -> Self {
        let mut domains = Self::default();
        nodes.iter().enumerate().for_each(|(place, node)| domains.set(place, node.label(key)));
        domains
    }

    fn set(&mut self, place: usize, value: Option<&str>) {
        if self.of_node.len() <= place {
            self.of_node.resize(place + 1, NOWHERE);
        }
        self.of_node[place] = match value {
            None => NOWHERE,
            Some(value) => match self.numbers.get(value) {
                Some(number) => *number,
                None => {
                    let number = u32::try_from(self.numbers.len()).unwrap_or(NOWHERE);
                    self.numbers.insert(value.to_owned(), number);
                    number
                }
            },
        };
    }

    /// The domain of the node at `place`; `None` where it has no such label.
    pub(crate) fn at(&self, place: usize) -> Option<usize> {
        let number = *self.of_node.get(place)?;
        if number == NOWHERE { None } else { usize::try_from(number).ok() }
    }

    /// How many numbers are in use; a domain may have lost its last node.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }
}

/// The labels that are followed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Topology(HashMap<String, Arc<Domains>>);

impl Topology {
    /// Follows the label `key` from now on.
    pub(crate) fn follow(&mut self, key: &str, nodes: &[Arc<NodeInfo>]) {
        if !self.0.contains_key(key) {
            self.0.insert(key.to_owned(), Arc::new(Domains::of(key, nodes)));
        }
    }

    pub(crate) fn follows(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// The node at `place` is new, or its labels are.
    pub(crate) fn set_node(&mut self, place: usize, node: &NodeInfo) {
        for (key, domains) in &mut self.0 {
            Arc::make_mut(domains).set(place, node.label(key));
        }
    }

    /// The last node took the place of one that is gone.
    pub(crate) fn swap_remove(&mut self, place: usize) {
        for domains in self.0.values_mut() {
            let of_node = &mut Arc::make_mut(domains).of_node;
            if place < of_node.len() {
                of_node.swap_remove(place);
            }
        }
    }

    /// The domains of `key`, counted now where nobody followed them.
    pub(crate) fn domains(&self, key: &str, nodes: &[Arc<NodeInfo>]) -> Arc<Domains> {
        match self.0.get(key) {
            Some(domains) => domains.clone(),
            None => Arc::new(Domains::of(key, nodes)),
        }
    }
}

/// Sums by domain, for several labels.
#[derive(Debug, Default)]
pub(crate) struct Sums(Vec<(String, Arc<Domains>, Vec<i64>)>);

impl Sums {
    /// Adds `weight` for each of the pods counted in `on`, in the domains of `key`.
    pub(crate) fn add<'a>(
        &mut self,
        key: &str,
        domains: impl FnOnce() -> Arc<Domains>,
        on: impl IntoIterator<Item = (&'a usize, &'a i64)>,
        weight: i64,
    ) {
        let place = match self.0.iter().position(|(own, ..)| own == key) {
            Some(place) => place,
            None => {
                let domains = domains();
                let zeros = vec![0; domains.len()];
                self.0.push((key.to_owned(), domains, zeros));
                self.0.len() - 1
            }
        };
        let (_, domains, sums) = &mut self.0[place];
        for (node, count) in on {
            if let Some(domain) = domains.at(*node) {
                sums[domain] += count * weight;
            }
        }
    }

    /// The sum for `key` in the domain of `node`: `None` where it has no such label.
    pub(crate) fn at(&self, key: &str, node: &NodeInfo) -> Option<i64> {
        match self.0.iter().find(|(own, ..)| own == key) {
            Some((_, domains, sums)) => domains.at(node.place).map(|domain| sums[domain]),
            None => node.label(key).map(|_| 0),
        }
    }

    /// The sums of all labels in the domains of `node`.
    pub(crate) fn each_at<'a>(&'a self, node: &'a NodeInfo) -> impl Iterator<Item = i64> + 'a {
        self.0.iter().filter_map(|(_, domains, sums)| Some(sums[domains.at(node.place)?]))
    }

    /// Whether no pod was counted.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|(.., sums)| sums.iter().all(|sum| *sum == 0))
    }

    /// Whether nothing was ever asked to be counted.
    pub(crate) fn is_untouched(&self) -> bool {
        self.0.is_empty()
    }
}
