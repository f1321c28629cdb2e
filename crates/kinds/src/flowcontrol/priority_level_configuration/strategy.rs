//! How priority levels differ while they are written. Mirrors
//! `pkg/registry/flowcontrol/prioritylevelconfiguration`.

use crate::validation::{At, equal};
use crate::{Context, ResetFields};
use object::{FieldErrors, Value, json, meta};
use std::collections::BTreeSet;

const QUEUES_MAX: i64 = 10_000_000;
const HASH_BITS: u32 = 60;
const SHARES: &str = "must be a non-negative integer";
const PERCENT: &str = "must be between 0 and 100, inclusive";

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn prepare_update(&self, object: &mut Value, old: &Value, context: &Context) {
        keep_metadata(object, old, context);
    }

    fn reset_fields(&self, subresource: &str) -> Option<ResetFields> {
        (subresource == "status").then_some(&[&["metadata"], &["spec"]])
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let root = At::root(object);
        let old_annotation = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares";
        let annotations = root.get("metadata").get("annotations");
        if annotations.key(old_annotation).is_set() {
            let detail = format!("annotation '{old_annotation}' is forbidden");
            annotations.forbidden(errors, detail);
        }
        let spec = root.get("spec");
        level(&spec, meta::name(object), errors);
        mandatory(&spec, meta::name(object), errors);
        conditions(&root.get("status"), errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        _old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        if context.subresource == "status" {
            conditions(&At::root(object).get("status"), errors);
        } else {
            self.validate(object, context, errors);
        }
    }
}

/// A status can't change metadata, but for its managed fields.
pub(crate) fn keep_metadata(object: &mut Value, old: &Value, context: &Context) {
    if context.subresource != "status" {
        return;
    }
    let managed = object["metadata"]["managedFields"].take();
    object["metadata"] = old["metadata"].clone();
    if !managed.is_null() {
        meta::of(object).insert("managedFields".into(), managed);
    }
}

/// The conditions of a status: typed, and each type once.
pub(crate) fn conditions(status: &At<'_>, errors: &mut FieldErrors) {
    let mut seen = BTreeSet::new();
    for condition in status.get("conditions").items() {
        let kind = condition.get("type");
        if !seen.insert(kind.text()) {
            kind.duplicate(errors, kind.text());
        }
        kind.require(errors);
    }
}

fn level(at: &At<'_>, name: &str, errors: &mut FieldErrors) {
    let (kind, limited, exempt) = (at.get("type"), at.get("limited"), at.get("exempt"));
    if (name == "exempt") != (kind.text() == "Exempt") {
        let detail = "must be 'Exempt' if and only if `name` is 'exempt'";
        kind.invalid_as(errors, kind.text(), detail);
    }
    match kind.text() {
        "Exempt" => {
            limited.forbid(errors, "must be nil if the type is not Limited");
            shares(&exempt, errors);
        }
        "Limited" => {
            exempt.forbid(errors, "must be nil if the type is Limited");
            if limited.is_set() {
                shares(&limited, errors);
                let borrowed = limited.get("borrowingLimitPercent");
                response(&limited.get("limitResponse"), errors);
                if borrowed.int() < 0 {
                    let detail = "if specified, must be a non-negative integer";
                    borrowed.invalid(errors, detail);
                }
            } else {
                limited.required(errors, "must not be empty when type is Limited");
            }
        }
        _ => kind.require_one_of(errors, &["Exempt", "Limited"]),
    }
}

fn shares(at: &At<'_>, errors: &mut FieldErrors) {
    let (own, lent) = (at.get("nominalConcurrencyShares"), at.get("lendablePercent"));
    if own.int() < 0 {
        own.invalid(errors, SHARES);
    }
    if !(0..=100).contains(&lent.int()) {
        lent.invalid(errors, PERCENT);
    }
}

fn response(at: &At<'_>, errors: &mut FieldErrors) {
    let (kind, queuing) = (at.get("type"), at.get("queuing"));
    match kind.text() {
        "Reject" => {
            queuing.forbid(errors, "must be nil if limited.limitResponse.type is not Limited")
        }
        "Queue" if !queuing.is_set() => {
            queuing.required(errors, "must not be empty if limited.limitResponse.type is Limited")
        }
        "Queue" => queues(&queuing, errors),
        _ => kind.require_one_of(errors, &["Queue", "Reject"]),
    }
}

fn queues(at: &At<'_>, errors: &mut FieldErrors) {
    const POSITIVE: &str = "must be positive";
    let (length, count, hand) = (at.get("queueLengthLimit"), at.get("queues"), at.get("handSize"));
    if length.int() <= 0 {
        length.invalid_as(errors, length.int(), POSITIVE);
    }
    if count.int() <= 0 {
        count.invalid_as(errors, count.int(), POSITIVE);
    } else if count.int() > QUEUES_MAX {
        count.invalid(errors, format!("must not be greater than {QUEUES_MAX}"));
    }
    let (decks, cards) = (count.int(), hand.int());
    if cards <= 0 {
        hand.invalid_as(errors, cards, POSITIVE);
    } else if cards > decks {
        hand.invalid(errors, format!("should not be greater than queues ({decks})"));
    } else if entropy_bits(decks, cards) > HASH_BITS {
        let detail = format!(
            "required entropy bits of deckSize {decks} and handSize {cards} should not be \
             greater than {HASH_BITS}"
        );
        hand.invalid(errors, detail);
    }
}

/// The bits of a hash that it takes to deal a hand.
fn entropy_bits(decks: i64, cards: i64) -> u32 {
    let hands: f64 = (0..cards.min(decks)).map(|dealt| ((decks - dealt) as f64).log2()).sum();
    hands.ceil() as u32
}

/// The levels that every cluster has can't be changed.
fn mandatory(spec: &At<'_>, name: &str, errors: &mut FieldErrors) {
    if name == "exempt" {
        let fixed = json!({"type": "Exempt"});
        let mut given = spec.value.clone();
        if let Some(map) = given.as_object_mut() {
            map.remove("exempt");
        }
        if !equal::semantically(&given, &fixed) {
            let detail = "spec of 'exempt' except the 'spec.exempt' field must equal the fixed \
                          value";
            spec.invalid(errors, detail);
        }
    }
    let fixed = json!({"type": "Limited", "limited": {"nominalConcurrencyShares": 5,
        "lendablePercent": 0, "limitResponse": {"type": "Reject"}}});
    if name == "catch-all" && !equal::semantically(spec.value, &fixed) {
        spec.invalid(errors, "spec of 'catch-all' must equal the fixed value");
    }
}
