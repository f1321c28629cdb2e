//! How jobs differ while they are written. Mirrors `pkg/registry/batch/job` and
//! `pkg/apis/batch/validation`.

use super::status_rules;
use crate::Context;
use crate::validation::{At, PodOptions, equal, job, labels, workload};
use object::{FieldErrors, Value, json, meta, names};

const NAME_LABELS: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];
const UID_LABELS: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn delete_warning(&self) -> Option<&'static str> {
        Some(
            "child pods are preserved by default when jobs are deleted; set \
             propagationPolicy=Background to remove them or set propagationPolicy=Orphan to \
             suppress this warning",
        )
    }

    fn prepare_create(&self, object: &mut Value, _context: &Context) {
        if object["spec"]["manualSelector"] != true {
            generate_selector(object);
        }
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        let options = workload::template_options(None);
        new_job(object, &options, false, true, errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        if context.subresource == "status" {
            status_rules::status(object, old, errors);
            return;
        }
        let options = workload::template_options(Some(old));
        let was = &old["spec"];
        let lenient = labels::has_bad_value(&was["selector"]);
        let own = &was["template"]["metadata"]["labels"];
        let prefixed = [NAME_LABELS[1], UID_LABELS[1]].iter().all(|l| !own[*l].is_null());
        new_job(object, &options, lenient, prefixed, errors);
        changes(object, old, errors);
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let mut out = if old.is_some() { Vec::new() } else { workload::name_warning(object) };
        let number = |field: &str| object["spec"][field].as_i64().unwrap_or_default();
        let indexed = object["spec"]["completionMode"] == "Indexed";
        if indexed && number("completions") > 100_000 && number("parallelism") > 10_000 {
            out.push(
                "spec: In Indexed Jobs with a number of completions higher than 100000 and a \
                 parallelism higher than 10000, Kubernetes might not be able to track completed \
                 indexes"
                    .to_owned(),
            );
        }
        out
    }

    fn orphans_by_default(&self) -> bool {
        true
    }
}

/// Labels that no other job's pods have, and a selector for them.
fn generate_selector(object: &mut Value) {
    let (name, uid) = (meta::name(object).to_owned(), meta::uid(object).to_owned());
    let template = meta::entry(object, "spec").entry("template").or_insert_with(|| json!({}));
    let labels = meta::entry(&mut template["metadata"], "labels");
    for label in NAME_LABELS {
        labels.entry(label).or_insert_with(|| name.clone().into());
    }
    for label in UID_LABELS {
        labels.entry(label).or_insert_with(|| uid.clone().into());
    }
    let spec = &mut object["spec"];
    let selector = meta::entry(spec, "selector");
    let chosen = selector.entry("matchLabels").or_insert_with(|| json!({}));
    if chosen.is_null() {
        *chosen = json!({});
    }
    if chosen.get(UID_LABELS[1]).is_none() {
        chosen[UID_LABELS[1]] = uid.into();
    }
}

fn new_job(
    object: &Value,
    options: &PodOptions,
    lenient: bool,
    prefixed: bool,
    errors: &mut FieldErrors,
) {
    let root = At::root(object);
    let spec = root.get("spec");
    generated_selector(&root, &spec, prefixed, errors);
    job::spec(&spec, options, errors);
    let selector = spec.get("selector");
    if selector.is_set() {
        labels::selector(&selector, lenient, errors);
    } else {
        selector.required(errors, "");
    }
    let own = spec.get("template").get("metadata").get("labels");
    let chooses = selector.is_set() && labels::matches(&selector, &own);
    if labels::is_readable(&selector) && !chooses {
        own.invalid(errors, "`selector` does not match template `labels`");
    }
    let completions = spec.get("completions").int();
    if spec.get("completionMode").text() == "Indexed" && completions > 0 {
        let host = format!("{}-{}", meta::name(object), completions - 1);
        if !names::dns1123_label(&host).is_empty() {
            let detail = format!("will not able to create pod with invalid DNS label: {host}");
            root.get("metadata").get("name").invalid_as(errors, meta::name(object), detail);
        }
    }
}

