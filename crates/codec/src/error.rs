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
