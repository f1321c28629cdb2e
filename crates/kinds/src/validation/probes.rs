//! Probes and lifecycle handlers. Mirrors `pkg/apis/core/validation`.

use super::At;
use object::{FieldErrors, names};

const HANDLERS: &[&str] = &["exec", "httpGet", "tcpSocket", "grpc", "sleep"];
const ONE_HANDLER: &str = "may not specify more than 1 handler type";

/// The three probes of a container.
pub(crate) fn all(container: &At<'_>, grace_seconds: Option<i64>, errors: &mut FieldErrors) {
    for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let at = container.get(field);
        if !at.is_set() {
            continue;
        }
        probe(&at, grace_seconds, errors);
        if field == "readinessProbe" {
            at.get("terminationGracePeriodSeconds")
                .forbidden_value(errors, "must not be set for readinessProbes");
        } else if at.get("successThreshold").int() != 1 {
            let threshold = at.get("successThreshold");
            threshold.invalid_as(errors, threshold.int(), "must be 1");
        }
    }
}

fn probe(at: &At<'_>, grace_seconds: Option<i64>, errors: &mut FieldErrors) {
    handler(at, grace_seconds, errors);
    for field in [
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ] {
        at.get(field).non_negative(errors);
    }
    let grace = at.get("terminationGracePeriodSeconds");
    if grace.maybe_int().is_some_and(|seconds| seconds <= 0) {
        grace.invalid(errors, "must be greater than 0");
    }
}

/// What runs after a container's start and before its stop, and how it is stopped.
pub(crate) fn lifecycle(
    at: &At<'_>,
    grace_seconds: Option<i64>,
    os: Option<&str>,
    errors: &mut FieldErrors,
) {
    for field in ["postStart", "preStop"] {
        if at.get(field).is_set() {
            handler(&at.get(field), grace_seconds, errors);
        }
    }
    let signal = at.get("stopSignal");
    if signal.is_set() {
        match os {
            None => {
                signal.forbidden(errors, "may not be set for containers with empty `spec.os.name`")
            }
            Some("windows") => signal.one_of(errors, &["SIGKILL", "SIGTERM"]),
            Some("linux") => {
                let known = linux_signals();
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                signal.one_of(errors, &known);
            }
            Some(_) => {}
        }
    }
}

/// The signals of Linux by name, sorted.
fn linux_signals() -> Vec<String> {
    let plain = "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT \
                 SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU \
                 XFSZ RTMIN RTMAX";
    let mut all: Vec<String> = plain.split_whitespace().map(|name| format!("SIG{name}")).collect();
    all.extend((1..=15).map(|n| format!("SIGRTMIN+{n}")));
    all.extend((1..=14).map(|n| format!("SIGRTMAX-{n}")));
    all.sort();
    all
}

fn handler(at: &At<'_>, grace_seconds: Option<i64>, errors: &mut FieldErrors) {
    let mut found = 0;
    for kind in HANDLERS {
        let action = at.get(kind);
        if !action.is_set() {
            continue;
        }
        found += 1;
        if found > 1 {
            action.forbidden(errors, ONE_HANDLER);
            continue;
        }
        match *kind {
            "exec" => {
                action.get("command").require(errors);
            }
            "httpGet" => http_get(&action, errors),
            "sleep" => sleep(&action, grace_seconds, errors),
            _ => port_or_name(&action.get("port"), errors),
        }
    }
    if found == 0 {
        at.required(errors, "must specify a handler type");
    }
}

fn http_get(at: &At<'_>, errors: &mut FieldErrors) {
    at.get("path").require(errors);
    port_or_name(&at.get("port"), errors);
    at.get("scheme").one_of(errors, &["HTTP", "HTTPS"]);
    for header in at.get("httpHeaders").items() {
        for complaint in names::http_header_name(header.get("name").text()) {
            at.get("httpHeaders").invalid_as(errors, header.get("name").text(), complaint);
        }
    }
}

fn sleep(at: &At<'_>, grace_seconds: Option<i64>, errors: &mut FieldErrors) {
    let seconds = at.get("seconds").int();
    if let Some(grace) = grace_seconds
        && !(0..=grace).contains(&seconds)
    {
        let detail =
            format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
        at.invalid_as(errors, seconds, detail);
    }
}

/// A port's number or name.
pub(crate) fn port_or_name(at: &At<'_>, errors: &mut FieldErrors) {
    if at.value.is_string() {
        at.check(errors, names::port_name);
    } else {
        at.check_int(errors, names::port_number);
    }
}
