//! The owners of a Scale: those of the number of replicas in the object that is scaled.
//!
//! Mirrors `k8s.io/apimachinery/pkg/util/managedfields.ScaleHandler`.

use super::owners::{self, Owner, Owners};
use super::set::Set;
use object::fields_v1::PathElement;
use object::{GroupVersion, Value};

const SCALE_VERSION: &str = "autoscaling/v1";

/// Writes the owners of an object's replicas, which stand at `path`, into its Scale.
///
/// # Errors
/// Where the object's managed fields can't be read.
pub fn to_scale(parent: &Value, path: &[&str], scale: &mut Value) -> Result<(), String> {
    let path = elements(path);
    let mut owners = Owners::new();
    for (identifier, owner) in owners::read(parent)? {
        if is_of(parent, &owner) && owner.set.has(&path) {
            let set = Set::of_fields(&[&["spec", "replicas"]]);
            let api_version = SCALE_VERSION.to_owned();
            owners.insert(identifier, Owner { set, api_version, ..owner });
        }
    }
    owners::write(scale, &owners);
    Ok(())
}

/// Writes the owners of a Scale back into the object.
///
/// # Errors
/// Where the managed fields of either can't be read.
pub fn to_parent(parent: &mut Value, path: &[&str], scale: &Value) -> Result<(), String> {
    let path = elements(path);
    let mut replicas = Set::new();
    replicas.insert(&path);
    let of_parent = owners::read(parent)?;
    let mut of_scale = owners::read(scale)?;
    let mut owners = Owners::new();
    for (identifier, owner) in &of_parent {
        if !is_of(parent, owner) {
            continue;
        }
        let gave_up = owner.set.has(&path) && of_scale.remove(identifier).is_none();
        let set = if gave_up { owner.set.difference(&replicas) } else { owner.set.clone() };
        if !set.is_empty() {
            owners.insert(identifier.clone(), Owner { set, ..owner.clone() });
        }
    }
    let api_version = parent["apiVersion"].as_str().unwrap_or_default().to_owned();
    let in_scale = elements(&["spec", "replicas"]);
    for (identifier, owner) in of_scale {
        if owner.set.has(&in_scale) {
            // The time stays behind, unless the object knew the manager before.
            let time = of_parent.get(&identifier).and_then(|owner| owner.time.clone());
            let (set, api_version) = (replicas.clone(), api_version.clone());
            owners.insert(identifier, Owner { set, api_version, time, ..owner });
        }
    }
    owners::write(parent, &owners);
    Ok(())
}

/// Whether the fields are named in a version of the object's own group.
fn is_of(parent: &Value, owner: &Owner) -> bool {
    let group = |text: &str| GroupVersion::parse(text).map(|version| version.group);
    group(parent["apiVersion"].as_str().unwrap_or_default()) == group(&owner.api_version)
}

fn elements(path: &[&str]) -> Vec<PathElement> {
    path.iter().map(|name| PathElement::Field((*name).to_owned())).collect()
}
