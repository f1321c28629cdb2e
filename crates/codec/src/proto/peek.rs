//! Single fields out of a message, without decoding the rest: what caches index.

use super::wire::{Entry, Payload, Reader};
use crate::{DecodeError, Schema, TypeId};
use schema::{Field, Scalar, Shape};

/// The part of `metav1.ObjectMeta` that caches and collectors ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata<'a> {
    /// `metadata.name`.
    pub name: &'a str,
    /// `metadata.namespace`; empty for what has none.
    pub namespace: &'a str,
    /// `metadata.uid`.
    pub uid: &'a str,
    /// `metadata.resourceVersion`; empty in what is stored.
    pub resource_version: &'a str,
    /// `metadata.generation`.
    pub generation: i64,
    /// Seconds since 1970 of `metadata.deletionTimestamp`, where deletion has begun.
    pub deletion_seconds: Option<i64>,
    /// `metadata.labels`, in order of their keys.
    pub labels: Vec<(&'a str, &'a str)>,
    /// `metadata.ownerReferences`.
    pub owner_references: Vec<OwnerReference<'a>>,
    /// `metadata.finalizers`.
    pub finalizers: Vec<&'a str>,
}

/// `metav1.OwnerReference`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnerReference<'a> {
    /// The owner's kind.
    pub kind: &'a str,
    /// The owner's name.
    pub name: &'a str,
    /// The owner's UID.
    pub uid: &'a str,
    /// Such as `apps/v1`.
    pub api_version: &'a str,
    /// Whether this owner manages the object.
    pub controller: bool,
    /// Whether deletion in the foreground waits for the object.
    pub block_owner_deletion: bool,
}

/// Reads the metadata of a message (the bytes behind the envelope).
///
/// # Errors
/// When the bytes are broken.
pub fn metadata(raw: &[u8]) -> Result<Metadata<'_>, DecodeError> {
    let mut out = Metadata::default();
    let Some(entry) = last(raw, 1)? else { return Ok(out) };
    let mut reader = Reader::new(entry.payload.bytes("metadata")?);
    while let Some(Entry { tag, payload }) = reader.next()? {
        match tag {
            1 => out.name = payload.text("name")?,
            3 => out.namespace = payload.text("namespace")?,
            5 => out.uid = payload.text("uid")?,
            6 => out.resource_version = payload.text("resourceVersion")?,
            7 => out.generation = payload.varint("generation")? as i64,
            9 => {
                let time = payload.bytes("deletionTimestamp")?;
                let seconds = last(time, 1)?.map(|e| e.payload.varint("seconds")).transpose()?;
                out.deletion_seconds = seconds.map(|seconds| seconds as i64);
            }
            11 => out.labels.push(pair(payload, "labels")?),
            13 => out.owner_references.push(owner(payload)?),
            14 => out.finalizers.push(payload.text("finalizers")?),
            _ => {}
        }
    }
    if !out.labels.is_sorted() {
        out.labels.sort_unstable();
    }
    Ok(out)
}

fn pair<'a>(payload: Payload<'a>, name: &str) -> Result<(&'a str, &'a str), DecodeError> {
    let mut pair = ("", "");
    let mut reader = Reader::new(payload.bytes(name)?);
    while let Some(entry) = reader.next()? {
        match entry.tag {
            1 => pair.0 = entry.payload.text(name)?,
            2 => pair.1 = entry.payload.text(name)?,
            _ => {}
        }
    }
    Ok(pair)
}

fn owner(payload: Payload<'_>) -> Result<OwnerReference<'_>, DecodeError> {
    const NAME: &str = "ownerReferences";
    let mut out = OwnerReference::default();
    let mut reader = Reader::new(payload.bytes(NAME)?);
    while let Some(Entry { tag, payload }) = reader.next()? {
        match tag {
            1 => out.kind = payload.text(NAME)?,
            3 => out.name = payload.text(NAME)?,
            4 => out.uid = payload.text(NAME)?,
            5 => out.api_version = payload.text(NAME)?,
            6 => out.controller = payload.varint(NAME)? != 0,
            7 => out.block_owner_deletion = payload.varint(NAME)? != 0,
            _ => {}
        }
    }
    Ok(out)
}

/// Reads a field by its dotted JSON path, such as `spec.nodeName`, as a field selector compares
/// it: a text as it is, a number or boolean as JSON prints it. `None` where it is absent.
///
/// # Errors
/// When the bytes are broken, or the path leads to no text, number or boolean of the schema.
pub fn field(
    schema: &Schema,
    root: TypeId,
    raw: &[u8],
    path: &str,
) -> Result<Option<String>, DecodeError> {
    let no_such = || DecodeError::Type(format!("no single field at {path:?}"));
    let mut id = root;
    let mut message = raw;
    let mut steps = path.split('.').peekable();
    while let Some(name) = steps.next() {
        let mut inline = Vec::new();
        let field = find(schema, id, name, &mut inline).ok_or_else(no_such)?;
        for tag in inline {
            message = match last(message, tag)? {
                Some(entry) => entry.payload.bytes(name)?,
                None => return Ok(None),
            };
        }
        let entry = last(message, field.tag)?;
        match (&field.shape, steps.peek()) {
            (Shape::Struct(inner), Some(_)) => {
                id = *inner;
                let Some(entry) = entry else { return Ok(None) };
                message = entry.payload.bytes(name)?;
            }
            (Shape::Scalar(scalar), None) => {
                return entry
                    .map(|e| text(*scalar, e.payload, name))
                    .transpose()
                    .map(|found| found.flatten());
            }
            _ => return Err(no_such()),
        }
    }
    Err(no_such())
}

fn text(scalar: Scalar, payload: Payload<'_>, name: &str) -> Result<Option<String>, DecodeError> {
    Ok(Some(match scalar {
        Scalar::String => payload.text(name)?.to_owned(),
        Scalar::Bool => (payload.varint(name)? != 0).to_string(),
        Scalar::Int32 | Scalar::Int64 => (payload.varint(name)? as i64).to_string(),
        Scalar::Uint32 | Scalar::Uint64 => payload.varint(name)?.to_string(),
        _ => return Err(DecodeError::Type(format!("{name} is no text, number or boolean"))),
    }))
}

/// A field of a name, and the tags of the inline structs on the way to it.
fn find<'s>(
    schema: &'s Schema,
    id: TypeId,
    name: &str,
    inline: &mut Vec<u32>,
) -> Option<&'s Field> {
    for field in schema.get(id).fields.iter().filter(|field| field.tag != 0) {
        match &field.shape {
            Shape::Struct(inner) if field.inline => {
                inline.push(field.tag);
                if let Some(found) = find(schema, *inner, name, inline) {
                    return Some(found);
                }
                inline.pop();
            }
            _ if field.name == name => return Some(field),
            _ => {}
        }
    }
    None
}

/// The last occurrence of a tag.
fn last(bytes: &[u8], tag: u32) -> Result<Option<Entry<'_>>, DecodeError> {
    let mut found = None;
    let mut reader = Reader::new(bytes);
    while let Some(entry) = reader.next()? {
        if entry.tag == tag {
            found = Some(entry);
        }
    }
    Ok(found)
}
