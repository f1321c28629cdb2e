//! How service CIDRs differ while they are written. Mirrors
//! `pkg/registry/networking/servicecidr`.

use crate::Context;
use crate::validation::{At, network, text};
use object::{FieldErrors, Value};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn status_keeps_metadata(&self) -> bool {
        true
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        ranges(object, errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        if context.subresource == "status" {
            return;
        }
        let spec = At::root(object).get("spec");
        let (list, was) = (spec.get("cidrs"), At::root(old).get("spec.cidrs"));
        let grows = was.len() == 1 && list.len() == 2;
        if was.len() != list.len() && !grows {
            list.invalid(errors, text::IMMUTABLE);
            return;
        }
        for (range, was) in list.items().zip(was.texts()) {
            if range.text() != was {
                range.invalid(errors, text::IMMUTABLE);
            }
        }
        if grows {
            ranges(object, errors);
        }
    }
}

/// One range, or one of each family.
fn ranges(object: &Value, errors: &mut FieldErrors) {
    let spec = At::root(object).get("spec");
    let list = spec.get("cidrs");
    if list.is_empty() {
        list.required(errors, "at least one CIDR required");
        return;
    }
    if list.len() > 2 {
        list.invalid_as(errors, spec.value.clone(), "may only hold up to 2 values");
        return;
    }
    for range in list.items() {
        network::canonical_cidr(&range, errors);
    }
    let dual = network::is_dual_stack(list.texts());
    if list.len() == 2 && dual == Some(false) {
        list.invalid(
            errors,
            "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and \
             2001:db8::/64",
        );
    }
}
