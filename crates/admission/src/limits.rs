//! Every limit of the admission plugins, with its unit.

use std::time::Duration;

/// How long a namespace that was deleted is looked up in the store itself (upstream's number).
pub const LIVE_LOOKUP: Duration = Duration::from_secs(30);

/// How many such namespaces are remembered (upstream's number).
pub const LIVE_LOOKUP_NAMESPACES: usize = 100;

/// How often a namespace's first service account is looked for, which a controller makes
/// (upstream's number).
pub const DEFAULT_ACCOUNT_ATTEMPTS: u32 = 10;

/// The pause between two of those.
pub const ACCOUNT_PAUSE: Duration = Duration::from_millis(100);

/// How often a quota is charged before the caller is told of the conflict.
pub const CHARGE_ATTEMPTS: u32 = 10;

/// How many pods of a namespace are judged when it begins to enforce a standard (upstream's
/// number).
pub const JUDGED_PODS: usize = 3000;

/// How long that may take (upstream's number).
pub const JUDGING_PODS: Duration = Duration::from_secs(1);
