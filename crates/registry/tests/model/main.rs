//! The heart held against a model: registry, cache and store together, with faults between them.
//!
//! The model is the store's own history, read from its beginning: what a list or a watch says is
//! right when it follows from that. Chance comes from a seed that a failing test prints; run it
//! again with `ORLOP_SEED=<seed>`. tokio's time is paused, so that no test waits.

#![allow(clippy::unwrap_used, reason = "a test")]

extern crate orlop_registry as registry;

mod deletes;
mod dice;
mod etcd;
mod faults;
mod house;
mod lists;
mod truth;
mod unreadable;
mod watches;
mod writes;
