//! How limit ranges differ while they are written. Mirrors `pkg/registry/core/limitrange`.

use crate::Context;
use crate::validation::{At, resources};
use object::quantity::{Format, Quantity};
use object::{FieldErrors, Value, meta, names};
use std::collections::BTreeSet;

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    /// One without a name gets one; upstream draws a UUID of its own for it.
    fn prepare_create(&self, object: &mut Value, _context: &Context) {
        if meta::name(object).is_empty() {
            let name = meta::uid(object).to_owned();
            meta::set(object, "name", &name);
        }
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let mut seen = BTreeSet::new();
        for limit in At::root(object).get("spec").get("limits").items() {
            let kind = limit.get("type");
            limit_type(&kind, errors);
            if !seen.insert(kind.text()) {
                kind.duplicate(errors, kind.text());
            }
            limit_item(&limit, kind.text(), errors);
        }
    }

    fn allow_create_on_update(&self) -> bool {
        true
    }
}

fn limit_type(at: &At<'_>, errors: &mut FieldErrors) {
    let before = errors.0.len();
    at.check(errors, names::qualified_name);
    let name = at.text();
    let known = matches!(name, "Pod" | "Container" | "PersistentVolumeClaim");
    if errors.0.len() == before && !name.contains('/') && !known {
        at.invalid(errors, "must be a standard limit type or fully qualified");
    }
}

fn limit_item(limit: &At<'_>, kind: &str, errors: &mut FieldErrors) {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for field in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
        if field.starts_with("max") && field != "max" && kind == "PersistentVolumeClaim" {
            let has = |field| limit.get(field).key("storage").is_set();
            if !has("min") && !has("max") {
                limit.get("limits").required(
                    errors,
                    "either minimum or maximum storage value is required, but neither was \
                     provided",
                );
            }
        }
        let list = limit.get(field);
        if kind == "Pod" && field.starts_with("default") {
            if !list.is_empty() {
                list.forbidden(errors, "may not be specified when `type` is 'Pod'");
            }
            continue;
        }
        for (name, quantity) in list.entries() {
            if matches!(kind, "Pod" | "Container") {
                resources::container_name(&quantity, name, errors);
            } else {
                resources::name(&quantity, name, errors);
            }
            names.insert(name);
        }
    }
    for name in names {
        compare(limit, kind, name, errors);
    }
}

/// The amounts of one resource fit together.
fn compare(limit: &At<'_>, kind: &str, name: &str, errors: &mut FieldErrors) {
    let fields = ["min", "max", "default", "defaultRequest", "maxLimitRequestRatio"];
    let [min, max, default, request, ratio] = fields.map(|field| {
        let list = limit.get(field);
        let unused = kind == "Pod" && field.starts_with("default");
        let there = !unused && list.value.get(name).is_some();
        there.then(|| resources::amount(&list.value[name]))
    });
    let mut above = |low: &Option<Quantity>,
                     high: &Option<Quantity>,
                     field: &'static str,
                     shown: &Option<Quantity>,
                     what: &str| {
        if let (Some(low), Some(high), Some(shown)) = (low, high, shown)
            && low > high
        {
            let detail = what.replacen("{}", &low.to_string(), 1);
            let detail = detail.replacen("{}", &high.to_string(), 1);
            limit.get(field).key(name).invalid_as(errors, shown.to_string(), detail);
        }
    };
    above(&min, &max, "min", &min, "min value {} is greater than max value {}");
    let what = "min value {} is greater than default request value {}";
    above(&min, &request, "defaultRequest", &request, what);
    let what = "default request value {} is greater than max value {}";
    above(&request, &max, "defaultRequest", &request, what);
    let what = "default request value {} is greater than default limit value {}";
    above(&request, &default, "defaultRequest", &request, what);
    let what = "min value {} is greater than default value {}";
    above(&min, &default, "default", &min, what);
    let what = "default value {} is greater than max value {}";
    above(&default, &max, "default", &max, what);
    if let Some(ratio) = &ratio {
        let at = limit.get("maxLimitRequestRatio");
        let at = at.key(name);
        if *ratio < Quantity::new(1, Format::DecimalSi) {
            at.invalid_as(errors, ratio.to_string(), format!("ratio {ratio} is less than 1"));
        }
        if let (Some(min), Some(max)) = (&min, &max) {
            let most = max.as_f64() / min.as_f64();
            if ratio.as_f64() > most {
                let detail = format!("ratio {ratio} is greater than max/min = {most:.6}");
                at.invalid_as(errors, ratio.to_string(), detail);
            }
        }
    }
    if let (Some(default), Some(request)) = (&default, &request)
        && !resources::is_overcommittable(name)
        && default != request
    {
        let detail = format!(
            "default value {default} must equal to defaultRequest value {request} in {name}"
        );
        let at = limit.get("defaultRequest");
        at.key(name).invalid_as(errors, request.to_string(), detail);
    }
}