/// A selector that is not the caller's own must be the generated one.
fn generated_selector(root: &At<'_>, spec: &At<'_>, prefixed: bool, errors: &mut FieldErrors) {
    let selector = spec.get("selector");
    if spec.get("manualSelector").flag() || !selector.is_set() {
        return;
    }
    let metadata = root.get("metadata");
    metadata.get("uid").require(errors);
    let (name, uid) = (metadata.get("name").text(), metadata.get("uid").text());
    let own = spec.get("template").get("metadata").get("labels");
    let mut expected = json!({});
    for place in [0, 1] {
        for (label, value) in [(UID_LABELS[place], uid), (NAME_LABELS[place], name)] {
            if place == 1 && !prefixed {
                continue;
            }
            expected[label] = value.into();
            let at = own.key(label);
            if !at.is_set() {
                at.required(errors, format!("must be '{value}'"));
            } else if at.text() != value {
                at.invalid_as(errors, own.value.clone(), format!("must be '{value}'"));
            }
        }
    }
    if labels::is_readable(&selector) && !labels::matches(&selector, &At::root(&expected)) {
        selector.invalid(errors, "`selector` not auto-generated");
    }
}

fn changes(object: &Value, old_object: &Value, errors: &mut FieldErrors) {
    let (root, old) = (At::root(object), At::root(old_object));
    let (spec, was) = (root.get("spec"), old.get("spec"));
    let (completions, parallelism) = (spec.get("completions"), spec.get("parallelism"));
    if spec.get("completionMode").text() != "Indexed" {
        completions.immutable(errors, &was.get("completions"));
    } else if completions.is_set()
        && completions.value != was.get("completions").value
        && completions.int() != parallelism.int()
    {
        let detail = "can only be modified in tandem with spec.parallelism";
        completions.invalid(errors, detail);
    }
    spec.get("selector").immutable(errors, &was.get("selector"));
    template_changes(&spec, &was, may_change_template(&old), errors);
    for field in
        ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"]
    {
        spec.get(field).immutable(errors, &was.get(field));
    }
}

/// A job that is suspended and has no pods.
fn may_change_template(old: &At<'_>) -> bool {
    let status = old.get("status");
    let suspended = status.get("conditions").items().any(|condition| {
        condition.get("type").text() == "Suspended" && condition.get("status").text() == "True"
    });
    old.get("spec.suspend").flag()
        && (!status.get("startTime").is_set() || suspended)
        && status.get("active").int() == 0
}

fn template_changes(spec: &At<'_>, was: &At<'_>, mutable: bool, errors: &mut FieldErrors) {
    let template = spec.get("template");
    let mut munged = was.get("template").value.clone();
    if mutable {
        for field in ["nodeSelector", "tolerations", "schedulingGates"] {
            copy(&mut munged["spec"], &template.value["spec"], field);
        }
        let mut affinity = munged["spec"]["affinity"].clone();
        if !affinity.is_object() {
            affinity = json!({});
        }
        copy(&mut affinity, &template.value["spec"]["affinity"], "nodeAffinity");
        munged["spec"]["affinity"] = affinity;
        for field in ["annotations", "labels"] {
            if !munged["metadata"].is_object() {
                munged["metadata"] = json!({});
            }
            copy(&mut munged["metadata"], &template.value["metadata"], field);
        }
        for field in ["containers", "initContainers"] {
            let new = &template.value["spec"][field];
            let list = munged["spec"].get_mut(field).and_then(Value::as_array_mut);
            let Some(list) = list.filter(|l| new.as_array().is_some_and(|n| n.len() == l.len()))
            else {
                continue;
            };
            for (index, container) in list.iter_mut().enumerate() {
                if container["name"] == new[index]["name"] {
                    copy(container, &new[index], "resources");
                }
            }
        }
        let (pod, was) = (&template.value["spec"], &munged["spec"]);
        if !equal::semantically(pod, was) {
            spec.get("template.spec").invalid(errors, "field is immutable");
        }
    } else if !equal::semantically(template.value, &munged) {
        template.invalid(errors, "field is immutable");
    }
}

fn copy(to: &mut Value, from: &Value, field: &str) {
    if let Some(map) = to.as_object_mut() {
        map.remove(field);
        if let Some(value) = from.get(field) {
            map.insert(field.to_owned(), value.clone());
        }
    }
}
