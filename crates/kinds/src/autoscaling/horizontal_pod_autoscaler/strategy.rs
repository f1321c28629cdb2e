//! How autoscalers differ while they are written. Mirrors
//! `pkg/registry/autoscaling/horizontalpodautoscaler`.

use crate::Context;
use crate::validation::workload::non_negative;
use crate::validation::{At, resources};
use object::quantity::Quantity;
use object::{FieldErrors, GroupVersion, Value, names};

const WINDOW_MAX_SECONDS: i64 = 3600;
const PERIOD_MAX_SECONDS: i64 = 1800;
const TYPES: &[&str] = &["ContainerResource", "External", "Object", "Pods", "Resource"];

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        spec(object, None, errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        if context.subresource == "status" {
            let status = At::root(object).get("status");
            non_negative(&status, &["currentReplicas", "desiredReplicas"], errors);
        } else {
            spec(object, Some(old), errors);
        }
    }
}

/// What a reference's `apiVersion` may be.
#[derive(Clone, Copy)]
struct Reference {
    no_group: bool,
    anything: bool,
}

fn spec(object: &Value, old: Option<&Value>, errors: &mut FieldErrors) {
    let root = At::root(object);
    let spec = root.get("spec");
    let was = old.map(|old| &old["spec"]);
    let (least, most) = (spec.get("minReplicas"), spec.get("maxReplicas"));
    let lowest = i64::from(was.is_none_or(|was| was["minReplicas"] != 0));
    if least.is_set() && least.int() < lowest {
        least.invalid(errors, format!("must be greater than or equal to {lowest}"));
    }
    if most.int() == 0 {
        most.required(errors, "must be set and greater than 0");
    } else if most.int() < 0 {
        most.invalid(errors, "must be greater than or equal to 1");
    }
    if least.is_set() && most.int() < least.int() {
        let detail = "must be greater than or equal to `minReplicas`";
        most.invalid_as(errors, most.int(), detail);
    }
    let target = spec.get("scaleTargetRef");
    let same = was.is_some_and(|was| {
        let was = &was["scaleTargetRef"];
        ["apiVersion", "kind"].iter().all(|field| was[*field] == target.value[*field])
    });
    let controller = target.get("kind").text() == "ReplicationController";
    reference(&target, Reference { no_group: controller, anything: same }, errors);
    metrics(&spec, was, errors);
    for field in ["scaleUp", "scaleDown"] {
        let rules = spec.get("behavior").get(field);
        if rules.is_set() {
            scaling_rules(&rules, errors);
        }
    }
}

fn reference(at: &At<'_>, allowed: Reference, errors: &mut FieldErrors) {
    for field in ["kind", "name"] {
        if at.get(field).require(errors) {
            at.get(field).check(errors, names::path_segment_name);
        }
    }
    let version = at.get("apiVersion");
    if let Some(complaint) = api_version(version.text(), allowed) {
        version.invalid_as(errors, version.text(), complaint);
    }
}

fn api_version(text: &str, allowed: Reference) -> Option<String> {
    if allowed.anything {
        return None;
    }
    match GroupVersion::parse(text) {
        None => Some(format!("unexpected GroupVersion string: {text}")),
        Some(version) if version.group.is_empty() && !allowed.no_group => {
            Some("apiVersion must specify API group".to_owned())
        }
        Some(_) => None,
    }
}

fn metrics(spec: &At<'_>, was: Option<&Value>, errors: &mut FieldErrors) {
    let strict = Reference { no_group: true, anything: false };
    let bad_before = was.is_some_and(|was| {
        At::root(was).get("metrics").items().any(|metric| {
            let version = metric.get("object.describedObject.apiVersion");
            metric.get("type").text() == "Object"
                && metric.get("object").is_set()
                && api_version(version.text(), strict).is_some()
        })
    });
    let list = spec.get("metrics");
    for metric in list.items() {
        one_metric(&metric, Reference { anything: bad_before, ..strict }, errors);
    }
    let outside = list.items().any(|m| matches!(m.get("type").text(), "Object" | "External"));
    if spec.get("minReplicas").maybe_int() == Some(0) && !outside {
        list.forbidden(
            errors,
            "must specify at least one Object or External metric to support scaling to zero \
             replicas",
        );
    }
}

