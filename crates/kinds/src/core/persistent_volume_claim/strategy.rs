//! How claims of persistent volumes differ while they are written. Mirrors
//! `pkg/registry/core/persistentvolumeclaim`.

use crate::Context;
use crate::validation::claims::{self, ClaimOptions};
use crate::validation::{At, diff, equal, labels, resources};
use object::{FieldErrors, Value, json, meta, names};

const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";
const RESIZE_STATES: &[&str] = &[
    "ControllerResizeInProgress",
    "ControllerResizeInfeasible",
    "NodeResizeInProgress",
    "NodeResizeInfeasible",
    "NodeResizePending",
];

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn prepare_create(&self, object: &mut Value, _context: &Context) {
        data_sources(object, None);
    }

    fn prepare_update(&self, object: &mut Value, old: &Value, context: &Context) {
        if context.subresource.is_empty() {
            data_sources(object, Some(old));
        }
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        claims::spec(&At::root(object).get("spec"), ClaimOptions::default(), errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        if context.subresource == "status" {
            status(object, errors);
            return;
        }
        let was = At::root(old).get("spec");
        let options = ClaimOptions {
            bad_selector: !labels::is_readable(&was.get("selector")),
            bad_source_group: was.get("dataSource.apiGroup").is_set()
                || was.get("dataSourceRef.apiGroup").is_set(),
        };
        claims::spec(&At::root(object).get("spec"), options, errors);
        changes(object, old, errors);
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let mut out = Vec::new();
        if meta::annotation(object, CLASS_ANNOTATION).is_some() {
            out.push(format!(
                "metadata.annotations[{CLASS_ANNOTATION}]: deprecated since v1.8; use \
                 \"storageClassName\" attribute instead"
            ));
        }
        let root = At::root(object);
        for field in ["requests", "limits"] {
            let list = root.get("spec").get("resources").get(field);
            let quantity = resources::amount(list.key("storage").value);
            if quantity.milli_value() % 1000 != 0 {
                let path = list.key("storage").path();
                out.push(format!(
                    "{path}: fractional byte value \"{quantity}\" is invalid, must be an integer"
                ));
            }
        }
        out
    }

    fn returns_deleted(&self) -> bool {
        true
    }
}

/// The two fields that say what a volume is filled with are kept the same.
fn data_sources(object: &mut Value, old: Option<&Value>) {
    let had = old.is_some_and(|old| {
        !old["spec"]["dataSource"].is_null() || !old["spec"]["dataSourceRef"].is_null()
    });
    let spec = meta::entry(object, "spec");
    let get = |spec: &object::Map<String, Value>, field: &str| {
        spec.get(field).filter(|v| !v.is_null()).cloned()
    };
    let mut reference = get(spec, "dataSourceRef");
    let across =
        reference.as_ref().is_some_and(|r| !r["namespace"].as_str().unwrap_or_default().is_empty());
    let old_had_reference = old.is_some_and(|old| !old["spec"]["dataSourceRef"].is_null());
    if across && !old_had_reference {
        // Sources in other namespaces are behind a gate that is off.
        spec.remove("dataSourceRef");
        reference = None;
    }
    let source = get(spec, "dataSource");
    if !had
        && reference.is_none()
        && let Some(source) = &source
    {
        let group = source["apiGroup"].as_str().unwrap_or_default();
        let known = match source["kind"].as_str().unwrap_or_default() {
            "PersistentVolumeClaim" => group.is_empty(),
            "VolumeSnapshot" => group == "snapshot.storage.k8s.io",
            _ => false,
        };
        if !known {
            spec.remove("dataSource");
            return;
        }
    }
    let copy = |from: &Value| {
        let mut out = json!({});
        for field in ["apiGroup", "kind", "name"] {
            if let Some(value) = from.get(field) {
                out[field] = value.clone();
            }
        }
        out
    };
    match (source, reference) {
        (Some(source), None) => {
            spec.insert("dataSourceRef".into(), copy(&source));
        }
        (None, Some(reference)) if !across => {
            spec.insert("dataSource".into(), copy(&reference));
        }
        _ => {}
    }
}

