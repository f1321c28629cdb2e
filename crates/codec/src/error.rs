//! Why bytes could not be read or a tree could not be written.
//!
//! The words are upstream's where it has some; what they answer in HTTP is decided above.

/// Why bytes are no object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The text is not JSON or YAML at all.
    #[error("{0}")]
    Syntax(String),
    /// A value does not fit its field, such as
    /// `json: cannot unmarshal string into Go struct field Pod.spec.replicas of type int32`.
    #[error("{0}")]
    Type(String),
    /// The bytes end inside a field.
    #[error("unexpected EOF")]
    Truncated,
    /// A varint is longer than 64 bits.
    #[error("proto: integer overflow")]
    Overflow,
    /// A tag with the number 0, or a wire type that does not exist.
    #[error("proto: illegal tag {tag} (wire type {wire})")]
    IllegalTag {
        /// The field's number.
        tag: u64,
        /// The wire type that was read.
        wire: u8,
    },
    /// A field has another wire type than its schema says.
    #[error("proto: wrong wireType = {wire} for field {field}")]
    WrongWireType {
        /// The field's JSON name.
        field: String,
        /// The wire type that was read.
        wire: u8,
    },
    /// Bytes of a text are not UTF-8.
    #[error("proto: field {0} contains invalid UTF-8")]
    Utf8(String),
    /// Messages are nested deeper than [`crate::limits::PROTO_DEPTH_MESSAGES`].
    #[error("proto: nested deeper than {0} messages")]
    Depth(usize),
    /// The value does not begin with `k8s\0`.
    #[error(
        "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
    )]
    NoEnvelope,
    /// JSON inside a protobuf field (`RawExtension` and its like) is broken.
    #[error("{field}: {why}")]
    Embedded {
        /// The field's JSON name.
        field: String,
        /// The JSON reader's words.
        why: String,
    },
}

/// Why a tree cannot be written: it was not made by a decoder and breaks its schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A value has another shape than its schema says.
    #[error("{type_name}: field {field:?} must be {expected}")]
    Mismatch {
        /// The struct's OpenAPI name.
        type_name: &'static str,
        /// The field's JSON name.
        field: String,
        /// What stands in the schema.
        expected: &'static str,
    },
}

impl DecodeError {
    /// The sentence that a request is refused with, for a body that should be a `kind`: upstream's
    /// words where a text cannot even be asked what it is, with the beginning of the body. `None`
    /// for the other errors, which say what the object could not be handled as.
    pub fn unrecognized(&self, kind: &str, body: &[u8]) -> Option<String> {
        const SHOWN_BYTES: usize = 30;
        let (prefix, why) = match self {
            Self::Syntax(why) if why.starts_with("yaml: ") => ("", why.clone()),
            Self::Syntax(why) => ("couldn't get version/kind; json parse error: ", why.clone()),
            Self::NoEnvelope => ("", self.to_string()),
            _ => return None,
        };
        let shown = &body[..body.len().min(SHOWN_BYTES)];
        let mut summary = match body.first() {
            None => "<empty>".to_owned(),
            Some(b'{') => String::from_utf8_lossy(shown).into_owned(),
            Some(_) => shown.iter().map(|byte| format!("{byte:02x}")).collect(),
        };
        if body.len() > SHOWN_BYTES {
            summary.push_str(" ...");
        }
        Some(format!(
            "the object provided is unrecognized (must be of type {kind}): {prefix}{why} ({summary})"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::DecodeError;

    #[test]
    fn a_body_that_is_nothing_is_shown() {
        let error = DecodeError::Syntax("unexpected end of JSON input".to_owned());
        for (body, shown) in [
            ("", "<empty>"),
            ("[", "5b"),
            ("{\"spec\":", "{\"spec\":"),
            ("{\"metadata\":{\"name\":\"abcdefghijk", "{\"metadata\":{\"name\":\"abcdefghi ..."),
        ] {
            assert_eq!(
                error.unrecognized("Pod", body.as_bytes()).unwrap(),
                format!(
                    "the object provided is unrecognized (must be of type Pod): couldn't get \
                     version/kind; json parse error: unexpected end of JSON input ({shown})"
                )
            );
        }
        assert_eq!(DecodeError::Truncated.unrecognized("Pod", b""), None);
    }
}
