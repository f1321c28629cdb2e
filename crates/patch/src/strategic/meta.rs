//! Where in the schema a strategic merge patch stands, and what it says of each field.
//!
//! Mirrors `strategicpatch.PatchMetaFromStruct`.

use crate::PatchError;
use schema::{Schema, Shape, Text, TypeId};

/// A type, as far as the patch has come.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    schema: &'a Schema,
    at: At<'a>,
}

#[derive(Clone, Copy)]
enum At<'a> {
    Struct(TypeId),
    Shape(&'a Shape),
}

/// How a field is patched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Strategy {
    /// The field is replaced as a whole, though it is an object.
    pub(super) replace: bool,
    /// The field's items are merged.
    pub(super) merge: bool,
    /// What tells the items of a list of objects apart.
    pub(super) merge_key: Option<Text>,
}

impl<'a> Place<'a> {
    /// At an object's root.
    pub(super) fn root(schema: &'a Schema, root: TypeId) -> Self {
        Self { schema, at: At::Struct(root) }
    }

    /// Steps into a field that holds an object.
    pub(super) fn object(self, key: &str) -> Result<(Self, Strategy), PatchError> {
        let id = match self.at {
            At::Struct(id) => id,
            At::Shape(Shape::Struct(id)) => *id,
            At::Shape(shape) => {
                return Err(PatchError::Mistyped(format!(
                    "merging an object in json but data type is not struct, instead is: {}",
                    go_kind(shape)
                )));
            }
        };
        let field = self.schema.field(id, key).ok_or_else(|| {
            let name = self.schema.get(id).name;
            PatchError::Mistyped(format!(
                "unable to find api field in struct {} for the json field {}",
                name.rsplit('.').next().unwrap_or(name),
                object::quote::quoted(key)
            ))
        })?;
        let strategies = field.patch_strategy.unwrap_or_default();
        let has = |name: &str| strategies.split(',').any(|strategy| strategy == name);
        let strategy = Strategy {
            replace: has("replace"),
            merge: has("merge"),
            merge_key: field.patch_merge_key,
        };
        Ok((Self { schema: self.schema, at: At::Shape(&field.shape) }, strategy))
    }

    /// Steps into the items of a field that holds a list.
    pub(super) fn list(self, key: &str) -> Result<(Self, Strategy), PatchError> {
        let (place, strategy) = self.object(key)?;
        match place.at {
            At::Shape(Shape::List(item)) => match &**item {
                Shape::List(_) => Err(PatchError::Mistyped("unexpected slice of slice".into())),
                item => Ok((Self { schema: self.schema, at: At::Shape(item) }, strategy)),
            },
            _ => Err(PatchError::Mistyped("expected slice or array type, but got: struct".into())),
        }
    }

    /// The kind of Go's type, as errors name it.
    pub(super) fn kind(self) -> &'static str {
        match self.at {
            At::Struct(_) => "struct",
            At::Shape(shape) => go_kind(shape),
        }
    }
}

fn go_kind(shape: &Shape) -> &'static str {
    use schema::Scalar::*;
    match shape {
        Shape::Struct(_) => "struct",
        Shape::List(_) | Shape::Scalar(Bytes) => "slice",
        Shape::Map(_) => "map",
        Shape::Scalar(scalar) => match scalar {
            Bool => "bool",
            Int32 => "int32",
            Int64 => "int64",
            Uint32 => "uint32",
            Uint64 => "uint64",
            Float => "float32",
            Double => "float64",
            String => "string",
            _ => "struct",
        },
    }
}
