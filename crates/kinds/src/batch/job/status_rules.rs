//! What may stand in a job's status, and how it may change. Mirrors
//! `pkg/apis/batch/validation`.

use crate::validation::workload::non_negative;
use crate::validation::{At, equal, indexes};
use object::{FieldErrors, Value};
use std::collections::BTreeSet;

fn is_true(status: &At<'_>, kind: &str) -> bool {
    status.get("conditions").items().any(|condition| {
        condition.get("type").text() == kind && condition.get("status").text() == "True"
    })
}

/// All the rules for a status.
pub(super) fn status(object: &Value, old_object: &Value, errors: &mut FieldErrors) {
    let (root, old_root) = (At::root(object), At::root(old_object));
    let (spec, status, was) = (root.get("spec"), root.get("status"), old_root.get("status"));
    non_negative(&status, &["active", "succeeded", "failed", "ready", "terminating"], errors);
    let uncounted = status.get("uncountedTerminatedPods");
    let mut seen = BTreeSet::new();
    for uid in ["succeeded", "failed"].iter().flat_map(|field| uncounted.get(field).items()) {
        if uid.is_empty() {
            uid.invalid(errors, "must not be empty");
        } else if !seen.insert(uid.text().to_owned()) {
            uid.duplicate(errors, uid.text());
        }
    }
    conditions(&status, &was, errors);
    times(&spec, &status, &was, errors);
    counts(&spec, &status, &was, errors);
    index_lists(&spec, &status, &was, errors);
}

fn conditions(status: &At<'_>, was: &At<'_>, errors: &mut FieldErrors) {
    let at = status.get("conditions");
    let is = |kind| is_true(status, kind);
    let changed = |kind| is_true(status, kind) != is_true(was, kind);
    let (complete, failed) = (is("Complete"), is("Failed"));
    let (target, met) = (is("FailureTarget"), is("SuccessCriteriaMet"));
    let mut say = |when: bool, what: &str| {
        if when {
            at.invalid_silently(errors, what);
        }
    };
    say(
        complete && failed && (changed("Complete") || changed("Failed")),
        "cannot set Complete=True and Failed=true conditions",
    );
    say(
        complete && target && (changed("Complete") || changed("FailureTarget")),
        "cannot set Complete=True and FailureTarget=true conditions",
    );
    let failed_indexes = status.get("failedIndexes").value != was.get("failedIndexes").value;
    say(
        failed && !target && (changed("Failed") || failed_indexes),
        "cannot set Failed=True condition without the FailureTarget=true condition",
    );
    say(
        complete && !met && (changed("Complete") || changed("SuccessCriteriaMet")),
        "cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
    );
    say(met && failed, "cannot set SuccessCriteriaMet=True and Failed=true conditions");
    say(met && target, "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions");
    for kind in ["Failed", "Complete", "FailureTarget"] {
        let what = format!("cannot disable the terminal {kind}=True condition");
        say(is_true(was, kind) && !is(kind), &what);
    }
    let was_met = is_true(was, "SuccessCriteriaMet");
    say(was_met && !met, "cannot disable the SuccessCriteriaMet=True condition");
    say(
        is_true(was, "Complete") && !was_met && met,
        "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions",
    );
}

fn is_finished(status: &At<'_>) -> bool {
    is_true(status, "Complete") || is_true(status, "Failed")
}

