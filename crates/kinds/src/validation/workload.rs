//! What the controllers of pods have in common: selectors, templates, counts in a status, and
//! amounts given as a number or a percentage. Mirrors `pkg/apis/apps/validation`.

use super::{At, PodOptions, labels, pod_template};
use object::{FieldErrors, Value, int_or_string, meta, names};

/// The name of a workload is part of the names of its pods.
pub(crate) const POD_NAMES: &str = "metadata.name: this is used in Pod names and hostnames, \
                                    which can result in surprising behavior; a DNS label is \
                                    recommended: ";

/// A warning about a name that is no label of DNS.
pub(crate) fn name_warning(object: &Value) -> Vec<String> {
    let complaints = names::dns1123_label(meta::name(object));
    if complaints.is_empty() {
        return Vec::new();
    }
    vec![format!("{POD_NAMES}[{}]", complaints.join(" "))]
}

/// A selector that must choose something, and a template that it must choose. `kind`: for the
/// complaint about an empty one; `owner`: for the one about a deadline.
pub(crate) fn selector_and_template(
    spec: &At<'_>,
    kind: &str,
    owner: &str,
    options: &PodOptions,
    errors: &mut FieldErrors,
) {
    let selector = spec.get("selector");
    if selector.is_set() {
        labels::selector(&selector, false, errors);
        if labels::is_empty(&selector) {
            selector.invalid(errors, format!("empty selector is invalid for {kind}"));
        }
    } else {
        selector.required(errors, "");
    }
    let template = spec.get("template");
    if !labels::is_readable(&selector) {
        selector.invalid(errors, "invalid label selector");
        return;
    }
    // An absent selector chooses nothing, an empty one is not asked.
    let matches = selector.is_set()
        && (labels::is_empty(&selector)
            || labels::matches(&selector, &template.get("metadata.labels")));
    pod_template::replaced_template(&template, matches, owner, options, errors);
}

/// Numbers that can't be negative; absent ones are 0.
pub(crate) fn non_negative(at: &At<'_>, fields: &[&'static str], errors: &mut FieldErrors) {
    for field in fields {
        at.get(field).non_negative(errors);
    }
}

/// Counts of a status that can't be above another.
pub(crate) fn not_above(
    at: &At<'_>,
    fields: &[&'static str],
    limit: &'static str,
    shown: &str,
    errors: &mut FieldErrors,
) {
    for field in fields {
        if at.get(field).int() > at.get(limit).int() {
            let count = at.get(field);
            count.invalid(errors, format!("cannot be greater than {shown}"));
        }
    }
}

/// `collisionCount` only grows.
pub(crate) fn collisions(status: &At<'_>, old: &At<'_>, errors: &mut FieldErrors) {
    let (now, was) = (status.get("collisionCount"), old.get("collisionCount"));
    if was.is_set() && (!now.is_set() || now.int() < was.int()) {
        now.invalid_as(errors, now.int(), "cannot be decremented");
    }
}

/// A number that is not negative, or a percentage.
pub(crate) fn amount(at: &At<'_>, errors: &mut FieldErrors) {
    if at.value.is_string() {
        at.check(errors, names::percent);
    } else {
        at.non_negative(errors);
    }
}

/// At most all.
pub(crate) fn at_most_all(at: &At<'_>, errors: &mut FieldErrors) {
    if percentage(at.value).is_some_and(|percent| percent > 100) {
        at.invalid(errors, "must not be greater than 100%");
    }
}

fn percentage(value: &Value) -> Option<i64> {
    let text = value.as_str()?;
    if !names::percent(text).is_empty() {
        return None;
    }
    text.trim_end_matches('%').parse().ok()
}

/// The number, or the number before the percent sign.
pub(crate) fn plain(at: &At<'_>) -> i64 {
    percentage(at.value).unwrap_or_else(|| int_or_string::int_value(at.value))
}

/// The old template, for what is forgiven.
pub(crate) fn template_options(old: Option<&Value>) -> PodOptions {
    PodOptions::new(false, old.map(|old| &old["spec"]["template"]["spec"]))
}
