//! Media types: which form a body is in, and which form a client wants.
//!
//! Mirrors `k8s.io/apiserver/pkg/endpoints/handlers/negotiation` and, in the order of clauses,
//! `github.com/munnerz/goautoneg`.

mod accept;

pub use accept::{Chosen, Convert, Offer, accept, accept_stream};

use crate::{DecodeError, Decoded, Schema, TypeId};
use crate::{decode_json, decode_json_free, decode_proto, decode_yaml, decode_yaml_free, envelope};
use object::ApiError;

/// A wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// `application/json`.
    Json,
    /// `application/yaml`.
    Yaml,
    /// `application/vnd.kubernetes.protobuf`.
    Proto,
}

impl Format {
    /// All of them, in upstream's order; the first is what a client gets that does not say.
    pub const ALL: [Self; 3] = [Self::Json, Self::Yaml, Self::Proto];

    /// Its media type: what `Content-Type` says.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Yaml => "application/yaml",
            Self::Proto => "application/vnd.kubernetes.protobuf",
        }
    }

    /// What `Content-Type` says of a watch; YAML has none.
    pub fn stream_media_type(self) -> Option<&'static str> {
        match self {
            Self::Json => Some("application/json"),
            Self::Yaml => None,
            Self::Proto => Some("application/vnd.kubernetes.protobuf;stream=watch"),
        }
    }

    fn of(media_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.media_type() == media_type)
    }
}

/// The format that `Content-Type` names; an empty one is JSON.
///
/// # Errors
/// 415 in upstream's words.
pub fn content_type(header: &str) -> Result<Format, ApiError> {
    if header.is_empty() {
        return Ok(Format::Json);
    }
    let media_type = header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    Format::of(&media_type).ok_or_else(|| {
        ApiError::unsupported_media_type(&Format::ALL.map(Format::media_type).join(", "))
    })
}

/// Reads a body in a format. A protobuf body has its envelope, whose `kind` and `apiVersion` are
/// put into the object.
///
/// # Errors
/// When the body is not of the format, or a value does not fit its field.
pub fn decode(
    format: Format,
    schema: &Schema,
    root: TypeId,
    body: &[u8],
) -> Result<Decoded, DecodeError> {
    match format {
        Format::Json => decode_json(schema, root, body),
        Format::Yaml => decode_yaml(schema, root, body),
        Format::Proto => {
            let unknown = envelope::read(body)?;
            let mut value = decode_proto(schema, root, unknown.raw)?;
            for (name, text) in [("kind", unknown.kind), ("apiVersion", unknown.api_version)] {
                if !text.is_empty() {
                    value[name] = text.into();
                }
            }
            Ok(Decoded { value, strict: Vec::new() })
        }
    }
}

/// Reads the body of a custom resource, which has no form in protobuf.
///
/// # Errors
/// When the body is not of the format.
pub fn decode_free(format: Format, body: &[u8]) -> Result<Decoded, DecodeError> {
    match format {
        Format::Json => decode_json_free(body),
        Format::Yaml => decode_yaml_free(body),
        Format::Proto => Err(DecodeError::NoEnvelope),
    }
}

/// Whether JSON is to be indented: `?pretty=`, or else a person's program.
pub fn is_pretty(query: Option<&str>, user_agent: &str) -> bool {
    match query {
        Some(value) if !value.is_empty() => {
            matches!(value, "1" | "t" | "T" | "true" | "TRUE" | "True")
        }
        _ => ["curl", "Wget", "Mozilla/5.0"].iter().any(|name| user_agent.starts_with(name)),
    }
}

#[cfg(test)]
mod tests;
