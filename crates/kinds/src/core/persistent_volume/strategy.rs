//! How persistent volumes differ while they are written. Mirrors
//! `pkg/registry/core/persistentvolume`.

use crate::Context;
use crate::validation::persistent_volume::{self, VolumeOptions};
use crate::validation::{At, diff, equal};
use object::{FieldErrors, Map, Value, json, meta, names};

const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

/// See the module.
#[derive(Debug)]
pub(crate) struct Strategy;

impl crate::Strategy for Strategy {
    fn prepare_create(&self, object: &mut Value, context: &Context) {
        object["status"] = json!({"phase": "Pending", "lastPhaseTransitionTime": context.now});
    }

    fn prepare_update(&self, object: &mut Value, old: &Value, context: &Context) {
        const TIME: &str = "lastPhaseTransitionTime";
        if context.subresource != "status" {
            return;
        }
        let was = &old["status"];
        let status = meta::entry(object, "status");
        let same_phase = status.get("phase").unwrap_or(&Value::Null) == &was["phase"];
        let time = status.get(TIME).cloned().unwrap_or_default();
        if same_phase && time.is_null() && !was[TIME].is_null() {
            status.insert(TIME.into(), was[TIME].clone());
        } else if !same_phase && (time.is_null() || time == was[TIME]) {
            status.insert(TIME.into(), context.now.as_str().into());
        }
    }

    fn validate(&self, object: &Value, _context: &Context, errors: &mut FieldErrors) {
        volume(object, None, errors);
    }

    fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        context: &Context,
        errors: &mut FieldErrors,
    ) {
        if context.subresource == "status" {
            return;
        }
        volume(object, Some(old), errors);
        changes(object, old, errors);
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let mut out = Vec::new();
        for key in [CLASS_ANNOTATION, "volume.beta.kubernetes.io/mount-options"] {
            if meta::annotation(object, key).is_some() {
                let instead =
                    if key == CLASS_ANNOTATION { "storageClassName" } else { "mountOptions" };
                out.push(format!(
                    "metadata.annotations[{key}]: deprecated since v1.8; use \"{instead}\" \
                     attribute instead"
                ));
            }
        }
        out
    }

    fn returns_deleted(&self) -> bool {
        true
    }
}

fn volume(object: &Value, old: Option<&Value>, errors: &mut FieldErrors) {
    let root = At::root(object);
    let terms = old.map(|old| At::root(old).get("spec.nodeAffinity.required.nodeSelectorTerms"));
    let bad_affinity_values = terms.iter().flat_map(|t| t.items()).any(|term| {
        let expressions = term.get("matchExpressions");
        expressions
            .items()
            .any(|e| e.get("values").texts().any(|v| !names::label_value(v).is_empty()))
    });
    let options = VolumeOptions { name: meta::name(object), inline: false, bad_affinity_values };
    let spec = root.get("spec");
    persistent_volume::spec(&spec, options, errors);
    mount_options(&root, &spec, errors);
}

/// Only these sources are mounted with options.
fn mount_options(root: &At<'_>, spec: &At<'_>, errors: &mut FieldErrors) {
    const MOUNTED: &[&str] = &[
        "gcePersistentDisk",
        "awsElasticBlockStore",
        "glusterfs",
        "nfs",
        "rbd",
        "quobyte",
        "iscsi",
        "cinder",
        "cephfs",
        "azureFile",
        "vsphereVolume",
        "azureDisk",
        "csi",
        "storageos",
    ];
    let with_options = MOUNTED.iter().any(|source| spec.get(source).is_set());
    let annotation =
        root.get("metadata.annotations").key("volume.beta.kubernetes.io/mount-options");
    if with_options {
        return;
    }
    if annotation.is_set() {
        let at = root.get("metadata").get("annotations");
        at.key("volume.beta.kubernetes.io/mount-options")
            .forbidden(errors, "may not specify mount options for this volume type");
    }
}

fn changes(object: &Value, old_object: &Value, errors: &mut FieldErrors) {
    let (root, old) = (At::root(object), At::root(old_object));
    let (mut now, was) = (source(object), source(old_object));
    let secret = "controllerExpandSecretRef";
    if was["csi"].is_object() && was["csi"][secret].is_null() {
        // It may be added later, for volumes that learnt to grow.
        if let Some(csi) = now["csi"].as_object_mut() {
            csi.remove(secret);
        }
    }
    if !equal::semantically(&now, &was) {
        let difference = diff::diff(&was, &now);
        root.get("spec").get("persistentvolumesource").forbidden(
            errors,
            format!("spec.persistentvolumesource is immutable after creation\n{difference}"),
        );
    }
    let (spec, old_spec) = (root.get("spec"), old.get("spec"));
    let mode = spec.get("volumeMode").shown_as(&root.get("volumeMode"));
    mode.immutable(errors, &old_spec.get("volumeMode"));
    let affinity = spec.get("nodeAffinity").shown_as(&root.get("nodeAffinity"));
    let was = old_spec.get("nodeAffinity");
    if was.is_set() && !equal::semantically(&renamed(affinity.value, was.value), was.value) {
        let detail = "field is immutable, except for updating from beta label to GA";
        affinity.invalid(errors, detail);
    }
    let class = spec.get("volumeAttributesClassName");
    if old_spec.get("volumeAttributesClassName").is_set() && !class.is_set() {
        class.forbidden(errors, "update from non-nil value to nil is forbidden");
    }
}

/// The part of a spec that says where the volume comes from.
fn source(object: &Value) -> Value {
    let mut out = Map::new();
    for field in persistent_volume::source_fields() {
        if let Some(value) = object["spec"].get(field) {
            out.insert(field.to_owned(), value.clone());
        }
    }
    Value::Object(out)
}

/// The new affinity with labels as they were called before they were stable.
fn renamed(new: &Value, old: &Value) -> Value {
    const RENAMED: &[(&str, &str)] = &[
        ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
        ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
        ("beta.kubernetes.io/os", "kubernetes.io/os"),
        ("beta.kubernetes.io/arch", "kubernetes.io/arch"),
        ("beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type"),
    ];
    let mut out = new.clone();
    let terms = out.pointer_mut("/required/nodeSelectorTerms").and_then(Value::as_array_mut);
    for (t, term) in terms.into_iter().flatten().enumerate() {
        let list = term.get_mut("matchExpressions").and_then(Value::as_array_mut);
        for (e, expression) in list.into_iter().flatten().enumerate() {
            let was = &old["required"]["nodeSelectorTerms"][t]["matchExpressions"][e]["key"];
            let pair = (was.as_str(), expression["key"].as_str());
            if RENAMED.iter().any(|(beta, stable)| pair == (Some(*beta), Some(*stable))) {
                expression["key"] = was.clone();
            }
        }
    }
    out
}
