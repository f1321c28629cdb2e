//! How cron jobs differ while they are written. Mirrors `pkg/registry/batch/cronjob`.

use crate::Context;
use crate::validation::workload::{self, non_negative};
use crate::validation::{At, PodOptions, cron, job, time_zone};
use object::{FieldErrors, Value, meta};

/// Eleven letters are added to make the names of its jobs.
const NAME_BYTES: usize = 52;

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        spec(object, None, errors);
        if meta::name(object).len() > NAME_BYTES {
            let root = At::root(object);
            let detail = format!("must be no more than {NAME_BYTES} characters");
            root.get("metadata").get("name").invalid(errors, detail);
        }
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        if context.subresource.is_empty() {
            spec(object, Some(old), errors);
        }
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        if old.is_none() {
            return workload::name_warning(object);
        }
        let schedule = object["spec"]["schedule"].as_str().unwrap_or_default();
        if !schedule.contains("TZ") {
            return Vec::new();
        }
        vec![
            "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see \
             https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
                .to_owned(),
        ]
    }
}

fn spec(object: &Value, old: Option<&Value>, errors: &mut FieldErrors) {
    let root = At::root(object);
    let spec = root.get("spec");
    let was = old.map(|old| &old["spec"]);
    let schedule = spec.get("schedule");
    if schedule.require(errors) {
        if let Some(complaint) = cron::complaint(schedule.text()) {
            schedule.invalid(errors, complaint);
        }
        let had_zone =
            was.is_some_and(|was| was["schedule"].as_str().unwrap_or_default().contains("TZ"));
        if schedule.text().contains("TZ") {
            if !had_zone {
                schedule.invalid(
                    errors,
                    "cannot use TZ or CRON_TZ in schedule, use timeZone field instead",
                );
            } else if spec.get("timeZone").is_set() {
                let detail = "cannot use both timeZone field and TZ or CRON_TZ in schedule";
                schedule.invalid(errors, detail);
            }
        }
    }
    spec.get("startingDeadlineSeconds").non_negative(errors);
    let zone = spec.get("timeZone");
    if was.is_none_or(|was| was["timeZone"] != *zone.value) {
        time_zone::zone(&zone, errors);
    }
    spec.get("concurrencyPolicy").require_one_of(errors, &["Allow", "Forbid", "Replace"]);
    let template = spec.get("jobTemplate").get("spec");
    let old_pod = was.map(|was| &was["jobTemplate"]["spec"]["template"]["spec"]);
    job::spec(&template, &PodOptions::new(false, old_pod), errors);
    template.get("selector").forbidden_value(errors, "`selector` will be auto-generated");
    let manual = template.get("manualSelector");
    if manual.flag() {
        manual.not_supported(errors, &["nil", "false"]);
    }
    non_negative(&spec, &["successfulJobsHistoryLimit", "failedJobsHistoryLimit"], errors);
}
