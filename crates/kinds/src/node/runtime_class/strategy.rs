//! How runtime classes differ while they are written. Mirrors `pkg/registry/node/runtimeclass`.

use crate::Context;
use crate::validation::{At, labels, resources, scheduling};
use object::{FieldErrors, Value, names};
use std::collections::BTreeSet;

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let root = At::root(object);
        let handler = root.get("handler");
        if handler.require(errors) {
            handler.check(errors, names::dns1123_label);
        }
        let fixed = root.get("overhead.podFixed");
        for (name, quantity) in fixed.entries() {
            let quantity = quantity.shown_as(&root.get("overhead").get("limits").key(name));
            resources::container_name(&quantity, name, errors);
            resources::value(&quantity, name, errors);
        }
        let place = root.get("scheduling");
        labels::map(&place.get("nodeSelector"), errors);
        let tolerations = place.get("tolerations");
        scheduling::tolerations(&tolerations, errors);
        let mut seen = BTreeSet::new();
        for toleration in tolerations.items() {
            let key = ["key", "operator", "value", "effect"]
                .map(|field| toleration.get(field).text().to_owned());
            if !seen.insert(key) {
                toleration.duplicate_because(errors, "");
            }
        }
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        let (handler, was) = (At::root(object).get("handler"), At::root(old).get("handler"));
        handler.immutable_text(errors, &was);
        self.validate(object, context, errors);
    }

    fn allow_create_on_update(&self) -> bool {
        true
    }

    fn allow_unconditional_update(&self) -> bool {
        false
    }
}
