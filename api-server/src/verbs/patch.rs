//! PATCH of one object: four media types, one way to write.

mod words;

use crate::ask::Ask;
use crate::write_options::FieldValidation;
use crate::{Api, answer, body, version};
use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};
use object::{ApiError, FieldErrors, GroupKind, Result, Value, json};
use patch::apply::Endpoint;
use registry::{Call, Registry};
use schema::{TypeId, builtin};

/// What an operation of a JSON patch may say.
const OPERATION_FIELDS: &[&str] = &["op", "path", "from", "value"];

const APPLY: &str = "application/apply-patch+yaml";

/// A patch, read but not yet applied.
enum Patch {
    Json(Value),
    Merge(Value),
    Strategic(Value),
    Apply { config: Value, manager: String, force: bool },
}

/// A patch, and what strict field validation objects to in its own text.
struct Read {
    patch: Patch,
    strict: Vec<String>,
}

pub(super) async fn serve(api: &Api, ask: &Ask) -> Result<Response<Body>> {
    let root = body::root(&ask.gvk())?;
    let read = read(ask)?;
    let call = ask.call(!matches!(read.patch, Patch::Apply { .. }))?;
    let target = ask.target();
    let change = |live: Option<&Value>| {
        let Some(object) = patched_live(ask, &call, root, &read, live)? else {
            return Ok(None);
        };
        version::to_stored(ask.kind, &ask.resource.version, object).map(Some)
    };
    let updated = api.registry.update(&call, &target, &change).await;
    ask.keep_warnings(&call);
    let (item, new) = updated?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    answer::item(ask, status, &item)
}

/// Whether the body of a PATCH is a configuration to apply.
pub(crate) fn is_apply(ask: &Ask) -> bool {
    ask.verb == "patch" && media(ask) == APPLY
}

/// Applies the body of a PATCH to an object of a type of its own (a Scale), which has its
/// managed fields where [`is_apply`].
pub(crate) fn patched(ask: &Ask, at: &Endpoint<'_>, live: &Value, now: &str) -> Result<Value> {
    let read = read(ask)?;
    let object = match &read.patch {
        Patch::Apply { config, manager, force } => {
            at.apply(Some(live), config, manager, *force, now)?
        }
        patch => patch.apply(at.root, live)?,
    };
    checked(ask, at.root, object, &read)
}

fn media(ask: &Ask) -> &str {
    let media = ask.parts.headers.get(CONTENT_TYPE).and_then(|media| media.to_str().ok());
    media.unwrap_or_default().split(';').next().unwrap_or_default().trim()
}

fn read(ask: &Ask) -> Result<Read> {
    let json = || {
        codec::decode_json_free(&ask.body)
            .map(|decoded| (decoded.value, decoded.strict))
            .map_err(|error| ApiError::bad_request(format!("error decoding patch: {error}")))
    };
    let (patch, strict) = match media(ask) {
        "application/json-patch+json" => {
            let (patch, doubled) = json()?;
            let strict = doubled.into_iter().chain(unknown_fields(&patch));
            let strict = strict.map(|finding| format!("json patch {finding}")).collect();
            (Patch::Json(patch), strict)
        }
        "application/merge-patch+json" => {
            let (patch, strict) = json()?;
            if let Some(why) = words::no_object(&patch) {
                return Err(ApiError::bad_request(format!("error decoding patch: {why}")));
            }
            (Patch::Merge(patch), strict)
        }
        "application/strategic-merge-patch+json" => {
            let (patch, strict) = json().map_err(|error| {
                let why = error.message.trim_start_matches("error decoding patch: ");
                ApiError::bad_request(why)
            })?;
            if let Some(why) = words::no_object(&patch) {
                return Err(ApiError::bad_request(why));
            }
            let patch = if patch.is_null() { json!({}) } else { patch };
            (Patch::Strategic(patch), strict)
        }
        APPLY => {
            // As it was written: what is null or unknown is for the apply to judge.
            let decoded = codec::decode_yaml_free(&ask.body)
                .map_err(|error| ApiError::bad_request(format!("error decoding YAML: {error}")))?;
            if let Some(why) = words::no_object(&decoded.value) {
                return Err(ApiError::bad_request(format!(
                    "error decoding YAML: error unmarshaling JSON: while decoding JSON: {why}"
                )));
            }
            findings(ask, &decoded.strict)?;
            let manager = ask.manager();
            let config = decoded.value;
            (Patch::Apply { config, manager, force: ask.query.flag("force") }, Vec::new())
        }
        _ => return Err(unknown_form()),
    };
    Ok(Read { patch, strict })
}

