//! The body of a request: read with a limit, then decoded into an object.

use crate::ask::Ask;
use crate::limits::{DISCARDED_BODY_BYTES, REQUEST_BODY_BYTES};
use crate::write_options::FieldValidation;
use axum::body::Body;
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use object::{ApiError, GroupVersion, Gvk, Result, Value};
use schema::{TypeId, builtin};
use std::io::Read;

/// Reads a whole body; 413 when it is over the limit, also once unpacked.
pub(crate) async fn read(body: Body, headers: &HeaderMap) -> Result<Bytes> {
    let bytes = collect(body).await?;
    match headers.get(http::header::CONTENT_ENCODING) {
        Some(encoding) if encoding == "gzip" => unpack(&bytes),
        _ => Ok(bytes),
    }
}

async fn collect(mut body: Body) -> Result<Bytes> {
    let collected = Limited::new(&mut body, REQUEST_BODY_BYTES).collect().await;
    match collected {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            discard(body).await;
            Err(ApiError::body_too_large(REQUEST_BODY_BYTES))
        }
        Err(error) => Err(ApiError::bad_request(format!("unable to read the body: {error}"))),
    }
}

/// Lets the sender come to the end of what it has to say, within a limit.
pub(crate) async fn discard<B: http_body::Body<Data = Bytes> + Unpin>(mut body: B) {
    let mut left = DISCARDED_BODY_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let size = frame.data_ref().map_or(0, Bytes::len);
        if size > left {
            return;
        }
        left -= size;
    }
}

fn unpack(packed: &[u8]) -> Result<Bytes> {
    let mut bytes = Vec::new();
    let limit = REQUEST_BODY_BYTES as u64 + 1;
    GzDecoder::new(packed)
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| ApiError::bad_request(format!("unable to unpack the body: {error}")))?;
    if bytes.len() > REQUEST_BODY_BYTES {
        return Err(ApiError::body_too_large(REQUEST_BODY_BYTES));
    }
    Ok(bytes.into())
}

/// The object in the body: of type `expected`, defaults applied, in that version.
///
/// `strict` findings become an error or warnings, as `fieldValidation` says.
pub(crate) fn object(ask: &Ask, expected: &Gvk) -> Result<Value> {
    let root = root(expected)?;
    let media = codec::negotiate::content_type(header(&ask.parts.headers, &CONTENT_TYPE))?;
    let decoded = match codec::negotiate::decode(media, builtin(), root, &ask.body) {
        Ok(decoded) => decoded,
        Err(error) => {
            // What is of another type fits its own fields, not these.
            if let Ok(free) = codec::negotiate::decode_free(media, &ask.body) {
                check_type(&free.value, expected, &ask.body)?;
            }
            return Err(unreadable(expected, &error, &ask.body));
        }
    };
    let mut object = decoded.value;
    check_type(&object, expected, &ask.body)?;
    if !decoded.strict.is_empty() {
        match ask.field_validation() {
            FieldValidation::Ignore => {}
            FieldValidation::Warn => ask.warn(decoded.strict),
            FieldValidation::Strict => return Err(strict(expected, &decoded.strict)),
        }
    }
    object["kind"] = expected.kind.as_ref().into();
    object["apiVersion"] = expected.group_version().to_string().into();
    schema::defaults::apply(builtin(), root, &mut object);
    Ok(object)
}

/// An object that names a namespace must name the one in the path.
pub(crate) fn check_namespace(ask: &Ask, object: &Value) -> Result<()> {
    let said = object::meta::namespace(object);
    if said.is_empty() || said == ask.resource.namespace {
        return Ok(());
    }
    Err(ApiError::bad_request(
        "the namespace of the provided object does not match the namespace sent on the request",
    ))
}

/// The options object in the body of a delete, without defaults.
pub(crate) fn options(ask: &Ask, expected: &Gvk) -> Result<Value> {
    let root = root(expected)?;
    let media = codec::negotiate::content_type(header(&ask.parts.headers, &CONTENT_TYPE))?;
    let wrong = |error: codec::DecodeError| match error {
        codec::DecodeError::Syntax(why) => {
            ApiError::bad_request(format!("couldn't get version/kind; json parse error: {why}"))
        }
        codec::DecodeError::Type(_) if is_list(&ask.body) => ApiError::bad_request(format!(
            "couldn't get version/kind; json parse error: {NO_TYPE_IN_LIST}"
        )),
        error => ApiError::bad_request(error.to_string()),
    };
    // Upstream has no word for unknown fields here.
    let decoded = codec::negotiate::decode(media, builtin(), root, &ask.body).map_err(wrong)?;
    let said = decoded.value["kind"].as_str().unwrap_or_default();
    if !said.is_empty() && said != expected.kind {
        let version = decoded.value["apiVersion"].as_str().unwrap_or_default();
        return Err(ApiError::bad_request(unregistered(said, version)));
    }
    Ok(decoded.value)
}

