//! How events differ while they are written, as `v1` and as `events.k8s.io/v1`, which are stored
//! as one. Mirrors `pkg/registry/core/event` and `pkg/apis/core/validation/events.go`.

use crate::validation::{At, equal};
use crate::{Context, meta_rules, name_rules};
use object::{FieldErrors, Value, meta, names};

const TEXT_BYTES: usize = 128;
const MESSAGE_BYTES: usize = 1024;
const UNSET: &str = "needs to be unset";

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn validate(&self, object: &Value, context: &Context, errors: &mut FieldErrors) {
        both_versions(object, context, errors);
        if context.api_version == "events.k8s.io/v1" {
            new_event(object, errors);
        }
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        both_versions(object, context, errors);
        if context.api_version != "events.k8s.io/v1" {
            return;
        }
        meta_rules::update(object, old, errors);
        let (root, old) = (At::root(object), At::root(old));
        if !equal::semantically(root.get("series").value, old.get("series").value) {
            series(&root, errors);
        }
        for (field, shown) in [
            ("involvedObject", "involvedObject"),
            ("reason", "reason"),
            ("message", "message"),
            ("source", "source"),
            ("firstTimestamp", "firstTimestamp"),
            ("lastTimestamp", "lastTimestamp"),
            ("count", "count"),
            ("type", "type"),
            ("eventTime", "eventTime"),
            ("action", "action"),
            ("related", "related"),
            ("reportingComponent", "reportingController"),
            ("reportingInstance", "reportingInstance"),
        ] {
            root.get(field).shown_as(&root.get(shown)).immutable(errors, &old.get(field));
        }
    }

    /// The old version takes any name that fits into a path.
    fn validate_name(&self, name: &str, prefix: bool) -> Vec<String> {
        name_rules::path_segment(name, prefix)
    }

    fn judges_before_metadata(&self) -> bool {
        true
    }

    fn allow_create_on_update(&self) -> bool {
        true
    }

    fn may_have_dependents(&self) -> bool {
        false
    }
}

fn both_versions(object: &Value, context: &Context, errors: &mut FieldErrors) {
    const OTHER: &str = "does not match event.namespace";
    let root = At::root(object);
    let namespace = meta::namespace(object);
    let involved = root.get("involvedObject").get("namespace");
    let named = involved.text();
    let complain = |errors: &mut FieldErrors| involved.invalid_as(errors, named, OTHER);
    if root.get("eventTime").is_empty() {
        let good =
            if named.is_empty() { matches!(namespace, "" | "default") } else { named == namespace };
        if !good {
            complain(errors);
        }
    } else {
        if named.is_empty() && !matches!(namespace, "default" | "kube-system") {
            complain(errors);
        }
        new_fields(&root, context, errors);
    }
    for complaint in names::dns1123_subdomain(namespace) {
        root.get("namespace").invalid_as(errors, namespace, complaint);
    }
}

fn new_fields(root: &At<'_>, context: &Context, errors: &mut FieldErrors) {
    let shown =
        if context.api_version == "v1" { "reportingComponent" } else { "reportingController" };
    let controller = root.get("reportingComponent").shown_as(&root.get(shown));
    controller.require(errors);
    controller.check(errors, names::qualified_name);
    for field in ["reportingInstance", "action", "reason"] {
        let at = root.get(field);
        at.require(errors);
        if at.len() > TEXT_BYTES {
            at.invalid_as(errors, "", format!("can have at most {TEXT_BYTES} characters"));
        }
    }
    let message = root.get("message");
    if message.len() > MESSAGE_BYTES {
        message.invalid_as(errors, "", format!("can have at most {MESSAGE_BYTES} characters"));
    }
}

fn new_event(object: &Value, errors: &mut FieldErrors) {
    meta_rules::create(object, true, &crate::Plain, errors);
    let root = At::root(object);
    series(&root, errors);
    root.get("eventTime").require(errors);
    let kind = root.get("type");
    if !matches!(kind.text(), "Normal" | "Warning") {
        kind.invalid_as(errors, "", format!("has invalid value: {}", kind.text()));
    }
    for field in ["firstTimestamp", "lastTimestamp", "count", "source"] {
        let at = root.get(field);
        let set = match field {
            "source" => !at.get("component").is_empty() || !at.get("host").is_empty(),
            _ => !at.is_empty(),
        };
        if set {
            at.invalid_as(errors, "", UNSET);
        }
    }
}

fn series(root: &At<'_>, errors: &mut FieldErrors) {
    let series = root.get("series");
    if series.is_set() {
        if series.get("count").int() < 2 {
            root.get("series.count").invalid_as(errors, "", "should be at least 2");
        }
        root.get("series.lastObservedTime").require(errors);
    }
}
