//! How candidates for a lease differ while they are written. Mirrors
//! `pkg/registry/coordination/leasecandidate`.

use super::semver::Semver;
use crate::Context;
use crate::validation::At;
use object::{FieldErrors, Value, names};

const OLDEST: &str = "OldestEmulationVersion";
const NO_VERSION: &str = "must be a valid semantic version";

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let root = At::root(object);
        let spec = root.get("spec");
        spec.get("leaseName").require(errors);
        let (emulated, own) = (spec.get("emulationVersion"), spec.get("binaryVersion"));
        let acts_as = version(&emulated, errors);
        if own.require(errors) {
            let is = version(&own, errors);
            if !emulated.is_empty() && is < acts_as {
                own.invalid(errors, "must be greater than or equal to `emulationVersion`");
            }
        }
        let strategy = spec.get("strategy");
        if !strategy.require(errors) {
            return;
        }
        if strategy.text() == OLDEST && acts_as == Semver::ZERO {
            let detail = "must be specified when `strategy` is 'OldestEmulationVersion'";
            emulated.required(errors, detail);
        }
        let shown = strategy.shown_as(&strategy.get("strategy"));
        if strategy.text().contains('/') {
            shown.check(errors, names::qualified_name);
        } else {
            shown.one_of(errors, &[OLDEST]);
        }
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        self.validate(object, context, errors);
        let (new, was) = (At::root(object), At::root(old));
        new.get("spec").get("leaseName").immutable_text(errors, &was.get("spec.leaseName"));
    }

    fn validate_name(&self, name: &str, _prefix: bool) -> Vec<String> {
        names::config_map_key(name)
    }

    fn allow_create_on_update(&self) -> bool {
        true
    }

    fn allow_unconditional_update(&self) -> bool {
        false
    }
}

/// The version that a text is, zero for none.
fn version<'a>(at: &At<'a>, errors: &mut FieldErrors) -> Semver<'a> {
    if at.is_empty() {
        return Semver::ZERO;
    }
    Semver::parse(at.text()).unwrap_or_else(|| {
        at.invalid(errors, NO_VERSION);
        Semver::ZERO
    })
}
