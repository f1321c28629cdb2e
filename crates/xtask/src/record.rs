//! `cargo xtask record`: asks upstream and writes its answers into `tests/golden`, where a test
//! compares ours to them.

pub mod defaults;
pub mod patch;
pub mod pod_security;
mod skeleton;
