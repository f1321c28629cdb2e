//! Between the version on the wire and the stored one.

use kinds::Kind;
use object::{Result, Value};
use schema::builtin;

/// An object in a served version, as it is stored.
pub(crate) fn to_stored(kind: &'static Kind, _version: &str, mut object: Value) -> Result<Value> {
    let Some(storage) = &kind.storage else { return Ok(object) };
    kinds::fold(&mut object);
    if is_unserved(kind, storage.group_version) && storage.group_version.starts_with(kind.group) {
        // It is judged in the version in which it came, and so without the defaults of another.
        kinds::convert(&mut object, storage.group_version)?;
    } else {
        convert(&mut object, storage.group_version)?;
    }
    Ok(object)
}

/// Whether objects are stored in a version that no client sees.
fn is_unserved(kind: &'static Kind, stored: &str) -> bool {
    kind.versions.iter().all(|version| kind.gvk(version).group_version().to_string() != stored)
}

/// A stored object in a served version.
pub(crate) fn from_stored(kind: &'static Kind, version: &str, mut object: Value) -> Result<Value> {
    convert(&mut object, &kind.gvk(version).group_version().to_string())?;
    Ok(object)
}

/// Whether objects of this version are stored as they are.
pub(crate) fn is_stored(kind: &'static Kind, version: &str) -> bool {
    let wire = kind.gvk(version).group_version().to_string();
    kind.storage.is_some_and(|storage| storage.group_version == wire)
}

fn convert(object: &mut Value, group_version: &str) -> Result<()> {
    if object["apiVersion"] == group_version {
        return Ok(());
    }
    kinds::convert(object, group_version)?;
    let gvk = object::GroupVersion::parse(group_version).and_then(|gv| {
        let kind = object["kind"].as_str()?.to_owned();
        Some(object::Gvk { group: gv.group, version: gv.version, kind: kind.into() })
    });
    if let Some(root) = gvk.and_then(|gvk| builtin().root(&gvk)) {
        schema::defaults::apply(builtin(), root, object);
    }
    Ok(())
}
