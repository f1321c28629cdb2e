//! How bundles of roots differ while they are written. Mirrors
//! `pkg/registry/certificates/clustertrustbundle`.

use super::anchors;
use crate::Context;
use crate::validation::{At, signers};
use object::{FieldErrors, Value};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    /// Depends on the signer: see `validate`.
    fn validate_name(&self, _name: &str, _prefix: bool) -> Vec<String> {
        Vec::new()
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        names(object, errors);
        anchors::check(&At::root(object).get("spec").get("trustBundle"), errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        _context: &Context,
        errors: &mut FieldErrors,
    ) {
        names(object, errors);
        let (root, was) = (At::root(object), At::root(old));
        let spec = root.get("spec");
        if spec.get("trustBundle").text() != was.get("spec.trustBundle").text() {
            anchors::check(&spec.get("trustBundle"), errors);
        }
        spec.get("signerName").immutable_text(errors, &was.get("spec.signerName"));
    }

    fn allow_unconditional_update(&self) -> bool {
        false
    }
}

fn names(object: &Value, errors: &mut FieldErrors) {
    let root = At::root(object);
    let (name, signer) = (root.get("metadata").get("name"), root.get("spec").get("signerName"));
    if !name.is_empty() {
        name.check(errors, |name| signers::trust_bundle_name(name, signer.text()));
    }
    if !signer.is_empty() {
        signers::signer_name(&signer, errors);
    }
}
