//! How certificate signing requests differ while they are written. Mirrors
//! `pkg/registry/certificates/certificates`. That a request is signed by its own key is not
//! looked at here: signers do.

use super::pem;
use crate::validation::{At, diff, equal, signers};
use crate::{Context, ResetFields, name_rules};
use object::{FieldErrors, Value, json, meta};
use std::collections::BTreeSet;

const USAGES: &[&str] = &[
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];
const LEGACY: &str = "kubernetes.io/legacy-unknown";

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn prepare_create(&self, object: &mut Value, context: &Context) {
        let spec = meta::entry(object, "spec");
        for field in ["username", "uid", "groups", "extra"] {
            spec.remove(field);
        }
        for (field, text) in [("username", &context.username), ("uid", &context.uid)] {
            if !text.is_empty() {
                spec.insert(field.into(), text.as_str().into());
            }
        }
        if !context.groups.is_empty() {
            spec.insert("groups".into(), json!(context.groups));
        }
        if !context.extra.is_empty() {
            let extra = context.extra.iter().map(|(key, values)| (key.clone(), json!(values)));
            spec.insert("extra".into(), Value::Object(extra.collect()));
        }
    }

    fn prepare_update(&self, object: &mut Value, old: &Value, context: &Context) {
        match context.subresource.as_str() {
            "" => {
                object["spec"] = old["spec"].clone();
            }
            "status" => {
                for kind in ["Approved", "Denied"] {
                    keep_conditions(object, old, kind);
                }
                times(object, old, &context.now);
            }
            _ => times(object, old, &context.now),
        }
    }

    /// What is asked for never changes, so that nobody owns it.
    fn reset_fields(&self, subresource: &str) -> Option<ResetFields> {
        Some(match subresource {
            "" => &[&["spec"], &["status"]],
            "approval" => &[&["spec"], &["status", "certificate"]],
            _ => &[&["spec"], &["status", "conditions"]],
        })
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        request(object, None, errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        request(object, Some(old), errors);
        changes(object, old, &context.subresource, errors);
    }

    fn validate_name(&self, name: &str, prefix: bool) -> Vec<String> {
        name_rules::path_segment(name, prefix)
    }
}

fn of_kind<'a>(object: &'a Value, kind: &str) -> Vec<&'a Value> {
    let all = object["status"]["conditions"].as_array().into_iter().flatten();
    all.filter(|condition| condition["type"] == kind).collect()
}

/// Decisions are made elsewhere: a status brings them back as they were.
fn keep_conditions(object: &mut Value, old: &Value, kind: &str) {
    let kept: Vec<Value> = of_kind(old, kind).into_iter().cloned().collect();
    if kept.len() != of_kind(object, kind).len() {
        return;
    }
    let list = object["status"].get_mut("conditions").and_then(Value::as_array_mut);
    let same = list.into_iter().flatten().filter(|condition| condition["type"] == kind);
    for (condition, was) in same.zip(kept) {
        *condition = was;
    }
}

fn times(object: &mut Value, old: &Value, now: &str) {
    let list = object["status"].get_mut("conditions").and_then(Value::as_array_mut);
    for condition in list.into_iter().flatten() {
        if condition["lastUpdateTime"].is_null() {
            condition["lastUpdateTime"] = now.into();
        }
        if condition["lastTransitionTime"].is_null() {
            let kind = condition["type"].as_str().unwrap_or_default();
            let same = of_kind(old, kind)
                .into_iter()
                .filter(|was| was["status"] == condition["status"])
                .map(|was| was["lastTransitionTime"].clone())
                .find(|time| !time.is_null());
            condition["lastTransitionTime"] = same.unwrap_or_else(|| now.into());
        }
    }
}