fn changes(object: &Value, old_object: &Value, errors: &mut FieldErrors) {
    let (root, old) = (At::root(object), At::root(old_object));
    let (spec, was) = (root.get("spec"), old.get("spec"));
    let bound = root.get("status.phase").text() == "Bound";
    let mut munged = spec.value.clone();
    let keep = |munged: &mut Value, field: &str| {
        if let Some(map) = munged.as_object_mut() {
            map.remove(field);
            if let Some(value) = was.value.get(field) {
                map.insert(field.to_owned(), value.clone());
            }
        }
    };
    if was.get("volumeName").is_empty() {
        keep(&mut munged, "volumeName");
    }
    class_changes(&root, &old, &mut munged, &keep, errors);
    if bound {
        if let Some(requests) = munged.pointer_mut("/resources/requests")
            && let Some(size) = was.get("resources.requests").value.get("storage")
        {
            requests["storage"] = size.clone();
        }
        keep(&mut munged, "volumeAttributesClassName");
    }
    if !equal::semantically(&munged, was.value) {
        let difference = diff::diff(was.value, &munged);
        spec.forbidden(
            errors,
            format!(
                "spec is immutable after creation except resources.requests and \
                 volumeAttributesClassName for bound claims\n{difference}"
            ),
        );
    }
    let size = |at: &At<'_>| resources::amount(at.get("resources.requests.storage").value);
    let held = resources::amount(old.get("status.capacity.storage").value);
    if size(&spec) < size(&was) && size(&spec) <= held {
        let at = spec.get("resources").get("requests").get("storage");
        at.forbidden(errors, "field can not be less than status.capacity");
    }
    let mode = spec.get("volumeMode").shown_as(&root.get("volumeMode"));
    mode.immutable(errors, &was.get("volumeMode"));
    let class = spec.get("volumeAttributesClassName");
    let changed = class.value != was.get("volumeAttributesClassName").value;
    if changed && old.get("status.currentVolumeAttributesClassName").is_set() && class.is_empty() {
        let what = if class.is_set() { "empty string" } else { "nil" };
        class.forbidden(
            errors,
            format!(
                "update to {what} is forbidden when status.currentVolumeAttributesClassName is \
                 not nil"
            ),
        );
    }
}

/// The class may move from the old annotation into its field, and be filled in once.
fn class_changes(
    root: &At<'_>,
    old: &At<'_>,
    munged: &mut Value,
    keep: &dyn Fn(&mut Value, &str),
    errors: &mut FieldErrors,
) {
    let annotations = root.get("metadata").get("annotations");
    let old_annotations = old.get("metadata").get("annotations");
    let (now, was) = (annotations.key(CLASS_ANNOTATION), old_annotations.key(CLASS_ANNOTATION));
    let class = root.get("spec.storageClassName");
    let filled_in = class.is_set() && !old.get("spec.storageClassName").is_set();
    let moved = filled_in
        && was.is_set()
        && class.text() == was.text()
        && (!now.is_set() || now.text() == was.text());
    if moved {
        keep(munged, "storageClassName");
        return;
    }
    if now.text() != was.text() {
        let at = annotations.get(CLASS_ANNOTATION);
        at.invalid_as(errors, now.text(), "field is immutable");
    }
    if filled_in && (!was.is_set() || class.text() == was.text()) {
        keep(munged, "storageClassName");
    }
}

fn status(object: &Value, errors: &mut FieldErrors) {
    let root = At::root(object);
    let status = root.get("status");
    for (_, quantity) in status.get("capacity").entries() {
        resources::basic(&quantity, errors);
    }
    let states = status.get("allocatedResourceStatuses");
    for (name, state) in states.entries() {
        resource_key(&states, name, errors);
        if !RESIZE_STATES.contains(&state.text()) {
            states.not_supported_as(errors, name, RESIZE_STATES);
        }
    }
    let allocated = status.get("allocatedResources");
    for (name, quantity) in allocated.entries() {
        let before = errors.0.len();
        resource_key(&allocated, name, errors);
        if errors.0.len() == before {
            resources::basic(&quantity, errors);
        }
        if errors.0.len() == before {
            resources::value(&quantity, "storage", errors);
        }
    }
}

fn resource_key(at: &At<'_>, name: &str, errors: &mut FieldErrors) {
    let complaints = names::qualified_name(name);
    for complaint in &complaints {
        at.invalid_as(errors, name, complaint.as_str());
    }
    if complaints.is_empty() && resources::is_native(name) && name != "storage" {
        at.not_supported_as(errors, name, &["storage"]);
    }
}
