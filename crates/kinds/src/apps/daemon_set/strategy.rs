//! How daemon sets differ while they are written. Mirrors `pkg/registry/apps/daemonset`.

use crate::Context;
use crate::validation::workload::{self, non_negative};
use crate::validation::{At, equal, labels, pod_template};
use object::{FieldErrors, Value, meta};

/// Where `v1` keeps the generation of the template, which used to be a field.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn prepare_create(&self, object: &mut Value, _context: &Context) {
        let generation = template_generation(object).max(1);
        set_template_generation(object, generation);
    }

    fn prepare_update(&self, object: &mut Value, old: &Value, context: &Context) {
        if !context.subresource.is_empty() {
            return;
        }
        let same = equal::semantically(&object["spec"]["template"], &old["spec"]["template"]);
        let generation = template_generation(old) + i64::from(!same);
        set_template_generation(object, generation);
    }

    fn wire_annotations(&self) -> &'static [&'static str] {
        &[TEMPLATE_GENERATION]
    }

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
        let (root, old_root) = (At::root(object), At::root(old));
        if context.subresource == "status" {
            let status = root.get("status");
            non_negative(
                &status,
                &[
                    "currentNumberScheduled",
                    "numberMisscheduled",
                    "desiredNumberScheduled",
                    "numberReady",
                    "observedGeneration",
                    "updatedNumberScheduled",
                    "numberAvailable",
                    "numberUnavailable",
                    "collisionCount",
                ],
                errors,
            );
            workload::collisions(&status, &old_root.get("status"), errors);
            return;
        }
        let selector = root.get("spec").get("selector");
        selector.immutable(errors, &old_root.get("spec.selector"));
        spec(object, Some(old), errors);
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        if old.is_some() { Vec::new() } else { workload::name_warning(object) }
    }
}

fn template_generation(object: &Value) -> i64 {
    meta::annotation(object, TEMPLATE_GENERATION).and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn set_template_generation(object: &mut Value, generation: i64) {
    let annotations = meta::of(object).entry("annotations").or_insert(Value::Null);
    if !annotations.is_object() {
        *annotations = Value::Object(object::Map::new());
    }
    annotations[TEMPLATE_GENERATION] = generation.to_string().into();
}

fn spec(object: &Value, old: Option<&Value>, errors: &mut FieldErrors) {
    let root = At::root(object);
    let spec = root.get("spec");
    let (selector, template) = (spec.get("selector"), spec.get("template"));
    let lenient = old.is_some_and(|old| labels::has_bad_value(&old["spec"]["selector"]));
    labels::selector(&selector, lenient, errors);
    let own = template.get("metadata").get("labels");
    let chooses = selector.is_set() && labels::matches(&selector, &own);
    if labels::is_readable(&selector) && !chooses {
        own.invalid(errors, "`selector` does not match template `labels`");
    }
    if selector.is_set() && labels::is_empty(&selector) {
        selector.invalid(errors, "empty selector is invalid for daemonset");
    }
    let options = workload::template_options(old);
    pod_template::replaced_template(&template, true, "DaemonSet", &options, errors);
    spec.get("minReadySeconds").non_negative(errors);
    update_strategy(&spec.get("updateStrategy"), errors);
    spec.get("revisionHistoryLimit").non_negative(errors);
}

fn update_strategy(at: &At<'_>, errors: &mut FieldErrors) {
    let rolling = at.get("rollingUpdate");
    match at.get("type").text() {
        "OnDelete" => {}
        "RollingUpdate" if !rolling.is_set() => rolling.required(errors, ""),
        "RollingUpdate" => {
            let both = [rolling.get("maxUnavailable"), rolling.get("maxSurge")];
            for amount in &both {
                workload::amount(amount, errors);
            }
            for amount in &both {
                workload::at_most_all(amount, errors);
            }
            let [unavailable, surge] = both.each_ref().map(workload::plain);
            if unavailable != 0 && surge != 0 {
                both[1].invalid(errors, "may not be set when maxUnavailable is non-zero");
            } else if unavailable == 0 && surge == 0 {
                both[0].required(errors, "cannot be 0 when maxSurge is 0");
            }
        }
        _ => at.not_supported(errors, &["RollingUpdate", "OnDelete"]),
    }
}
