//! How ingress classes differ while they are written. Mirrors
//! `pkg/registry/networking/ingressclass`.

use crate::Context;
use crate::networking::ingress::strategy::reference;
use crate::validation::{At, job};
use object::{FieldErrors, Value, names};

const CONTROLLER_BYTES: usize = 250;

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let root = At::root(object);
        let spec = root.get("spec");
        let controller = spec.get("controller");
        if controller.len() > CONTROLLER_BYTES {
            controller.too_long(errors, CONTROLLER_BYTES);
        }
        job::domain_path(&controller, errors);
        let parameters = spec.get("parameters");
        if !parameters.is_set() {
            return;
        }
        reference(&parameters, errors);
        let (scope, namespace) = (parameters.get("scope"), parameters.get("namespace"));
        match scope.text() {
            _ if !scope.is_set() => scope.required(errors, ""),
            "Namespace" if !namespace.is_set() => {
                namespace.required(errors, "`parameters.scope` is set to 'Namespace'");
            }
            "Namespace" => namespace.check(errors, names::dns1123_label),
            "Cluster" => namespace.forbid(errors, "`parameters.scope` is set to 'Cluster'"),
            _ => scope.not_supported(errors, &["Cluster", "Namespace"]),
        }
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        let controller = At::root(object).get("spec").get("controller");
        controller.immutable_text(errors, &At::root(old).get("spec.controller"));
        self.validate(object, context, errors);
    }
}
