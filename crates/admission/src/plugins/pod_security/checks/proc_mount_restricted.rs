//! `procMount_restricted`: `/proc` is masked, whoever the pod's users are.

use super::{Check, Level, proc_mount};

pub(super) const CHECK: Check = Check {
    id: "procMount_restricted",
    level: Level::Restricted,
    forms: &[(35, proc_mount::since_0)],
    instead_of: Some("procMount"),
};
