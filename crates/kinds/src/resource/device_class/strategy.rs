//! How classes of devices differ while they are written. Mirrors
//! `pkg/registry/resource/deviceclass`.

use crate::Context;
use crate::name_rules;
use crate::validation::{At, devices, resources};
use object::{FieldErrors, Value};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let root = At::root(object);
        let spec = root.get("spec");
        devices::selectors(&spec.get("selectors"), errors);
        devices::list(&spec.get("config"), devices::CONFIGS, errors, devices::configuration);
        let name = spec.get("extendedResourceName");
        if name.is_set() && !resources::is_extended(name.text()) {
            name.invalid(errors, "must be a valid extended resource name");
        }
    }

    /// Upstream counts bytes here, and says so.
    fn validate_name(&self, name: &str, prefix: bool) -> Vec<String> {
        let complaints = name_rules::subdomain(name, prefix).into_iter();
        complaints.map(|text| text.replace("253 characters", "253 bytes")).collect()
    }

    fn returns_deleted(&self) -> bool {
        true
    }
}
