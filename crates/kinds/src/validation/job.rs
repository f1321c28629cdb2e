//! `batch.JobSpec`, of jobs and of the templates of cron jobs. Mirrors
//! `pkg/apis/batch/validation`.

use super::{At, PodOptions, indexes, pod_template, workload};
use object::{FieldErrors, names};
use std::collections::BTreeSet;

const PARALLELISM_MAX: i64 = 100_000;
const FAILED_INDEXES_MAX: i64 = 100_000;
const MANY_COMPLETIONS: i64 = 100_000;
const MANY_LIMIT: i64 = 10_000;
const RULES_MAX: usize = 20;
const EXIT_CODES_MAX: usize = 255;
const MANAGED_BY_BYTES: usize = 63;
const INDEXES_BYTES: usize = 64 << 10;
const ACTIONS: &[&str] = &["Count", "FailIndex", "FailJob", "Ignore"];
const NEEDS_INDEXED: &str = "requires indexed completion mode";

/// A spec without its selector.
pub(crate) fn spec(at: &At<'_>, options: &PodOptions, errors: &mut FieldErrors) {
    workload::non_negative(
        at,
        &[
            "parallelism",
            "completions",
            "activeDeadlineSeconds",
            "backoffLimit",
            "ttlSecondsAfterFinished",
            "backoffLimitPerIndex",
            "maxFailedIndexes",
        ],
        errors,
    );
    let (per_index, failed) = (at.get("backoffLimitPerIndex"), at.get("maxFailedIndexes"));
    if failed.is_set() && !per_index.is_set() {
        per_index.required(errors, "when maxFailedIndexes is specified");
    }
    let manager = at.get("managedBy");
    if manager.is_set() {
        domain_path(&manager, errors);
        if manager.len() > MANAGED_BY_BYTES {
            manager.too_long(errors, MANAGED_BY_BYTES);
        }
    }
    let mode = at.get("completionMode");
    mode.maybe_one_of(errors, &["NonIndexed", "Indexed"]);
    match mode.text() {
        "Indexed" => indexed(at, errors),
        "NonIndexed" | "" => {
            for field in [&per_index, &failed] {
                field.forbidden_value(errors, NEEDS_INDEXED);
            }
        }
        _ => {}
    }
    let failure = at.get("podFailurePolicy");
    if failure.is_set() {
        failure_policy(at, &failure, errors);
    }
    let success = at.get("successPolicy");
    if success.is_set() && mode.text() == "Indexed" {
        success_policy(at, &success, errors);
    } else if success.is_set() {
        success.invalid(errors, NEEDS_INDEXED);
    }
    let replacement = at.get("podReplacementPolicy");
    if failure.is_set() {
        replacement.maybe_one_of(errors, &["Failed"]);
    } else {
        replacement.maybe_one_of(errors, &["Failed", "TerminatingOrFailed"]);
    }
    let template = at.get("template");
    pod_template::template(&template, options, errors);
    let restart = template.get("spec").get("restartPolicy");
    match restart.text() {
        "" | "Always" => restart.required(errors, "valid values: \"OnFailure\", \"Never\""),
        "OnFailure" if failure.is_set() => restart
            .invalid(errors, "only \"Never\" is supported when podFailurePolicy is specified"),
        "OnFailure" | "Never" => {}
        _ => restart.not_supported(errors, &["OnFailure", "Never"]),
    }
}

/// `example.com/path`.
pub(crate) fn domain_path(at: &At<'_>, errors: &mut FieldErrors) {
    if !at.require(errors) {
        return;
    }
    match at.text().split_once('/') {
        Some((host, path)) if !host.is_empty() && !path.is_empty() => {
            for complaint in names::dns1123_subdomain(host) {
                at.invalid_as(errors, host, complaint);
            }
            let allowed = |b: u8| b.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&b);
            if !path.bytes().all(allowed) {
                let rule = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
                at.invalid_as(errors, path, names::pattern("Invalid path", rule, &[]));
            }
        }
        _ => at.invalid(errors, "must be a domain-prefixed path (such as \"acme.io/foo\")"),
    }
}

fn indexed(at: &At<'_>, errors: &mut FieldErrors) {
    let (completions, parallelism) = (at.get("completions"), at.get("parallelism"));
    let failed = at.get("maxFailedIndexes");
    let too_high = |at: &At<'_>, limit: i64, what: &str, errors: &mut FieldErrors| {
        if at.int() > limit {
            at.invalid(errors, format!("must be less than or equal to {limit}{what}"));
        }
    };
    if !completions.is_set() {
        completions.required(errors, "when completion mode is Indexed");
    }
    too_high(&parallelism, PARALLELISM_MAX, " when completion mode is Indexed", errors);
    if completions.is_set() && failed.int() > completions.int() {
        failed.invalid(errors, "must be less than or equal to completions");
    }
    too_high(&failed, FAILED_INDEXES_MAX, "", errors);
    if completions.int() > MANY_COMPLETIONS && at.get("backoffLimitPerIndex").is_set() {
        if !failed.is_set() {
            let detail = format!("must be specified when completions is above {MANY_COMPLETIONS}");
            failed.required(errors, detail);
        }
        let what = format!(
            " when completions are above {MANY_COMPLETIONS} and used with backoff limit per index"
        );
        too_high(&parallelism, MANY_LIMIT, &what, errors);
        too_high(&failed, MANY_LIMIT, &what, errors);
    }
}

