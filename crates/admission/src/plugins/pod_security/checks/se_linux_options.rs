//! `seLinuxOptions`: only the types that are made for containers; no user and no role.

use super::{Check, Finding, Level, Pod};
use crate::plugins::pod_parts::text;
use crate::plugins::pod_security::pod::{plural, quoted};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// In the order in which they were allowed.
const TYPES: &[&str] =
    &["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

pub(super) const CHECK: Check = Check {
    id: "seLinuxOptions",
    level: Level::Baseline,
    forms: &[(0, |pod| judge(pod, &TYPES[..4])), (31, |pod| judge(pod, TYPES))],
    instead_of: None,
};

#[derive(Default)]
struct Bad {
    types: BTreeSet<String>,
    user: bool,
    role: bool,
}

fn judge(pod: Pod<'_>, types: &[&str]) -> Option<Finding> {
    let bad = RefCell::new(Bad::default());
    let setters = pod.setters(|context| {
        let part = |name: &str| text(&context["seLinuxOptions"][name]);
        let mut bad = bad.borrow_mut();
        let (kind, user, role) = (part("type"), !part("user").is_empty(), !part("role").is_empty());
        let foreign = !types.contains(&kind);
        if foreign {
            bad.types.insert(kind.to_owned());
        }
        bad.user |= user;
        bad.role |= role;
        foreign || user || role
    });
    let who = setters.named()?;
    let Bad { types, user, role } = bad.into_inner();
    let kinds = (!types.is_empty())
        .then(|| format!("{} {}", plural("type", "types", types.len()), quoted(&types)));
    let user = user.then(|| "user may not be set".to_owned());
    let role = role.then(|| "role may not be set".to_owned());
    let what: Vec<String> = [kinds, user, role].into_iter().flatten().collect();
    Some(Finding {
        reason: "seLinuxOptions",
        detail: format!("{who} set forbidden securityContext.seLinuxOptions: {}", what.join("; ")),
    })
}
