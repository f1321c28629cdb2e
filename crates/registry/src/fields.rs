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
    if let Some(Serves::Scale { replicas, .. }) =
        target.kind.subresource(target.subresource).map(|part| &part.serves)
    {
        forget_zero(object, replicas);
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

/// A Scale of no replicas has no such field, so that nobody owns it then.
fn forget_zero(object: &mut Value, path: &str) {
    let number = path.split('.').fold(&*object, |value, step| &value[step]);
    if number.as_i64().unwrap_or_default() != 0 {
        return;
    }
    let steps: Vec<String> = path.split('.').map(|step| format!("f:{step}")).collect();
    let Some(entries) = object["metadata"]["managedFields"].as_array_mut() else { return };
    entries.retain_mut(|entry| {
        let had_some = !is_empty(&entry["fieldsV1"]);
        remove(&mut entry["fieldsV1"], &steps);
        !had_some || !is_empty(&entry["fieldsV1"])
    });
}

/// Removes the field at these steps, and what it leaves empty.
fn remove(fields: &mut Value, steps: &[String]) {
    let (Some((first, rest)), Some(map)) = (steps.split_first(), fields.as_object_mut()) else {
        return;
    };
    let Some(below) = map.get_mut(first) else { return };
    remove(below, rest);
    if rest.is_empty() || is_empty(below) {
        map.remove(first);
    }
}

fn is_empty(fields: &Value) -> bool {
    fields.as_object().is_none_or(|map| map.is_empty())
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

#[cfg(test)]
mod tests {
    use super::*;
    use object::json;

    #[test]
    fn nobody_owns_a_scale_of_zero() {
        let with = |replicas: i64| {
            let own = json!({"f:spec": {"f:replicas": {}}});
            let more = json!({"f:spec": {"f:replicas": {}, "f:paused": {}}});
            let mut object = json!({"spec": {"replicas": replicas}, "metadata": {"managedFields": [
                {"manager": "a", "fieldsV1": own}, {"manager": "b", "fieldsV1": more}]}});
            forget_zero(&mut object, "spec.replicas");
            object["metadata"]["managedFields"].clone()
        };
        let rest = json!({"f:spec": {"f:paused": {}}});
        assert_eq!(with(0), json!([{"manager": "b", "fieldsV1": rest}]));
        assert_eq!(with(1).as_array().map(Vec::len), Some(2));
    }
}
