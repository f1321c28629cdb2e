//! `appArmorProfile`: the runtime's AppArmor profile, or one of the node's, by field or by the
//! annotation that it was before.

use super::{Check, Finding, Level, Pod};
use crate::plugins::pod_parts::text;
use crate::plugins::pod_security::pod::{plural, quoted};
use object::Value;
use object::quote::quoted as as_go;
use std::cell::RefCell;
use std::collections::BTreeSet;

const ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";

pub(super) const CHECK: Check = Check {
    id: "appArmorProfile",
    level: Level::Baseline,
    forms: &[(0, since_0)],
    instead_of: None,
};

fn since_0(pod: Pod<'_>) -> Option<Finding> {
    let types = RefCell::new(BTreeSet::new());
    let setters = pod.setters(|context| {
        let profile = &context["appArmorProfile"];
        let bad = profile.is_object()
            && !matches!(text(&profile["type"]), "RuntimeDefault" | "Localhost");
        if bad {
            types.borrow_mut().insert(text(&profile["type"]).to_owned());
        }
        bad
    });
    let mut values: Vec<String> = types.into_inner().into_iter().collect();
    let mut annotations: Vec<String> = pod.metadata["annotations"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, value)| key.starts_with(ANNOTATION) && !is_allowed(value))
        .map(|(key, value)| format!("{key}={}", as_go(text(value))))
        .collect();
    annotations.sort_unstable();

    let word = plural("annotation", "annotations", annotations.len()).to_owned();
    let annotated = (!annotations.is_empty()).then_some(word);
    let all: Vec<String> = setters.named().into_iter().chain(annotated).collect();
    values.extend(annotations);
    (!all.is_empty()).then(|| Finding {
        reason: plural("forbidden AppArmor profile", "forbidden AppArmor profiles", values.len()),
        detail: format!(
            "{} must not set AppArmor profile type to {}",
            all.join(" and "),
            quoted(&values)
        ),
    })
}

fn is_allowed(profile: &Value) -> bool {
    let profile = text(profile);
    matches!(profile, "" | "runtime/default") || profile.starts_with("localhost/")
}
