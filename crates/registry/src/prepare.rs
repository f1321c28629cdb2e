//! What every kind shares while it is written: metadata, status, generation.
//!
//! Mirrors `BeforeCreate` and `BeforeUpdate` of `k8s.io/apiserver/pkg/registry/rest`.

use crate::limits::GENERATE_NAME_BYTES;
use crate::{Call, Target};
use kinds::{Kind, Serves, meta_rules};
use object::{ApiError, FieldErrors, GroupKind, GroupVersion, Result, Value, meta};

/// Fields of `metadata` that only the server sets.
const SYSTEM_FIELDS: &[&str] = &[
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "resourceVersion",
];

/// Makes the namespace of a new object that of the path, and drops what only the server sets.
pub(crate) fn begin(target: &Target<'_>, object: &mut Value) -> Result<()> {
    let said = meta::namespace(object);
    if !said.is_empty() && said != target.namespace {
        return Err(ApiError::bad_request(
            "the namespace of the provided object does not match the namespace sent on the \
             request",
        ));
    }
    meta::set(object, "namespace", target.namespace);
    let metadata = meta::of(object);
    if metadata.get("resourceVersion").is_some_and(|v| !matches!(v.as_str(), Some("" | "0"))) {
        // Upstream's words and code; it is the store that refuses there.
        let why = "resourceVersion should not be set on objects to be created";
        return Err(ApiError::new(500, object::Reason::Unknown, why));
    }
    for field in SYSTEM_FIELDS {
        metadata.remove(*field);
    }
    Ok(())
}

/// Makes a name out of `generateName`, where there is none.
pub(crate) fn name(object: &mut Value) {
    if meta::name(object).is_empty() && !meta::generate_name(object).is_empty() {
        let name = generated_name(meta::generate_name(object));
        meta::set(object, "name", &name);
    }
}

/// Everything between the allocators and validating admission of a create.
pub(crate) fn before_create(
    call: &Call<'_>,
    target: &Target<'_>,
    object: &mut Value,
) -> Result<()> {
    let kind = target.kind;
    if has_status(kind) && !kind.strategy.keeps_status_on_create() {
        remove(object, "status");
    }
    meta::set(object, "creationTimestamp", &call.now);
    meta::set(object, "uid", &runtime::entropy::uuid_v4());
    if kind.has_generation {
        meta::of(object).insert("generation".into(), 1.into());
    }
    let context = call.context(target.subresource);
    to_judged(kind, object)?;
    kind.strategy.prepare_create(object, &context);

    let mut errors = FieldErrors::new();
    let metadata = |errors: &mut FieldErrors, object: &Value| {
        meta_rules::create(object, kind.namespaced, kind.strategy, errors);
    };
    if !kind.strategy.judges_before_metadata() {
        metadata(&mut errors, object);
    }
    kind.strategy.validate(object, &context, &mut errors);
    if kind.strategy.judges_before_metadata() && errors.is_empty() {
        metadata(&mut errors, object);
    }
    refuse(kind, object, errors)?;
    call.warn(kind.strategy.warnings(object, None));
    to_stored(kind, object)
}

/// Everything between mutating admission and validating admission of an update.
pub(crate) fn before_update(
    call: &Call<'_>,
    target: &Target<'_>,
    object: &mut Value,
    old: &Value,
) -> Result<()> {
    let kind = target.kind;
    keep_what_is_not_theirs(target, object, old);
    let context = call.context(target.subresource);
    to_judged(kind, object)?;
    let mut judged_old;
    let old = match judged(kind) {
        None => old,
        Some(_) => {
            judged_old = old.clone();
            to_judged(kind, &mut judged_old)?;
            &judged_old
        }
    };
    kind.strategy.prepare_update(object, old, &context);
    if kind.has_generation && !is_own_write(target) && differs_in_substance(object, old) {
        let generation = meta::generation(old) + 1;
        meta::of(object).insert("generation".into(), generation.into());
    }

    let mut errors = FieldErrors::new();
    meta_rules::update_of_any(object, old, kind.namespaced, &mut errors);
    if !kind.strategy.judges_before_metadata() {
        meta_rules::update(object, old, &mut errors);
    }
    kind.strategy.validate_update(object, old, &context, &mut errors);
    refuse(kind, object, errors)?;
    if target.subresource.is_empty() {
        call.warn(kind.strategy.warnings(object, Some(old)));
    }
    to_stored(kind, object)
}

/// Into the version that strategies judge: the preferred one, where the stored one is another
/// version of the same group that nobody is served (CustomResourceDefinitions).
fn to_judged(kind: &'static Kind, object: &mut Value) -> Result<()> {
    match judged(kind) {
        Some((judged, _)) => kinds::convert(object, &judged),
        None => Ok(()),
    }
}

