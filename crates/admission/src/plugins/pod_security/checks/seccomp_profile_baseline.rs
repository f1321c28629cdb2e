//! `seccompProfile_baseline`: the runtime's seccomp profile, or one of the node's; until v1.19 by
//! annotation.

use super::{Check, Finding, Level, Pod};
use crate::plugins::pod_parts::text;
use crate::plugins::pod_security::pod::{Setters, name, plural, quoted};
use object::quote::quoted as as_go;
use std::cell::RefCell;
use std::collections::BTreeSet;

const POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";

pub(super) const CHECK: Check = Check {
    id: "seccompProfile_baseline",
    level: Level::Baseline,
    forms: &[(0, since_0), (19, since_19)],
    instead_of: None,
};

fn since_0(pod: Pod<'_>) -> Option<Finding> {
    let keys = pod.containers().map(|container| format!("{CONTAINER}{}", name(container)));
    let bad: BTreeSet<String> = std::iter::once(POD.to_owned())
        .chain(keys)
        .filter_map(|key| {
            let value = pod.metadata["annotations"][&key].as_str()?;
            let allowed = matches!(value, "runtime/default" | "docker/default")
                || value.starts_with("localhost/");
            (!allowed).then(|| format!("{key}={}", as_go(value)))
        })
        .collect();
    (!bad.is_empty()).then(|| Finding {
        reason: "seccompProfile",
        detail: format!(
            "forbidden {} {}",
            plural("annotation", "annotations", bad.len()),
            bad.into_iter().collect::<Vec<_>>().join(", ")
        ),
    })
}

fn since_19(pod: Pod<'_>) -> Option<Finding> {
    let (setters, types) = wrong(pod);
    let detail = in_words(&setters, &types)?;
    Some(Finding { reason: "seccompProfile", detail })
}

/// Who sets another profile, and which types of them.
pub(super) fn wrong(pod: Pod<'_>) -> (Setters<'_>, BTreeSet<String>) {
    let types = RefCell::new(BTreeSet::new());
    let setters = pod.setters(|context| {
        let profile = &context["seccompProfile"];
        let kind = text(&profile["type"]);
        let bad = profile.is_object() && !matches!(kind, "RuntimeDefault" | "Localhost");
        if bad {
            types.borrow_mut().insert(kind.to_owned());
        }
        bad
    });
    (setters, types.into_inner())
}

/// Who must not set what; `None` where nobody does.
pub(super) fn in_words(setters: &Setters<'_>, types: &BTreeSet<String>) -> Option<String> {
    let who = setters.named()?;
    Some(format!("{who} must not set securityContext.seccompProfile.type to {}", quoted(types)))
}