fn times(spec: &At<'_>, status: &At<'_>, was: &At<'_>, errors: &mut FieldErrors) {
    let (start, done) = (status.get("startTime"), status.get("completionTime"));
    let (old_start, old_done) = (was.get("startTime"), was.get("completionTime"));
    let complete = is_true(status, "Complete");
    let done_changed = complete != is_true(was, "Complete") || done.value != old_done.value;
    if done_changed && done.is_set() && !complete {
        let detail = "cannot set completionTime when there is no Complete=True condition";
        done.invalid(errors, detail);
    }
    if done_changed && !done.is_set() && complete {
        done.required(errors, "completionTime is required for Complete jobs");
    }
    let moved = start.value != old_start.value;
    let both = start.is_set() && done.is_set();
    if (moved || done.value != old_done.value) && both && done.text() < start.text() {
        done.invalid(errors, "must be equal to or after `startTime`");
    }
    let finished = is_finished(status);
    let empty = spec.get("suspend").flag() && spec.get("completions").maybe_int() == Some(0);
    let started = is_finished(was) != finished || moved;
    if started && !empty && finished && !start.is_set() {
        start.required(errors, "startTime is required for finished job");
    }
    if done.is_set() && old_done.is_set() && done.value != old_done.value {
        done.invalid(errors, "field is immutable");
    }
    let suspended_false = status.get("conditions").items().any(|condition| {
        condition.get("type").text() == "Suspended" && condition.get("status").text() == "False"
    });
    let resuming = is_true(was, "Suspended") && suspended_false;
    if moved && !resuming && old_start.is_set() && !spec.get("suspend").flag() {
        start.invalid(errors, "field is immutable for unsuspended job once set");
    }
}

fn counts(spec: &At<'_>, status: &At<'_>, was: &At<'_>, errors: &mut FieldErrors) {
    let finished = is_finished(status);
    let end_changed = is_finished(was) != finished;
    let changed = |field: &'static str| status.get(field).value != was.get(field).value;
    let active = status.get("active");
    if (end_changed || changed("active")) && active.int() > 0 && finished {
        active.invalid(errors, "active>0 is invalid for finished job");
    }
    let uncounted = status.get("uncountedTerminatedPods");
    let some = uncounted.get("failed").len() + uncounted.get("succeeded").len() > 0;
    let old_uncounted = was.get("uncountedTerminatedPods");
    let moved = !equal::semantically(uncounted.value, old_uncounted.value);
    if (end_changed || moved) && finished && some {
        uncounted.invalid(errors, "must be empty for finished job");
    }
    let terminating = status.get("terminating");
    if (end_changed || changed("terminating")) && terminating.int() > 0 && finished {
        terminating.invalid(errors, "terminating>0 is invalid for finished job");
    }
    let ready = status.get("ready");
    if (changed("ready") || changed("active")) && ready.int() > active.int() {
        ready.invalid(errors, "cannot set more ready pods than active");
    }
    let indexed = spec.get("completionMode").text() == "Indexed";
    let elastic = indexed && spec.get("completions").value == spec.get("parallelism").value;
    for field in ["failed", "succeeded"] {
        let at = status.get(field);
        if at.int() < was.get(field).int() && (field == "failed" || !elastic) {
            at.invalid_as(errors, at.int(), format!("cannot decrease the {field} counter"));
        }
    }
}

fn index_lists(spec: &At<'_>, status: &At<'_>, was: &At<'_>, errors: &mut FieldErrors) {
    let (done, failed) = (status.get("completedIndexes"), status.get("failedIndexes"));
    let done_changed = done.text() != was.get("completedIndexes").text();
    let failed_changed = failed.value != was.get("failedIndexes").value;
    let completions = spec.get("completions");
    let per_index = spec.get("backoffLimitPerIndex").is_set();
    let readable = |at: &At<'_>, what: &str, errors: &mut FieldErrors| {
        if let Err(error) = indexes::count(at.text(), completions.int()) {
            at.invalid(errors, format!("error parsing {what}: {error}"));
        }
    };
    if done_changed && completions.is_set() {
        readable(&done, "completedIndexes", errors);
    }
    if failed_changed && completions.is_set() && per_index && failed.is_set() {
        readable(&failed, "failedIndexes", errors);
    }
    if done_changed && !done.is_empty() && spec.get("completionMode").text() != "Indexed" {
        let detail = "cannot set non-empty completedIndexes when non-indexed completion mode";
        done.invalid(errors, detail);
    }
    if failed_changed && !per_index && failed.is_set() {
        let detail = "cannot set non-null failedIndexes when backoffLimitPerIndex is null";
        failed.invalid(errors, detail);
    }
    if (failed_changed || done_changed) && completions.is_set() && failed.is_set() {
        let common = indexes::overlap(done.text(), failed.text(), completions.int());
        if let Some(index) = common {
            let detail = format!("failedIndexes and completedIndexes overlap at index: {index}");
            failed.invalid(errors, detail);
        }
    }
}