/// The schema's type for a root object.
pub(crate) fn root(gvk: &Gvk) -> Result<TypeId> {
    builtin().root(gvk).ok_or_else(|| ApiError::internal(format!("no schema for {gvk}")))
}

/// The refusal of fields that the schema does not know, in upstream's words.
pub(crate) fn strict(expected: &Gvk, findings: &[String]) -> ApiError {
    ApiError::bad_request(format!(
        "{kind} in version {version:?} cannot be handled as a {kind}: strict decoding error: {}",
        findings.join(", "),
        kind = expected.kind,
        version = expected.version,
    ))
}

fn unreadable(expected: &Gvk, error: &codec::DecodeError, body: &[u8]) -> ApiError {
    if let (true, codec::DecodeError::Type(_)) = (is_list(body), error) {
        let why = NO_TYPE_IN_LIST.to_owned();
        return unreadable(expected, &codec::DecodeError::Syntax(why), body);
    }
    if let Some(why) = error.unrecognized(&expected.kind, body) {
        return ApiError::bad_request(why);
    }
    cannot_be_handled(&expected.kind, expected, &error.to_string())
}

/// What Go says where it looks for a type and finds a list.
const NO_TYPE_IN_LIST: &str = concat!(
    "json: cannot unmarshal array into Go value of type struct { APIVersion string ",
    r#""json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#
);

fn is_list(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"[")
}

fn cannot_be_handled(kind: &str, expected: &Gvk, why: &str) -> ApiError {
    ApiError::bad_request(format!(
        "{kind} in version {:?} cannot be handled as a {}: {why}",
        expected.version, expected.kind
    ))
}

/// Upstream's words for a type that nobody knows, with the place in its source that it shows.
fn unregistered(kind: &str, version: &str) -> String {
    format!(
        "no kind {kind:?} is registered for version {version:?} in scheme \
         \"pkg/runtime/scheme.go:111\""
    )
}

/// The object must be what the path is for; it may leave out saying so.
pub(crate) fn check_type(object: &Value, expected: &Gvk, body: &[u8]) -> Result<()> {
    let version = expected.group_version();
    let said_version = object["apiVersion"].as_str().filter(|said| !said.is_empty());
    let said_kind = object["kind"].as_str().filter(|said| !said.is_empty());
    let said_kind = said_kind.unwrap_or(&expected.kind);
    let said = match said_version {
        None => version.clone(),
        Some(text) => GroupVersion::parse(text).ok_or_else(|| {
            let shown = String::from_utf8_lossy(&body[..body.len().min(30)]);
            let more = if body.len() > 30 { " ..." } else { "" };
            ApiError::bad_request(format!(
                "the object provided is unrecognized (must be of type {}): unexpected GroupVersion \
                 string: {text} ({shown}{more})",
                expected.kind
            ))
        })?,
    };
    if said == version && said_kind == expected.kind {
        return Ok(());
    }
    let said_gvk = Gvk::new(said.group.clone(), said.version.clone(), said_kind.to_owned());
    let why = if builtin().root(&said_gvk).is_none() {
        unregistered(said_kind, &said.to_string())
    } else if said_kind == expected.kind && said.group == version.group {
        return Err(ApiError::bad_request(format!(
            "the API version in the data ({said}) does not match the expected API version \
             ({version})"
        )));
    } else {
        // Upstream shows its packages: that of the version, and that of the group's inner form.
        let inner = match version.group.split('.').next() {
            None | Some("" | "events") => "core",
            Some(first) => first,
        };
        format!(
            "converting ({}.{said_kind}) to ({inner}.{}): unknown conversion",
            said.version, expected.kind
        )
    };
    Err(cannot_be_handled(said_kind, expected, &why))
}

fn header<'a>(headers: &'a HeaderMap, name: &http::HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