/// And back.
fn to_stored(kind: &'static Kind, object: &mut Value) -> Result<()> {
    match judged(kind) {
        Some((_, stored)) => kinds::convert(object, stored),
        None => Ok(()),
    }
}

/// The judged and the stored version, where they differ.
fn judged(kind: &'static Kind) -> Option<(String, &'static str)> {
    let stored = kind.storage?.group_version;
    let version = stored.rsplit('/').next().unwrap_or(stored);
    let same_group =
        stored.strip_suffix(version).map(|g| g.trim_end_matches('/')) == Some(kind.group);
    let unserved = same_group && !kind.versions.contains(&version);
    unserved.then(|| (kind.gvk(kind.versions[0]).group_version().to_string(), stored))
}

/// Puts back what this endpoint may not change: the server's metadata, and status on an update
/// of the rest, or all the rest on an update of a part.
fn keep_what_is_not_theirs(target: &Target<'_>, object: &mut Value, old: &Value) {
    match target.kind.subresource(target.subresource).map(|s| &s.serves) {
        Some(Serves::Part(paths)) => {
            let mut kept = old.clone();
            kept["metadata"] = object["metadata"].clone();
            if let Some(owners) = old["metadata"].get("ownerReferences") {
                meta::of(&mut kept).insert("ownerReferences".into(), owners.clone());
            }
            if target.subresource == "status" && target.kind.strategy.status_keeps_metadata() {
                for field in ["labels", "annotations", "finalizers", "ownerReferences"] {
                    copy(&old["metadata"], &mut kept["metadata"], field);
                }
            }
            for path in *paths {
                copy(object, &mut kept, path);
            }
            *object = kept;
        }
        Some(Serves::Special) => {}
        _ if has_status(target.kind) => copy(old, object, "status"),
        _ => {}
    }
    keep_system_fields(target, object, old);
}

/// Puts back what only the server sets; what would be another object, or a deletion, is left to be
/// refused.
fn keep_system_fields(target: &Target<'_>, object: &mut Value, old: &Value) {
    let is_status = target.subresource == "status";
    for field in SYSTEM_FIELDS.iter().chain(&["generation"]) {
        let (was, is) = (old["metadata"].get(*field), object["metadata"].get(*field));
        let refusable = match *field {
            "uid" => !meta::uid(object).is_empty(),
            "deletionTimestamp" => !is_status && was.is_none(),
            "deletionGracePeriodSeconds" => !is_status && is.is_some(),
            _ => false,
        };
        match was {
            _ if refusable => {}
            Some(value) => drop(meta::of(object).insert((*field).to_owned(), value.clone())),
            None => drop(meta::of(object).remove(*field)),
        }
    }
}

/// Whether the server itself makes the change that was asked for, such as a binding: upstream
/// stores it past all strategies.
fn is_own_write(target: &Target<'_>) -> bool {
    let served = target.kind.subresource(target.subresource);
    served.is_some_and(|subresource| matches!(subresource.serves, Serves::Special))
}

/// Copies what is at a dotted path, or its absence.
fn copy(from: &Value, to: &mut Value, path: &str) {
    match path.split_once('.') {
        Some((first, rest)) => {
            meta::entry(to, first);
            copy(&from[first], &mut to[first], rest);
        }
        None => match from.get(path) {
            Some(value) => to[path] = value.clone(),
            None => remove(to, path),
        },
    }
}

fn remove(object: &mut Value, field: &str) {
    if let Some(map) = object.as_object_mut() {
        map.remove(field);
    }
}

pub(crate) fn has_status(kind: &'static Kind) -> bool {
    kind.subresource("status").is_some()
}

/// Whether anything but metadata and status differs, as upstream compares objects.
fn differs_in_substance(new: &Value, old: &Value) -> bool {
    let (Some(new), Some(old)) = (new.as_object(), old.as_object()) else { return new != old };
    let counts = |(name, _): &(&String, &Value)| {
        !["metadata", "status", "kind", "apiVersion"].contains(&name.as_str())
    };
    let null = Value::Null;
    let mut names = new.iter().chain(old).filter(counts).map(|(name, _)| name);
    names
        .any(|name| !kinds::is_same(new.get(name).unwrap_or(&null), old.get(name).unwrap_or(&null)))
}

fn refuse(kind: &'static Kind, object: &Value, errors: FieldErrors) -> Result<()> {
    if errors.is_empty() {
        return Ok(());
    }
    // Upstream names the group of the inner form, which is that of the stored one (events).
    let stored = kind.storage.and_then(|storage| GroupVersion::parse(storage.group_version));
    let group = stored.map_or_else(|| kind.group.into(), |version| version.group);
    Err(ApiError::invalid(&GroupKind::new(group, kind.kind), meta::name(object), errors))
}

fn generated_name(prefix: &str) -> String {
    let end = prefix.floor_char_boundary(GENERATE_NAME_BYTES);
    format!("{}{}", &prefix[..end], runtime::entropy::name_suffix())
}
