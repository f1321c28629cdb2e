//! Whether the cluster lets containers be privileged at all: `--allow-privileged`.
//!
//! One setting for the whole process, as it is upstream, since the rules of every kind that holds
//! pods ask for it. Mirrors `pkg/capabilities`.

use std::sync::OnceLock;

static ALLOWED: OnceLock<bool> = OnceLock::new();

/// Says it for this process; the first who does decides. Unsaid, they may be.
pub fn allow_privileged(allowed: bool) {
    let _ = ALLOWED.set(allowed);
}

pub(crate) fn is_allowed() -> bool {
    *ALLOWED.get().unwrap_or(&true)
}