fn one_metric(at: &At<'_>, described: Reference, errors: &mut FieldErrors) {
    const FIELDS: [(&str, &str); 5] = [
        ("object", "Object"),
        ("external", "External"),
        ("pods", "Pods"),
        ("resource", "Resource"),
        ("containerResource", "ContainerResource"),
    ];
    let kind = at.get("type");
    if kind.is_empty() {
        kind.required(errors, "must specify a metric source type");
    }
    kind.one_of(errors, TYPES);
    let present: Vec<&'static str> =
        FIELDS.iter().map(|(field, _)| *field).filter(|field| at.get(field).is_set()).collect();
    if let Some(first) = present.first() {
        source(&at.get(first), first, described, errors);
    }
    let expected = FIELDS.iter().find(|(_, name)| *name == kind.text()).map(|(field, _)| *field);
    match expected {
        Some(field) if !at.get(field).is_set() => {
            let detail = "must populate information for the given metric source";
            at.get(field).required(errors, detail);
        }
        Some(_) => {}
        None => kind.one_of(errors, TYPES),
    }
    if present.len() != 1 {
        for field in present.iter().filter(|field| Some(**field) != expected) {
            at.get(field).forbidden(errors, "must populate the given metric source only");
        }
    }
}

fn source(at: &At<'_>, kind: &str, described: Reference, errors: &mut FieldErrors) {
    let target = at.get("target");
    let has = |field: &'static str| target.get(field).is_set();
    match kind {
        "resource" | "containerResource" => {
            let name = at.get("name");
            if name.is_empty() {
                name.required(errors, "must specify a resource name");
            } else if kind == "containerResource" {
                resources::container_name(&name, name.text(), errors);
            }
            let container = at.get("container");
            if kind == "containerResource" && container.is_empty() {
                container.required(errors, "must specify a container");
            } else if kind == "containerResource" {
                container.check(errors, names::dns1123_label);
            }
            metric_target(&target, errors);
            if !has("averageUtilization") && !has("averageValue") {
                let detail = "must set either a target raw value or a target utilization";
                target.get("averageUtilization").required(errors, detail);
            }
            if has("averageUtilization") && has("averageValue") {
                let detail = "may not set both a target raw value and a target utilization";
                target.get("averageValue").forbidden(errors, detail);
            }
            return;
        }
        "object" => reference(&at.get("describedObject"), described, errors),
        _ => {}
    }
    let name = at.get("metric").get("name");
    if name.is_empty() {
        name.required(errors, "must specify a metric name");
    } else {
        name.check(errors, names::path_segment_name);
    }
    metric_target(&target, errors);
    let average = target.get("averageValue");
    match kind {
        "object" if !has("value") && !has("averageValue") => {
            average.required(errors, "must set either a target value or averageValue");
        }
        "external" if !has("value") && !has("averageValue") => average
            .required(errors, "must set either a target value for metric or a per-pod target"),
        "external" if has("value") && has("averageValue") => target
            .get("value")
            .forbidden(errors, "may not set both a target value for metric and a per-pod target"),
        "pods" if !has("averageValue") => {
            average.required(errors, "must specify a positive target averageValue");
        }
        _ => {}
    }
}

fn metric_target(at: &At<'_>, errors: &mut FieldErrors) {
    let kind = at.get("type");
    if kind.is_empty() {
        kind.required(errors, "must specify a metric target type");
    }
    if !matches!(kind.text(), "Utilization" | "Value" | "AverageValue") {
        let detail = "must be either Utilization, Value, or AverageValue";
        kind.invalid_as(errors, kind.text(), detail);
    }
    for field in ["value", "averageValue"] {
        let amount = at.get(field);
        if amount.is_set() && resources::amount(amount.value) <= Quantity::ZERO {
            amount.invalid(errors, "must be positive");
        }
    }
    let percent = at.get("averageUtilization");
    if percent.is_set() && percent.int() < 1 {
        percent.invalid(errors, "must be greater than 0");
    }
}

fn scaling_rules(at: &At<'_>, errors: &mut FieldErrors) {
    let window = at.get("stabilizationWindowSeconds");
    if window.int() < 0 {
        window.invalid(errors, "must be greater than or equal to zero");
    }
    if window.int() > WINDOW_MAX_SECONDS {
        window.invalid(errors, format!("must be less than or equal to {WINDOW_MAX_SECONDS}"));
    }
    at.get("selectPolicy").maybe_one_of(errors, &["Disabled", "Max", "Min"]);
    let policies = at.get("policies");
    if policies.is_empty() {
        policies.required(errors, "must specify at least one Policy");
    }
    for policy in policies.items() {
        policy.get("type").one_of(errors, &["Percent", "Pods"]);
        policy.get("value").positive(errors);
        let period = policy.get("periodSeconds");
        period.positive(errors);
        if period.int() > PERIOD_MAX_SECONDS {
            let detail = format!("must be less than or equal to {PERIOD_MAX_SECONDS}");
            period.invalid(errors, detail);
        }
    }
    let tolerance = at.get("tolerance");
    if resources::amount(tolerance.value) < Quantity::ZERO {
        tolerance.invalid(errors, "must be greater than or equal to 0");
    }
}
