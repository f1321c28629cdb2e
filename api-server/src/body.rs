//! The body of a request: read with a limit, then decoded into an object.

use crate::ask::{Ask, FieldValidation};
use crate::limits::REQUEST_BODY_BYTES;
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
pub async fn read(body: Body, headers: &HeaderMap) -> Result<Bytes> {
    let bytes = match Limited::new(body, REQUEST_BODY_BYTES).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Err(ApiError::body_too_large(REQUEST_BODY_BYTES));
        }
        Err(error) => {
            return Err(ApiError::bad_request(format!("unable to read the body: {error}")));
        }
    };
    match headers.get(http::header::CONTENT_ENCODING) {
        Some(encoding) if encoding == "gzip" => unpack(&bytes),
        _ => Ok(bytes),
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
pub fn object(ask: &Ask, expected: &Gvk, warnings: &mut Vec<String>) -> Result<Value> {
    let root = root(expected)?;
    let media = codec::negotiate::content_type(header(&ask.headers, &CONTENT_TYPE))?;
    let wrong = |error: codec::DecodeError| unreadable(expected, error);
    let decoded = codec::negotiate::decode(media, builtin(), root, &ask.body).map_err(wrong)?;
    let validation = ask.field_validation()?;
    let mut object = decoded.value;
    check_type(&object, expected)?;
    if !decoded.strict.is_empty() {
        match validation {
            FieldValidation::Ignore => {}
            FieldValidation::Warn => warnings.extend(decoded.strict),
            FieldValidation::Strict => return Err(strict(expected, &decoded.strict)),
        }
    }
    object["kind"] = expected.kind.as_ref().into();
    object["apiVersion"] = expected.group_version().to_string().into();
    schema::defaults::apply(builtin(), root, &mut object);
    Ok(object)
}

/// The options object in the body of a delete, without defaults.
pub fn options(ask: &Ask, expected: &Gvk, warnings: &mut Vec<String>) -> Result<Value> {
    let root = root(expected)?;
    let media = codec::negotiate::content_type(header(&ask.headers, &CONTENT_TYPE))?;
    let wrong = |error: codec::DecodeError| unreadable(expected, error);
    let decoded = codec::negotiate::decode(media, builtin(), root, &ask.body).map_err(wrong)?;
    warnings.extend(decoded.strict);
    Ok(decoded.value)
}

/// The schema's type for a root object.
pub fn root(gvk: &Gvk) -> Result<TypeId> {
    builtin().root(gvk).ok_or_else(|| ApiError::internal(format!("no schema for {gvk}")))
}

/// The refusal of fields that the schema does not know, in upstream's words.
pub fn strict(expected: &Gvk, findings: &[String]) -> ApiError {
    ApiError::bad_request(format!(
        "{kind} in version {version:?} cannot be handled as a {kind}: strict decoding error: {}",
        findings.join(", "),
        kind = expected.kind,
        version = expected.version,
    ))
}

fn unreadable(expected: &Gvk, error: codec::DecodeError) -> ApiError {
    ApiError::bad_request(format!(
        "{kind} in version {version:?} cannot be handled as a {kind}: {error}",
        kind = expected.kind,
        version = expected.version,
    ))
}

/// The object must be what the path is for; it may leave out saying so.
fn check_type(object: &Value, expected: &Gvk) -> Result<()> {
    let said_version = object["apiVersion"].as_str().unwrap_or_default();
    let version = expected.group_version();
    if !said_version.is_empty() && GroupVersion::parse(said_version).as_ref() != Some(&version) {
        return Err(ApiError::bad_request(format!(
            "the API version in the data ({said_version}) does not match the expected API \
             version ({version})"
        )));
    }
    let said_kind = object["kind"].as_str().unwrap_or_default();
    if !said_kind.is_empty() && said_kind != expected.kind {
        return Err(ApiError::bad_request(format!(
            "{} in version {:?} cannot be handled as a {}: converting ({said_version}.{said_kind}) \
             to ({version}.{}): unknown conversion",
            said_kind, version.version, expected.kind, expected.kind
        )));
    }
    Ok(())
}

fn header<'a>(headers: &'a HeaderMap, name: &http::HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
