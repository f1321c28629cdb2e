//! How disruption budgets differ while they are written. Mirrors
//! `pkg/registry/policy/poddisruptionbudget`.

use crate::validation::workload::{self, non_negative};
use crate::validation::{At, conditions, labels};
use crate::{Context, name_rules};
use object::{FieldErrors, Value};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        spec(object, false, errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        if context.subresource != "status" {
            let lenient = !labels::is_readable(&At::root(old).get("spec.selector"));
            spec(object, lenient, errors);
            return;
        }
        let status = At::root(object).get("status");
        conditions::conditions(&status.get("conditions"), errors);
        let counts = ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"];
        non_negative(&status, &counts, errors);
    }

    fn validate_name(&self, name: &str, prefix: bool) -> Vec<String> {
        name_rules::path_segment(name, prefix)
    }

    fn allow_unconditional_update(&self) -> bool {
        false
    }
}

fn spec(object: &Value, lenient: bool, errors: &mut FieldErrors) {
    let spec = At::root(object).get("spec");
    let both = [spec.get("minAvailable"), spec.get("maxUnavailable")];
    if both.iter().all(At::is_set) {
        spec.invalid(errors, "minAvailable and maxUnavailable cannot be both set");
    }
    for amount in both.iter().filter(|amount| amount.is_set()) {
        workload::amount(amount, errors);
        workload::at_most_all(amount, errors);
    }
    labels::selector(&spec.get("selector"), lenient, errors);
    spec.get("unhealthyPodEvictionPolicy")
        .maybe_one_of(errors, &["AlwaysAllow", "IfHealthyBudget"]);
}
