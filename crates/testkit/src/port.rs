//! Ports for programs that have to be told theirs before they start.
//!
//! The ports that a system gives out for port 0 it gives to every outgoing connection too: such a
//! one may be gone again before a program has started, or while it is down between two starts. So
//! these come from below that range (and that of NodePorts), each once in a process, beginning
//! where other processes rarely do.

use anyhow::{Result, bail};
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The first port, and how many there are.
const FIRST: u16 = 20_000;
const COUNT: u16 = 10_000;

/// Counts on from a place of chance, and round.
static TAKEN: LazyLock<AtomicU32> =
    LazyLock::new(|| AtomicU32::new(RandomState::new().hash_one(FIRST) as u32));

/// A port on which nobody listens, and that this process gets only once.
///
/// # Errors
/// Where somebody listens on every one.
pub fn free_port() -> Result<u16> {
    for _ in 0..COUNT {
        let port = number(TAKEN.fetch_add(1, Ordering::Relaxed));
        if TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port from {FIRST} on is free");
}

fn number(taken: u32) -> u16 {
    FIRST + (taken % u32::from(COUNT)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ports_are_given_once_and_lie_below_the_systems_own() {
        let given: HashSet<u16> = (0..50).map(|_| free_port().expect("a port")).collect();
        assert_eq!(given.len(), 50);
        assert!(given.iter().all(|port| (FIRST..FIRST + COUNT).contains(port)));
    }

    #[test]
    fn a_port_with_a_listener_is_not_given() {
        let next = number(TAKEN.load(Ordering::Relaxed));
        // Held by another test, another process or this one: in each case somebody listens.
        let _held = TcpListener::bind((Ipv4Addr::LOCALHOST, next));
        assert_ne!(free_port().expect("a port"), next);
    }
}
