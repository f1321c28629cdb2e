//! How many pods of each sort are on each node, counted up and down as pods come and go.
//!
//! Pods that no selector can tell apart are one class, with one count for each node. A cycle looks
//! at classes, never at pods. Claims in use are counted likewise.

use crate::class::Class;
use crate::pod::PodInfo;
use crate::terms::Terms;
use control::Key;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The pods of one class.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    pub(crate) class: Arc<Class>,
    pub(crate) terms: Arc<Terms>,
    /// How many there are, by the node's place in the snapshot.
    pub(crate) on: BTreeMap<usize, i64>,
}

type Shelf = HashMap<Arc<Class>, Arc<Tally>>;

/// All counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tallies {
    /// By namespace, classes without terms.
    plain: HashMap<String, Arc<Shelf>>,
    /// By namespace, classes with terms.
    wishing: HashMap<String, Arc<Shelf>>,
    /// How many pods use a claim.
    claims: Arc<HashMap<Key, u32>>,
}

impl Tallies {
    pub(crate) fn add(&mut self, pod: &PodInfo, node: usize) {
        let shelves = if pod.terms.is_empty() { &mut self.plain } else { &mut self.wishing };
        let shelf = Arc::make_mut(shelves.entry(pod.class.namespace.clone()).or_default());
        let tally = shelf.entry(pod.class.clone()).or_insert_with(|| {
            let (class, terms) = (pod.class.clone(), pod.terms.clone());
            Arc::new(Tally { class, terms, on: BTreeMap::new() })
        });
        *Arc::make_mut(tally).on.entry(node).or_default() += 1;
        if !pod.claims.is_empty() {
            let claims = Arc::make_mut(&mut self.claims);
            pod.claims.iter().for_each(|key| *claims.entry(key.clone()).or_default() += 1);
        }
    }

    pub(crate) fn remove(&mut self, pod: &PodInfo, node: usize) {
        let shelves = if pod.terms.is_empty() { &mut self.plain } else { &mut self.wishing };
        if let Some(shelf) = shelves.get_mut(&pod.class.namespace) {
            let shelf = Arc::make_mut(shelf);
            if let Some(tally) = shelf.get_mut(&pod.class) {
                let on = &mut Arc::make_mut(tally).on;
                match on.get_mut(&node) {
                    Some(count) if *count > 1 => *count -= 1,
                    _ => drop(on.remove(&node)),
                }
                if on.is_empty() {
                    shelf.remove(&pod.class);
                }
            }
            if shelf.is_empty() {
                shelves.remove(&pod.class.namespace);
            }
        }
        if !pod.claims.is_empty() {
            let claims = Arc::make_mut(&mut self.claims);
            for key in &pod.claims {
                match claims.get_mut(key) {
                    Some(count) if *count > 1 => *count -= 1,
                    _ => drop(claims.remove(key)),
                }
            }
        }
    }

    /// The node at place `from`, whose pods are counted, is at place `to` now.
    pub(crate) fn moved(&mut self, from: usize, to: usize) {
        for shelf in self.plain.values_mut().chain(self.wishing.values_mut()) {
            for tally in Arc::make_mut(shelf).values_mut() {
                if tally.on.contains_key(&from) {
                    let on = &mut Arc::make_mut(tally).on;
                    if let Some(count) = on.remove(&from) {
                        on.insert(to, count);
                    }
                }
            }
        }
    }

    /// Every class.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Tally> {
        let shelves = self.plain.values().chain(self.wishing.values());
        shelves.flat_map(|shelf| shelf.values()).map(Arc::as_ref)
    }

    /// The classes of `namespace`.
    pub(crate) fn of(&self, namespace: &str) -> impl Iterator<Item = &Tally> {
        let shelves = self.plain.get(namespace).into_iter().chain(self.wishing.get(namespace));
        shelves.flat_map(|shelf| shelf.values()).map(Arc::as_ref)
    }

    /// The classes whose pods have wishes.
    pub(crate) fn wishing(&self) -> impl Iterator<Item = &Tally> {
        self.wishing.values().flat_map(|shelf| shelf.values()).map(Arc::as_ref)
    }

    pub(crate) fn is_claim_used(&self, claim: &Key) -> bool {
        self.claims.contains_key(claim)
    }
}
