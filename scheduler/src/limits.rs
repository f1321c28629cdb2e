//! The bounds of this crate, each with its unit.

use std::time::Duration;

/// How long a pod that can't be placed waits for an event before it is tried again anyway.
pub(crate) const UNSCHEDULABLE_MAX: Duration = Duration::from_secs(5 * 60);

/// Nodes that are always looked at, however many there are.
pub(crate) const FEASIBLE_NODES_MIN: usize = 100;

/// The smallest share of nodes that is looked at, in percent.
pub(crate) const FEASIBLE_PERCENT_MIN: usize = 5;

/// The highest score that a plugin gives a node.
pub(crate) const SCORE_MAX: i64 = 100;

/// Bindings that may be under way at once.
pub(crate) const BINDINGS_MAX: usize = 256;

/// The longest message of an event, in bytes.
pub(crate) const EVENT_NOTE_BYTES_MAX: usize = 1024;

/// Nodes on which a preemption is tried at least, where there are that many.
pub(crate) const CANDIDATES_MIN: usize = 100;

/// The share of promising nodes on which a preemption is tried at least, in percent.
pub(crate) const CANDIDATES_PERCENT: usize = 10;

/// How long a pod waits for its volumes before it is tried anew.
pub(crate) const VOLUMES_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// Between two looks whether a pod's volumes are there.
pub(crate) const VOLUMES_POLL: Duration = Duration::from_millis(100);
