//! Reads the text of the schema table. It is written by `cargo xtask schema`; its notation is
//! described here, and nothing else knows it.
//!
//! ```text
//! package io.k8s.api.apps.v1                      the names below are meant in it
//! enum DeploymentStrategyType "Recreate" "RollingUpdate"
//! type Deployment gvk=apps/v1/Deployment introduced=1.9
//!  - 0 io.k8s.apimachinery.pkg.apis.meta.v1.TypeMeta inline
//!  spec 2 DeploymentSpec omitempty                JSON name, protobuf tag, shape, facts
//! ```
//!
//! A shape is `*` for a pointer, `[]` for a list, `{}` for a map of strings, and then a scalar in
//! lower case or a type. A `default=` is the last fact of its line and may hold spaces.

use crate::{EnumId, Field, Lifecycle, Merge, Scalar, Schema, Shape, Text, Type, TypeId};
use object::{GroupVersion, Gvk};
use std::collections::HashMap;

/// A line of a table that is not understood.
#[derive(Debug, PartialEq, Eq)]
pub struct TableError {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl std::fmt::Display for TableError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "schema table, line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for TableError {}

pub(crate) fn builtin() -> Schema {
    parse(include_str!("../tables/builtin.txt")).expect("the committed table is read by a test")
}

pub(crate) fn parse(table: Text) -> Result<Schema, TableError> {
    let names = Names::collect(table);
    let mut schema = Schema::default();
    let mut package = "";
    for (i, line) in table.lines().enumerate() {
        let fail = |reason: String| TableError { line: i + 1, reason };
        let (head, rest) = line.split_once(' ').unwrap_or((line, ""));
        match head {
            "package" => package = rest,
            "enum" => schema.enums.push(enum_values(rest)),
            "type" => {
                shrink(&mut schema);
                let id = TypeId(schema.types.len() as u16);
                let parsed = type_line(&mut schema, id, package, rest).map_err(fail)?;
                schema.by_name.insert(parsed.name, id);
                schema.types.push(parsed);
            }
            "" if rest.is_empty() => {}
            "" => {
                let field = field_line(&names, package, rest).map_err(fail)?;
                let parent = schema.types.last_mut();
                parent.ok_or_else(|| fail("a field without a type".into()))?.fields.push(field);
            }
            "#" => {}
            other => return Err(fail(format!("{other:?} begins no line"))),
        }
    }
    shrink(&mut schema);
    schema.types.shrink_to_fit();
    Ok(schema)
}

/// Gives back what the last type's fields had to grow: the schema lives as long as the process.
fn shrink(schema: &mut Schema) {
    if let Some(last) = schema.types.last_mut() {
        last.fields.shrink_to_fit();
    }
}

/// The places of all types and enumerations, which lines name before they come.
#[derive(Default)]
struct Names {
    types: HashMap<(Text, Text), TypeId>,
    enums: HashMap<(Text, Text), EnumId>,
}

impl Names {
    fn collect(table: Text) -> Self {
        let mut names = Self::default();
        let mut package = "";
        for line in table.lines() {
            let Some((head, rest)) = line.split_once(' ') else { continue };
            let name = rest.split(' ').next().unwrap_or_default();
            match head {
                "package" => package = rest,
                "type" => {
                    let id = TypeId(names.types.len() as u16);
                    names.types.insert((package, name), id);
                }
                "enum" => {
                    let id = EnumId(names.enums.len() as u16);
                    names.enums.insert((package, name), id);
                }
                _ => {}
            }
        }
        names
    }
}

/// A name as it stands in a line: one of its package, or a full one.
fn split_name(package: Text, name: Text) -> (Text, Text) {
    name.rsplit_once('.').unwrap_or((package, name))
}

/// The values in quotes, which may hold spaces.
fn enum_values(rest: Text) -> Vec<Text> {
    let values = rest.split_once(" \"").map_or("", |(_, values)| values);
    values.strip_suffix('"').unwrap_or(values).split("\" \"").collect()
}

fn type_line(schema: &mut Schema, id: TypeId, package: Text, line: Text) -> Result<Type, String> {
    let mut words = line.split(' ');
    let short = words.next().unwrap_or_default();
    let name = format!("{package}.{short}").leak();
    let mut parsed =
        Type { name, fields: vec![], gvk: None, atomic: false, lifecycle: Lifecycle::default() };
    for word in words {
        let (fact, value) = word.split_once('=').ok_or_else(|| format!("no fact: {word:?}"))?;
        match fact {
            "gvk" => root(schema, id, &mut parsed, value)?,
            "struct" => parsed.atomic = value == "atomic",
            "introduced" => parsed.lifecycle.introduced = Some(value),
            "deprecated" => parsed.lifecycle.deprecated = Some(value),
            "removed" => parsed.lifecycle.removed = Some(value),
            "replacement" => parsed.lifecycle.replacement = Some(value),
            other => return Err(format!("no fact of a type: {other:?}")),
        }
    }
    Ok(parsed)
}

/// A root, written `group/version/Kind`, or `*/Kind` for every group.
fn root(schema: &mut Schema, id: TypeId, parsed: &mut Type, gvk: Text) -> Result<(), String> {
    if let Some(kind) = gvk.strip_prefix("*/") {
        schema.everywhere.insert(kind, id);
        return Ok(());
    }
    let mut parts = gvk.splitn(3, '/');
    let (Some(group), Some(version), Some(kind)) = (parts.next(), parts.next(), parts.next())
    else {
        return Err(format!("no group, version and kind: {gvk:?}"));
    };
    schema.group_versions.insert(GroupVersion::new(group, version));
    let gvk = Gvk::new(group, version, kind);
    parsed.gvk.get_or_insert_with(|| gvk.clone());
    schema.by_gvk.insert(gvk, id);
    Ok(())
}

fn field_line(names: &Names, package: Text, line: Text) -> Result<Field, String> {
    let (line, default) = match line.split_once(" default=") {
        Some((line, default)) => (line, Some(default)),
        None => (line, None),
    };
    let mut words = line.split(' ');
    let (Some(name), Some(tag), Some(shape)) = (words.next(), words.next(), words.next()) else {
        return Err("a field has a name, a tag and a shape".into());
    };
    let mut field = Field {
        name: if name == "-" { "" } else { name },
        tag: tag.parse().map_err(|_| format!("no tag: {tag:?}"))?,
        pointer: shape.starts_with(['*', '[', '{']) || matches!(shape, "bytes" | "strings"),
        shape: shape_of(names, package, shape)?,
        inline: false,
        omit_empty: false,
        omit_zero: false,
        required: false,
        merge: Merge::Default,
        patch_merge_key: None,
        patch_strategy: None,
        default,
        enumeration: None,
        gates: vec![],
    };
    for word in words {
        let (fact, value) = word.split_once('=').unwrap_or((word, ""));
        match fact {
            "inline" => field.inline = true,
            "omitempty" => field.omit_empty = true,
            "omitzero" => field.omit_zero = true,
            "required" => field.required = true,
            "list" | "map" | "struct" => field.merge = merge(value)?,
            "patch" => field.patch_strategy = Some(value),
            "key" => field.patch_merge_key = Some(value),
            "gate" => field.gates.push(value),
            "enum" => {
                let id = names.enums.get(&split_name(package, value));
                field.enumeration = Some(*id.ok_or_else(|| format!("no enum: {value:?}"))?);
            }
            other => return Err(format!("no fact of a field: {other:?}")),
        }
    }
    Ok(field)
}

fn merge(value: Text) -> Result<Merge, String> {
    Ok(match value {
        "atomic" => Merge::Atomic,
        "set" => Merge::Set,
        "granular" => Merge::Granular,
        _ => match value.strip_prefix("map:") {
            Some(keys) => Merge::Keys(keys.split(',').collect()),
            None => return Err(format!("no way to merge: {value:?}")),
        },
    })
}

fn shape_of(names: &Names, package: Text, text: Text) -> Result<Shape, String> {
    let text = text.trim_start_matches('*');
    if let Some(item) = text.strip_prefix("[]") {
        return Ok(Shape::List(Box::new(shape_of(names, package, item)?)));
    }
    if let Some(value) = text.strip_prefix("{}") {
        return Ok(Shape::Map(Box::new(shape_of(names, package, value)?)));
    }
    if let Some(scalar) = scalar(text) {
        return Ok(Shape::Scalar(scalar));
    }
    let id = names.types.get(&split_name(package, text));
    id.map(|id| Shape::Struct(*id)).ok_or_else(|| format!("no type: {text:?}"))
}

fn scalar(text: &str) -> Option<Scalar> {
    Some(match text {
        "bool" => Scalar::Bool,
        "int32" => Scalar::Int32,
        "int64" => Scalar::Int64,
        "uint32" => Scalar::Uint32,
        "uint64" => Scalar::Uint64,
        "float" => Scalar::Float,
        "double" => Scalar::Double,
        "string" => Scalar::String,
        "bytes" => Scalar::Bytes,
        "strings" => Scalar::Strings,
        "quantity" => Scalar::Quantity,
        "int-or-string" => Scalar::IntOrString,
        "time" => Scalar::Time,
        "micro-time" => Scalar::MicroTime,
        "duration" => Scalar::Duration,
        "raw-extension" => Scalar::RawExtension,
        "fields-v1" => Scalar::FieldsV1,
        "json" => Scalar::Json,
        "schema-or-bool" => Scalar::SchemaOrBool,
        "schema-or-array" => Scalar::SchemaOrArray,
        "schema-or-string-array" => Scalar::SchemaOrStringArray,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
