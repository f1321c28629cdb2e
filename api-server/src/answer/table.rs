//! The Table form of an answer: what `kubectl get` shows.
//!
//! Mirrors `k8s.io/apiserver/pkg/endpoints/handlers/response.go` and
//! `pkg/registry/rest/table.go`; columns and cells are the catalogue's.

use super::partial;
use crate::ask::Ask;
use cache::Item;
use kinds::Row;
use object::{ApiError, Map, Result, Value, json};
use std::sync::Arc;

/// How much of each object stands beside its cells: `includeObject`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Include {
    None,
    Metadata,
    Object,
}

/// Makes Tables for one request.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    kind: &'static kinds::Kind,
    version: String,
    columns: &'static [kinds::Column],
    cells: fn(&Row<'_>) -> Vec<kinds::Cell>,
    api_version: &'static str,
    include: Include,
}

impl Tables {
    /// For a request that asks for `meta.k8s.io/<version>`.
    pub(super) fn of(ask: &Ask, version: &str) -> Result<Self> {
        let include = match ask.query.get("includeObject") {
            None | Some("Metadata") => Include::Metadata,
            Some("None") => Include::None,
            Some("Object") => Include::Object,
            Some(other) => {
                return Err(ApiError::bad_request(format!(
                    "Unable to convert to Table as requested: includeObject: Invalid value: \
                     {other:?}: must be 'Metadata', 'Object', 'None', or empty"
                )));
            }
        };
        Ok(Self {
            kind: ask.kind,
            columns: ask.kind.columns,
            cells: ask.kind.cells,
            version: ask.resource.version.clone(),
            api_version: if version == "v1beta1" {
                "meta.k8s.io/v1beta1"
            } else {
                "meta.k8s.io/v1"
            },
            include,
        })
    }

    /// A Table of these objects. `columns`: with their definitions (a watch sends them once).
    pub(super) fn table(
        &self,
        items: &[Arc<Item>],
        metadata: Value,
        columns: bool,
    ) -> Result<Value> {
        let preferred = self.kind.versions.first().copied().unwrap_or(&self.version);
        let mut objects = Vec::with_capacity(items.len());
        for item in items {
            objects.push(crate::version::from_stored(self.kind, preferred, item.stored_value()?)?);
        }
        self.rows(objects, metadata, columns)
    }

    /// A Table of objects that are stored nowhere.
    pub(super) fn of_values(&self, objects: Vec<Value>) -> Result<Value> {
        self.rows(objects, json!({}), true)
    }

    /// A Table of the Scale of an object.
    pub(super) fn of_scale(&self, scale: &Value) -> Result<Value> {
        let of_scale =
            Self { columns: kinds::SCALE_COLUMNS, cells: kinds::scale_cells, ..self.clone() };
        let metadata = json!({ "resourceVersion": scale["metadata"]["resourceVersion"] });
        of_scale.rows(vec![scale.clone()], metadata, true)
    }

    fn rows(&self, mut objects: Vec<Value>, metadata: Value, columns: bool) -> Result<Value> {
        if let Some(order) = self.kind.table.order {
            objects.sort_by(order);
        }
        let now_seconds = runtime::clock::now().as_second();
        let mut rows = Vec::with_capacity(objects.len());
        for object in objects {
            rows.push(self.row(object, now_seconds)?);
        }
        let mut table = Map::new();
        table.insert("kind".into(), "Table".into());
        table.insert("apiVersion".into(), self.api_version.into());
        table.insert("metadata".into(), metadata);
        let definitions = if columns { self.definitions() } else { Value::Null };
        table.insert("columnDefinitions".into(), definitions);
        table.insert("rows".into(), rows.into());
        Ok(Value::Object(table))
    }

    fn row(&self, object: Value, now_seconds: i64) -> Result<Value> {
        let cells = (self.cells)(&Row { object: &object, now_seconds });
        let conditions = (self.kind.table.conditions)(&object);
        let object = match self.include {
            Include::None => Value::Null,
            Include::Metadata => partial::of_kind(self.kind, &object, self.api_version),
            Include::Object if object["kind"] == self.kind.kind => {
                crate::version::from_stored(self.kind, &self.version, object)?
            }
            Include::Object => object,
        };
        let mut row = json!({ "cells": cells });
        if !conditions.is_empty() {
            row["conditions"] = conditions.into();
        }
        row["object"] = object;
        Ok(row)
    }

    fn definitions(&self) -> Value {
        let definition = |column: &kinds::Column| {
            json!({
                "name": column.name,
                "type": column.kind,
                "format": column.format,
                "description": column.description,
                "priority": column.priority,
            })
        };
        self.columns.iter().map(definition).collect()
    }
}

/// A Table of something that has no columns of its own.
pub(super) fn one_row(value: &Value) -> Value {
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {},
        "columnDefinitions": [
            {"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0},
        ],
        "rows": [{"cells": [object::meta::name(value)], "object": value}],
    })
}
