//! What a claim asks for. Mirrors `validateDeviceClaim` of `pkg/apis/resource/validation`.

use super::{At, devices};
use object::{FieldErrors, names};
use std::collections::{BTreeMap, BTreeSet};

const REQUESTS: usize = 32;
const CONSTRAINTS: usize = 32;
const ALTERNATIVES: usize = 8;
const TOLERATIONS: usize = 16;

/// The names of the requests, each with those of its alternatives.
pub(crate) struct RequestNames<'a>(BTreeMap<&'a str, BTreeSet<&'a str>>);

impl<'a> RequestNames<'a> {
    /// Those of `spec.devices`.
    pub(crate) fn of(devices: &At<'a>) -> Self {
        let names = |request: At<'a>| {
            let alternatives = request.get("firstAvailable").items();
            let names = alternatives.map(|one| one.value["name"].as_str().unwrap_or_default());
            (request.value["name"].as_str().unwrap_or_default(), names.collect())
        };
        Self(devices.get("requests").items().map(names).collect())
    }

    fn has(&self, name: &str) -> bool {
        match name.split_once('/') {
            None => self.0.contains_key(name),
            Some((request, one)) => self.0.get(request).is_some_and(|all| all.contains(one)),
        }
    }

    /// It must name a request, or an alternative in one.
    pub(crate) fn reference(&self, at: &At<'_>, errors: &mut FieldErrors) {
        let detail = "must be the name of a request in the claim or the name of a request and a \
                      subrequest separated by '/'";
        let segments: Vec<_> = at.text().split('/').collect();
        if segments.len() > 2 {
            at.invalid(errors, detail);
            return;
        }
        for segment in segments {
            for complaint in names::dns1123_label(segment) {
                at.invalid_as(errors, segment, complaint);
            }
        }
        if !self.has(at.text()) {
            at.invalid(errors, detail);
        }
    }

    /// A list of such names, none twice.
    pub(crate) fn references(&self, at: &At<'_>, errors: &mut FieldErrors) {
        let key = |at: &At<'_>| at.text().to_owned();
        devices::set(at, REQUESTS, errors, key, |at, errors| self.reference(at, errors));
    }
}

/// `resource.ResourceClaimSpec`.
pub(crate) fn spec(at: &At<'_>, errors: &mut FieldErrors) {
    let claim = at.get("devices");
    let known = RequestNames::of(&claim);
    devices::set(&claim.get("requests"), REQUESTS, errors, name, request);
    devices::list(&claim.get("constraints"), CONSTRAINTS, errors, |constraint, errors| {
        known.references(&constraint.get("requests"), errors);
        if constraint.get("matchAttribute").is_set() {
            devices::fully_qualified_name(&constraint.get("matchAttribute"), errors);
        } else if constraint.get("distinctAttribute").is_set() {
            devices::fully_qualified_name(&constraint.get("distinctAttribute"), errors);
        } else {
            constraint.required(
                errors,
                "exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, but \
                 multiple fields are set",
            );
        }
    });
    devices::list(&claim.get("config"), devices::CONFIGS, errors, |config, errors| {
        known.references(&config.get("requests"), errors);
        devices::configuration(config, errors);
    });
}

fn name(at: &At<'_>) -> String {
    at.get("name").text().to_owned()
}

fn request(at: &At<'_>, errors: &mut FieldErrors) {
    at.get("name").check(errors, names::dns1123_label);
    let (exactly, alternatives) = (at.get("exactly"), at.get("firstAvailable"));
    match (exactly.is_set(), !alternatives.is_empty()) {
        (false, false) => {
            at.required(errors, "exactly one of `exactly` or `firstAvailable` is required");
        }
        (true, true) => at.invalid_silently(
            errors,
            "exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set",
        ),
        (true, false) => wanted(&exactly, errors),
        (false, true) => devices::set(&alternatives, ALTERNATIVES, errors, name, |one, errors| {
            one.get("name").check(errors, names::dns1123_label);
            wanted(one, errors);
        }),
    }
}

fn wanted(at: &At<'_>, errors: &mut FieldErrors) {
    devices::class_name(&at.get("deviceClassName"), errors);
    devices::selectors(&at.get("selectors"), errors);
    let (mode, count) = (at.get("allocationMode"), at.get("count"));
    match mode.text() {
        "All" if count.int() != 0 => {
            count.invalid(errors, "must not be specified when allocationMode is 'All'");
        }
        "All" => {}
        "ExactCount" if count.int() <= 0 => {
            count.invalid_as(errors, count.int(), "must be greater than zero");
        }
        "ExactCount" => {}
        _ => mode.not_supported(errors, &["All", "ExactCount"]),
    }
    devices::list(&at.get("tolerations"), TOLERATIONS, errors, devices::toleration);
}
