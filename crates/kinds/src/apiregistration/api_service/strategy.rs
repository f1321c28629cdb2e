//! How API services differ while they are written. Mirrors
//! `k8s.io/kube-aggregator/pkg/registry/apiservice` and its `validation`.

use crate::validation::At;
use crate::{Context, name_rules};
use object::{FieldErrors, Value, json, names};

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn status_keeps_metadata(&self) -> bool {
        true
    }

    fn allow_unconditional_update(&self) -> bool {
        false
    }

    fn prepare_create(&self, object: &mut Value, context: &Context) {
        // One without a service is served here, and therefore there.
        if object["spec"]["service"].is_null() {
            object["status"] = json!({"conditions": [{
                "type": "Available",
                "status": "True",
                "lastTransitionTime": context.now,
                "reason": "Local",
                "message": "Local APIServices are always available",
            }]});
        }
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let spec = At::root(object).get("spec");
        let (group, version) = (spec.get("group"), spec.get("version"));
        let wanted = format!("{}.{}", version.text(), group.text());
        let name = At::root(object).get("metadata").get("name");
        if !name.is_empty() && name.text() != wanted {
            name.invalid(errors, format!("must be `spec.version+\".\"+spec.group`: {wanted:?}"));
        }
        if group.is_empty() && version.text() != "v1" {
            group.required(errors, "only v1 may have an empty group and it better be legacy kube");
        }
        if !group.is_empty() {
            group.check(errors, names::dns1123_subdomain);
        }
        version.check(errors, names::dns1035_label);
        within(&spec.get("groupPriorityMinimum"), 20_000, errors);
        within(&spec.get("versionPriority"), 1_000, errors);
        connection(&spec, errors);
    }

    fn validate_name(&self, name: &str, prefix: bool) -> Vec<String> {
        name_rules::path_segment(name, prefix)
    }
}

fn within(number: &At<'_>, most: i64, errors: &mut FieldErrors) {
    if !(1..=most).contains(&number.int()) {
        number.invalid_as(errors, number.int(), format!("must be positive and less than {most}"));
    }
}

/// How another server is reached, or that none is.
fn connection(spec: &At<'_>, errors: &mut FieldErrors) {
    let (bundle, insecure) = (spec.get("caBundle"), spec.get("insecureSkipTLSVerify"));
    let service = spec.get("service");
    if !service.is_set() {
        if !bundle.is_empty() {
            bundle.invalid(errors, "local APIServices may not have a caBundle");
        }
        if insecure.flag() {
            insecure.invalid(errors, "local APIServices may not have insecureSkipTLSVerify");
        }
        return;
    }
    service.get("namespace").require(errors);
    service.get("name").require(errors);
    let port = service.get("port");
    if !(1..=65_535).contains(&port.int()) {
        let detail = "port is not valid: must be between 1 and 65535, inclusive";
        port.invalid(errors, detail);
    }
    if insecure.flag() && !bundle.is_empty() {
        insecure.invalid(errors, "may not be true if caBundle is present");
    }
}
