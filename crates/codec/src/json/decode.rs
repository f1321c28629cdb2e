//! JSON text to the tree, in one pass through the schema: unknown fields are dropped and named,
//! duplicates named, quantities and times made canonical, nulls left out.
//!
//! Mirrors `sigs.k8s.io/json` (case-sensitive, with strict errors) and the `UnmarshalJSON` of the
//! types that have their own.

mod context;
mod free;
mod scalar;
mod structs;

use super::syntax;
use crate::{DecodeError, Schema, TypeId};
use context::Context;
use serde::de::DeserializeSeed;
use serde_json::Value;
use structs::{Seed, Target};

/// What a body held.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The object.
    pub value: Value,
    /// What strict field validation objects to, in the order of the text: `unknown field "spec.x"`,
    /// `duplicate field "spec.y"`. At most [`crate::limits::STRICT_ERRORS`].
    pub strict: Vec<String>,
}

/// The one sentence that a strict request is refused with.
pub fn strict_error(errors: &[String]) -> String {
    format!("strict decoding error: {}", errors.join(", "))
}

/// Reads an object of a known type.
///
/// # Errors
/// When the text is not JSON, or a value does not fit its field; in Go's words.
pub fn decode_json(schema: &Schema, root: TypeId, text: &[u8]) -> Result<Decoded, DecodeError> {
    let mut context = Context::new(schema, true);
    let read = from_text(text, Seed { context: &mut context, target: Target::Struct(root) });
    context.finish(read, Some(text))
}

/// Reads an object that no schema is known for: a custom resource. Only duplicates are named.
///
/// # Errors
/// When the text is not JSON.
pub fn decode_json_free(text: &[u8]) -> Result<Decoded, DecodeError> {
    let empty = Schema::default();
    let mut context = Context::new(&empty, true);
    let read = from_text(text, free::FreeSeed { context: &mut context }).map(Some);
    context.finish(read, Some(text))
}

/// Passes a tree through the schema, such as the result of a patch: as [`decode_json`] would have
/// read its text.
///
/// # Errors
/// When a value does not fit its field; in Go's words.
pub fn decode_tree(schema: &Schema, root: TypeId, tree: Value) -> Result<Decoded, DecodeError> {
    let mut context = Context::new(schema, false);
    let read = Seed { context: &mut context, target: Target::Struct(root) }.deserialize(tree);
    context.finish(read, None)
}

fn from_text<'de, S: DeserializeSeed<'de>>(
    text: &'de [u8],
    seed: S,
) -> Result<S::Value, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = seed.deserialize(&mut reader)?;
    reader.end()?;
    Ok(read)
}

impl Context<'_> {
    fn finish(
        self,
        read: Result<Option<Value>, serde_json::Error>,
        text: Option<&[u8]>,
    ) -> Result<Decoded, DecodeError> {
        match read {
            Ok(value) => {
                // A bare null leaves a Go struct as it was: empty.
                let value = value.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
                Ok(Decoded { value, strict: self.strict })
            }
            Err(error) => Err(match (text.and_then(syntax::error), self.error) {
                // Go reads the whole text before it fills a struct.
                (Some(syntax), _) => DecodeError::Syntax(syntax),
                (None, Some(why)) => DecodeError::Type(why),
                (None, None) => DecodeError::Syntax(error.to_string()),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
