//! `metav1.Condition`. Mirrors `k8s.io/apimachinery/pkg/apis/meta/v1/validation`.

use super::{At, labels};
use object::{FieldErrors, names};
use regex::Regex;
use std::collections::BTreeSet;
use std::sync::LazyLock;

const REASON: &str = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?";
const REASON_BYTES: usize = 1 << 10;
const MESSAGE_BYTES: usize = 32 << 10;

/// A list of them, told apart by their types.
pub(crate) fn conditions(at: &At<'_>, errors: &mut FieldErrors) {
    let mut seen = BTreeSet::new();
    for item in at.items() {
        let kind = item.get("type");
        if !seen.insert(kind.text()) {
            kind.duplicate(errors, kind.text());
        }
        condition(&item, errors);
    }
}

fn condition(at: &At<'_>, errors: &mut FieldErrors) {
    static RULE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(&format!("^{REASON}$")).expect("the pattern is a constant"));
    labels::key(&at.get("type"), at.get("type").text(), errors);
    at.get("status").one_of(errors, &["False", "True", "Unknown"]);
    if at.get("observedGeneration").int() < 0 {
        let detail = "must be greater than or equal to zero";
        at.get("observedGeneration").invalid(errors, detail);
    }
    at.get("lastTransitionTime").require(errors);
    let reason = at.get("reason");
    if reason.require(errors) {
        if !RULE.is_match(reason.text()) {
            reason.invalid(
                errors,
                names::pattern(
                    "a condition reason must start with alphabetic character, optionally \
                     followed by a string of alphanumeric characters or '_,:', and must end with \
                     an alphanumeric character or '_'",
                    REASON,
                    &["my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB"],
                ),
            );
        }
        if reason.len() > REASON_BYTES {
            reason.too_long(errors, REASON_BYTES);
        }
    }
    if at.get("message").len() > MESSAGE_BYTES {
        at.get("message").too_long(errors, MESSAGE_BYTES);
    }
}