/// What no operation of a JSON patch has.
fn unknown_fields(operations: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (at, operation) in operations.as_array().into_iter().flatten().enumerate() {
        for field in operation.as_object().into_iter().flat_map(object::Map::keys) {
            if !OPERATION_FIELDS.contains(&field.as_str()) {
                found.push(format!("unknown field \"[{at}].{field}\""));
            }
        }
    }
    found
}

/// 415, in the words that upstream's generic code has for it.
fn unknown_form() -> ApiError {
    let why = "415: Unsupported Media Type";
    let mut error = ApiError::new(415, object::Reason::UnsupportedMediaType, why);
    error.details = Some(Box::default());
    error
}

/// From the object as stored to the object as patched, in the caller's version.
fn patched_live(
    ask: &Ask,
    call: &Call<'_>,
    root: TypeId,
    read: &Read,
    live: Option<&Value>,
) -> Result<Option<Value>> {
    let version = &ask.resource.version;
    let live =
        live.map(|live| version::from_stored(ask.kind, version, live.clone())).transpose()?;
    let object = match (&read.patch, &live) {
        (Patch::Apply { config, manager, force }, live)
            if live.is_some() || ask.resource.subresource.is_empty() =>
        {
            Registry::apply(call, &ask.target(), live.as_ref(), config, manager, *force)?
        }
        (_, None) => return Ok(None),
        (patch, Some(live)) => patch.apply(root, live)?,
    };
    let mut object = checked(ask, root, object, read)?;
    if live.is_none() {
        object::meta::set(&mut object, "name", &ask.resource.name);
        object::meta::of(&mut object).remove("resourceVersion");
    }
    Ok(Some(object))
}

impl Patch {
    /// A patch that is no apply, applied.
    fn apply(&self, root: TypeId, live: &Value) -> Result<Value> {
        Ok(match self {
            Patch::Json(operations) => patch::json_patch::apply(live, operations)?,
            Patch::Merge(changes) => patch::merge_patch::apply(live, changes)?,
            Patch::Strategic(changes) => {
                let mut object = patch::strategic::apply(builtin(), root, live, changes)?;
                // Its type is that of the struct that it is put into, whatever it says.
                for field in ["apiVersion", "kind"] {
                    object[field] = live[field].clone();
                }
                object
            }
            Patch::Apply { .. } => return Err(unknown_form()),
        })
    }
}

/// The patched object, held against the schema, with defaults.
fn checked(ask: &Ask, root: TypeId, object: Value, read: &Read) -> Result<Value> {
    let changes = match &read.patch {
        Patch::Strategic(changes) => Some(changes),
        _ => None,
    };
    let shown = changes.map_or_else(|| object.to_string(), words::printed);
    let wrong = |why: String| {
        let mut errors = FieldErrors::new();
        errors.invalid("patch", shown.as_str(), why);
        ApiError::invalid(&GroupKind::new("", ""), "", errors)
    };
    let said = (object["apiVersion"].clone(), object["kind"].clone());
    let decoded = codec::decode_tree(builtin(), root, object).map_err(|error| {
        let why = error.to_string();
        wrong(if changes.is_some() { words::of_converter(&why) } else { why })
    })?;
    let strict = [&*read.strict, &decoded.strict].concat();
    findings(ask, &strict).map_err(|error| match error.code {
        400 => wrong(codec::strict_error(&strict)),
        _ => error,
    })?;
    let mut object = decoded.value;
    check_type(ask, root, &said).map_err(wrong)?;
    for (field, said) in [("apiVersion", said.0), ("kind", said.1)] {
        if !said.is_null() {
            object[field] = said;
        }
    }
    schema::defaults::apply(builtin(), root, &mut object);
    Ok(object)
}

/// A patch can't make one type out of another.
fn check_type(ask: &Ask, root: TypeId, said: &(Value, Value)) -> std::result::Result<(), String> {
    let expected = ask.gvk();
    let (version, kind) = (said.0.as_str(), said.1.as_str());
    // The body of a subresource may be of a type of its own.
    if builtin().root(&expected) != Some(root) || version.is_none() || kind.is_none() {
        return Ok(());
    }
    match body::check_type(&json!({"apiVersion": version, "kind": kind}), &expected, b"") {
        Ok(()) => Ok(()),
        Err(error) => {
            let why = error.message.split_once(": ").map_or("", |(_, why)| why);
            Err(why.to_owned())
        }
    }
}

/// What is done about fields that the schema does not know.
fn findings(ask: &Ask, strict: &[String]) -> Result<()> {
    if strict.is_empty() {
        return Ok(());
    }
    match ask.field_validation() {
        FieldValidation::Ignore => Ok(()),
        FieldValidation::Warn => {
            ask.warn(strict.to_vec());
            Ok(())
        }
        FieldValidation::Strict => Err(body::strict(&ask.gvk(), strict)),
    }
}
