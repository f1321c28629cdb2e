//! Who owns which fields: `metadata.managedFields` of every write.
//!
//! Fields are tracked in the version that the caller speaks, since that is what they own.

use crate::{Call, Registry, Target};
use kinds::Serves;
use object::{ApiError, Result, Value, meta};
use patch::apply::{Endpoint, Set};
use schema::builtin;

/// Writes the fields that this call sets into `metadata.managedFields`.
pub(crate) fn track(
    call: &Call<'_>,
    target: &Target<'_>,
    live: Option<&Value>,
    object: &mut Value,
) -> Result<()> {
    let Some(manager) = &call.manager else { return Ok(()) };
    let reset = reset(target);
    let Some(mut endpoint) = Endpoint::new(builtin(), &call.gvk) else { return Ok(()) };
    endpoint.subresource = target.subresource;
    endpoint.reset = reset.as_ref();
    endpoint.convert = Some(&converted);
    let version = call.gvk.group_version().to_string();
    if object["apiVersion"] == version.as_str() {
        endpoint.update(live, object, manager, &call.now);
    } else {
        let live = live.and_then(|live| converted(live, &version));
        let Some(mut spoken) = converted(object, &version) else { return Ok(()) };
        endpoint.update(live.as_ref(), &mut spoken, manager, &call.now);
        let tracked = spoken["metadata"]["managedFields"].take();
        meta::of(object).insert("managedFields".into(), tracked);
    }
    if object["metadata"]["managedFields"].is_null() {
        meta::of(object).remove("managedFields");
    }
    if target.subresource == "scale" {
        forget_times_of_scale(object);
    }
    if let Some(live) = live {
        endpoint.ignore_timestamps(live, object);
    }
    Ok(())
}

impl Registry {
    /// Server-side apply of a configuration, given in the caller's version, to the live object,
    /// in that version too.
    ///
    /// # Errors
    /// 409 with each conflict, unless `force`.
    pub fn apply(
        call: &Call<'_>,
        target: &Target<'_>,
        live: Option<&Value>,
        config: &Value,
        manager: &str,
        force: bool,
    ) -> Result<Value> {
        let reset = reset(target);
        let mut endpoint =
            Endpoint::new(builtin(), &call.gvk).ok_or_else(ApiError::no_such_resource)?;
        endpoint.subresource = target.subresource;
        endpoint.reset = reset.as_ref();
        endpoint.convert = Some(&converted);
        endpoint.apply(live, config, manager, force, &call.now)
    }
}

/// Upstream loses the times of what came by a Scale on the way back into the object; entries
/// without a time come before others of their operation.
fn forget_times_of_scale(object: &mut Value) {
    let Some(entries) = object["metadata"]["managedFields"].as_array_mut() else { return };
    for entry in entries.iter_mut().filter(|entry| entry["subresource"] == "scale") {
        if let Some(entry) = entry.as_object_mut() {
            entry.remove("time");
        }
    }
    entries.sort_by_key(|e| (e["operation"] != "Apply", e.get("time").is_some()));
}

fn converted(object: &Value, version: &str) -> Option<Value> {
    let mut object = object.clone();
    kinds::convert(&mut object, version).ok()?;
    Some(object)
}

/// The fields that this endpoint does not own: upstream's `GetResetFields`.
fn reset(target: &Target<'_>) -> Option<Set> {
    if let Some(fields) = target.kind.strategy.reset_fields(target.subresource) {
        return (!fields.is_empty()).then(|| Set::of_fields(fields));
    }
    match target.kind.subresource(target.subresource).map(|s| &s.serves) {
        Some(Serves::Part(paths)) if paths.contains(&"status") => {
            Some(if target.kind.strategy.status_keeps_metadata() {
                Set::of_fields(&[&["metadata"], &["spec"]])
            } else {
                Set::of_fields(&[&["spec"]])
            })
        }
        Some(_) => None,
        None => {
            let has_status = target.kind.subresource("status").is_some();
            has_status.then(|| Set::of_fields(&[&["status"]]))
        }
    }
}
