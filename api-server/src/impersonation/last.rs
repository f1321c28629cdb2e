//! Which mode served somebody the last time: people and programs keep to one, and it is asked first.
//!
//! A table of a fixed size. Two names that share a slot only change the order in which modes are
//! asked; that order never decides who may what.

use crate::limits::IMPERSONATORS;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU8, Ordering};

/// The last mode of each one who acted as somebody else.
#[derive(Debug)]
pub(super) struct Last {
    /// 0: none yet; else the index and one.
    slots: Box<[AtomicU8]>,
    hasher: RandomState,
}

impl Default for Last {
    fn default() -> Self {
        let slots = (0..IMPERSONATORS).map(|_| AtomicU8::new(0)).collect();
        Self { slots, hasher: RandomState::new() }
    }
}

impl Last {
    /// The index of this one's last mode.
    pub(super) fn of(&self, name: &str) -> Option<usize> {
        usize::from(self.slot(name).load(Ordering::Relaxed)).checked_sub(1)
    }

    /// Remembers it.
    pub(super) fn set(&self, name: &str, index: usize) {
        let slot = u8::try_from(index + 1).unwrap_or(0);
        self.slot(name).store(slot, Ordering::Relaxed);
    }

    fn slot(&self, name: &str) -> &AtomicU8 {
        let hash = self.hasher.hash_one(name) as usize;
        &self.slots[hash % self.slots.len()]
    }
}