fn request(object: &Value, old: Option<&Value>, errors: &mut FieldErrors) {
    let root = At::root(object);
    let spec = root.get("spec");
    let body = spec.get("request");
    if let Some(complaint) = pem::request_complaint(body.text()) {
        body.invalid(errors, complaint);
    }
    usages(&spec.get("usages"), old, errors);
    let signer = spec.get("signerName");
    let was_legacy = old.is_some_and(|old| old["spec"]["signerName"] == LEGACY);
    if signer.text() == LEGACY && !was_legacy {
        signer.invalid(errors, "the legacy signerName is not allowed via this API version");
    } else {
        signers::signer_name(&signer, errors);
    }
    let seconds = spec.get("expirationSeconds");
    if seconds.is_set() && seconds.int() < 600 {
        let detail = "may not specify a duration less than 600 seconds (10 minutes)";
        seconds.invalid(errors, detail);
    }
    conditions(&root, old, errors);
    let certificate = root.get("status").get("certificate");
    let same = old.is_some_and(|old| old["status"]["certificate"] == *certificate.value);
    if !same && let Some(complaint) = pem::certificate_complaint(certificate.text()) {
        certificate.invalid_as(errors, "<certificate data>", complaint);
    }
}

fn usages(at: &At<'_>, old: Option<&Value>, errors: &mut FieldErrors) {
    at.require(errors);
    let was = old.map(|old| At::root(old).get("spec.usages"));
    let was: Vec<&str> = was.iter().flat_map(|list| list.texts()).collect();
    let unknown_before = was.iter().any(|usage| !USAGES.contains(usage));
    let twice_before = was.iter().collect::<BTreeSet<_>>().len() < was.len();
    let mut seen = BTreeSet::new();
    for usage in at.items() {
        if !unknown_before {
            usage.one_of(errors, USAGES);
        }
    }
    for usage in at.items() {
        if !seen.insert(usage.text()) && !twice_before {
            usage.duplicate(errors, usage.text());
        }
    }
}

fn conditions(root: &At<'_>, old: Option<&Value>, errors: &mut FieldErrors) {
    let list = root.get("status").get("conditions");
    let before = |kind: &str| old.is_some_and(|old| !of_kind(old, kind).is_empty());
    let both_before = before("Approved") && before("Denied");
    let mut seen = BTreeSet::new();
    let mut decided = "";
    for condition in list.items() {
        let (kind, status) = (condition.get("type"), condition.get("status"));
        kind.require(errors);
        let decision = matches!(kind.text(), "Approved" | "Denied");
        if decision || kind.text() == "Failed" {
            status.require_one_of(errors, &["True"]);
        } else {
            status.require_one_of(errors, &["False", "True", "Unknown"]);
        }
        if decision && !decided.is_empty() && decided != kind.text() && !both_before {
            let detail = "Approved and Denied conditions are mutually exclusive";
            list.invalid_as(errors, kind.text(), detail);
        }
        if decision {
            decided = kind.text();
        }
        if !seen.insert(kind.text()) {
            kind.duplicate(errors, kind.text());
        }
    }
}

fn changes(object: &Value, old: &Value, subresource: &str, errors: &mut FieldErrors) {
    let root = At::root(object);
    let list = root.get("status").get("conditions");
    for kind in ["Approved", "Denied", "Failed"] {
        if of_kind(object, kind).len() < of_kind(old, kind).len() {
            let detail = format!("updates may not remove a condition of type {kind:?}");
            list.forbidden(errors, detail);
        }
    }
    for kind in ["Approved", "Denied"].iter().filter(|_| subresource != "approval") {
        let (now, was) = (of_kind(object, kind), of_kind(old, kind));
        if now.len() > was.len() {
            let detail = format!("updates may not add a condition of type {kind:?}");
            list.forbidden(errors, detail);
        } else if now.len() == was.len() && !equal::semantically(&json!(now), &json!(was)) {
            let difference = diff::diff(&json!(was), &json!(now));
            let detail =
                format!("updates may not modify a condition of type {kind:?}\n{difference}");
            list.forbidden(errors, detail);
        }
    }
    let certificate = root.get("status").get("certificate");
    let was = old["status"]["certificate"].as_str().unwrap_or_default();
    if certificate.text() != was {
        if subresource != "status" {
            certificate.forbidden(errors, "updates may not set certificate content");
        } else if !was.is_empty() {
            let detail = "updates may not modify existing certificate content";
            certificate.forbidden(errors, detail);
        }
    }
}
