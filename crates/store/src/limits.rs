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

/// The port of an etcd address without one.
pub const ETCD_PORT: u16 = 2379;

/// How long a connection to a member may take, TLS included.
pub const ETCD_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a call may take, all attempts included.
pub const ETCD_CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a member has to say how it is.
pub const ETCD_STATUS_TIMEOUT: Duration = Duration::from_secs(5);

/// How often a call goes round all members that can't be reached.
pub const ETCD_ROUNDS_PER_CALL: usize = 5;

/// How long a call waits before it goes round again.
pub const ETCD_ROUND_PAUSE: Duration = Duration::from_millis(200);

/// How often an idle connection with a call on it is probed: upstream's.
pub const ETCD_KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);

/// How long a probe waits for its answer: upstream's.
pub const ETCD_KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// How many bytes a member may send ahead on a connection.
pub const ETCD_WINDOW_BYTES: u32 = 8 << 20;

/// The largest answer, in bytes: upstream's, and all that gRPC allows.
pub const ETCD_ANSWER_BYTES: usize = i32::MAX as usize;

/// The first pause of a watch that has lost its connection.
pub const ETCD_SHORTEST_PAUSE: Duration = Duration::from_millis(50);

/// The longest pause of a watch that has lost its connection.
pub const ETCD_LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How many values share a lease at most: upstream's `--lease-max-object-count`.
pub const VALUES_PER_LEASE: usize = 1000;

/// How much longer than asked a value may live at most: upstream's
/// `--lease-reuse-duration-seconds`.
pub const LEASE_GRACE: Duration = Duration::from_secs(60);

/// How often an API server takes its turn at compaction: upstream's
/// `--etcd-compaction-interval`.
pub const COMPACTION_INTERVAL: Duration = Duration::from_secs(300);
