//! Every bound of this crate, each with its unit.

use std::time::Duration;

/// The largest value, in bytes: etcd's default `--max-request-bytes`, which upstream relies on.
pub const VALUE_BYTES: usize = 1_572_864;

/// How many revisions a watch takes from the history at once.
pub const WATCH_CHANGES_PER_READ: usize = 256;

/// How many bytes of old versions stay in memory before the oldest are forgotten unasked.
pub const HISTORY_BYTES: usize = 256 << 20;

/// How many changes the history holds before the oldest are forgotten unasked.
pub const HISTORY_CHANGES: usize = 1_000_000;

/// How many expired values one sweep removes.
pub const EXPIRED_PER_SWEEP: usize = 500;

/// How often expired values are looked for while there are any that will expire.
pub const SWEEP_INTERVAL: Duration = Duration::from_millis(500);

/// How many writes share one sync of the disk.
pub const GROUP_WRITES: usize = 512;

/// How many bytes of values share one sync of the disk.
pub const GROUP_BYTES: usize = 8 << 20;

/// How many writes wait for the disk before more of them have to wait to be queued.
pub const QUEUED_WRITES: usize = 4096;

/// How many bytes of the disk's blocks are cached; they are read at start only.
pub const DISK_CACHE_BYTES: u64 = 4 << 20;

/// How many bytes of changes are gathered in memory before they become a sorted file.
pub const MEMTABLE_BYTES: u64 = 8 << 20;

/// How many bytes the disk's journals may have before what they hold has to be in sorted files.
pub const JOURNAL_BYTES: u64 = 64 << 20;