fn failure_policy(spec: &At<'_>, at: &At<'_>, errors: &mut FieldErrors) {
    let rules = at.get("rules");
    rules.at_most(errors, RULES_MAX);
    let pod = spec.get("template.spec");
    let containers: BTreeSet<&str> = ["containers", "initContainers"]
        .iter()
        .flat_map(|field| pod.get(field).items())
        .map(|container| container.get("name").text())
        .collect();
    for rule in rules.items() {
        let action = rule.get("action");
        match action.text() {
            "" => action.required(errors, valid_values(ACTIONS)),
            "FailIndex" if !spec.get("backoffLimitPerIndex").is_set() => {
                action.invalid(errors, "requires the backoffLimitPerIndex to be set");
            }
            _ => action.one_of(errors, ACTIONS),
        }
        let (codes, conditions) = (rule.get("onExitCodes"), rule.get("onPodConditions"));
        if codes.is_set() {
            exit_codes(&codes, &containers, errors);
        }
        conditions.at_most(errors, RULES_MAX);
        for pattern in conditions.items() {
            pattern.get("type").check(errors, names::qualified_name);
            listed(&pattern.get("status"), &["False", "True", "Unknown"], errors);
        }
        match (codes.is_set(), !conditions.is_empty()) {
            (true, true) => rule.invalid_silently(
                errors,
                "specifying both OnExitCodes and OnPodConditions is not supported",
            ),
            (false, false) => rule.invalid_silently(
                errors,
                "specifying one of OnExitCodes and OnPodConditions is required",
            ),
            _ => {}
        }
    }
}

fn valid_values(allowed: &[&str]) -> String {
    let list: Vec<String> = allowed.iter().map(|a| format!("{a:?}")).collect();
    format!("valid values: [{}]", list.join(" "))
}

/// One of a closed set, with upstream's longer complaint where it is missing.
fn listed(at: &At<'_>, allowed: &[&str], errors: &mut FieldErrors) {
    if at.is_empty() {
        at.required(errors, valid_values(allowed));
    } else {
        at.one_of(errors, allowed);
    }
}

fn exit_codes(at: &At<'_>, containers: &BTreeSet<&str>, errors: &mut FieldErrors) {
    let operator = at.get("operator");
    listed(&operator, &["In", "NotIn"], errors);
    let name = at.get("containerName");
    if name.is_set() && !containers.contains(name.text()) {
        name.invalid(
            errors,
            "must be one of the container or initContainer names in the pod template",
        );
    }
    let values = at.get("values");
    if values.is_empty() {
        values.invalid(errors, "at least one value is required");
    }
    values.at_most(errors, EXIT_CODES_MAX);
    let mut seen = BTreeSet::new();
    for value in values.items() {
        if operator.text() == "In" && value.int() == 0 {
            value.invalid(errors, "must not be 0 for the In operator");
        }
        if !seen.insert(value.int()) {
            value.duplicate(errors, value.int());
        }
    }
    let codes: Vec<i64> = values.items().map(|value| value.int()).collect();
    if !codes.is_sorted() {
        values.invalid(errors, "must be ordered");
    }
}

fn success_policy(spec: &At<'_>, at: &At<'_>, errors: &mut FieldErrors) {
    let rules = at.get("rules");
    if rules.is_empty() {
        let detail = "at least one rules must be specified when the successPolicy is specified";
        rules.required(errors, detail);
    }
    rules.at_most(errors, RULES_MAX);
    let completions = spec.get("completions").int();
    for rule in rules.items() {
        let (count, list) = (rule.get("succeededCount"), rule.get("succeededIndexes"));
        if !count.is_set() && !list.is_set() {
            let detail = "at least one of succeededCount or succeededIndexes must be specified";
            rule.required(errors, detail);
        }
        let mut total = 0;
        if list.is_set() {
            if list.len() > INDEXES_BYTES {
                list.too_long(errors, INDEXES_BYTES);
            }
            match indexes::count(list.text(), completions) {
                Ok(count) => total = count,
                Err(error) => {
                    list.invalid(errors, format!("error parsing succeededIndexes: {error}"));
                }
            }
        }
        if count.is_set() {
            count.non_negative(errors);
            if count.int() > completions {
                let detail = format!(
                    "must be less than or equal to {completions} (the number of specified \
                     completions)"
                );
                count.invalid(errors, detail);
            }
            if list.is_set() && count.int() > total {
                let detail = format!(
                    "must be less than or equal to {total} (the number of indexes in the \
                     specified succeededIndexes field)"
                );
                count.invalid(errors, detail);
            }
        }
    }
}
