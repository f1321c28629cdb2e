//! Chance from a seed.

use std::sync::Mutex;

/// A small generator of numbers, the same for each seed.
#[derive(Debug)]
pub(crate) struct Dice(Mutex<u64>);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1))
    }

    /// A number below `end`.
    pub(crate) fn below(&self, end: u64) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (*state >> 33) % end
    }

    /// True so many times in a thousand.
    pub(crate) fn chance(&self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }
}

/// The seeds of a test: the one that was asked for, or the first few.
pub(crate) fn seeds(count: u64) -> Vec<u64> {
    let seeds = match std::env::var("ORLOP_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (1..=count).collect(),
    };
    eprintln!("seeds: {seeds:?}");
    seeds
}
