//! The committed table against what upstream generates from the same types by other ways.

use crate::modules::{self, KUBERNETES, STAGING};
use schema::{Field, Merge, Schema, Shape, TypeId};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

mod enums;
mod openapi;
mod proto;

#[test]
fn the_committed_table_is_what_upstream_says() {
    super::run(true).expect("cargo xtask schema writes it anew");
}

/// The fields of a type as JSON has them: those of inline structs in the place of the struct.
fn flat_fields(schema: &Schema, id: TypeId) -> Vec<&Field> {
    let fields = schema.get(id).fields.iter();
    fields
        .flat_map(|field| match field.shape {
            Shape::Struct(inner) if field.inline => flat_fields(schema, inner),
            _ => vec![field],
        })
        .collect()
}

fn files_below(folder: &Path, name: &dyn Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in std::fs::read_dir(folder).expect("a folder of a module") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files_below(&path, name));
        } else if path.file_name().and_then(|file| file.to_str()).is_some_and(name) {
            found.push(path);
        }
    }
    found.sort();
    found
}
