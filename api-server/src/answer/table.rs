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
                return Err(ApiError::bad_request(format!("unrecognized includeObject value: {other:?}")));
            }
        };
        Ok(Self {
            kind: ask.kind,
            version: ask.resource.version.clone(),
            api_version: if version == "v1beta1" { "meta.k8s.io/v1beta1" } else { "meta.k8s.io/v1" },
            include,
        })
    }

    /// A Table of these objects. `columns`: with their definitions (a watch sends them once).
    pub(super) fn table(&self, items: &[Arc<Item>], metadata: Value, columns: bool) -> Result<Value> {
        let preferred = self.kind.versions.first().copied().unwrap_or(&self.version);
        let mut objects = Vec::with_capacity(items.len());
        for item in items {
            objects.push(crate::version::from_stored(self.kind, preferred, item.stored_value()?)?);
        }
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
        let cells = (self.kind.cells)(&Row { object: &object, now_seconds });
        let conditions = (self.kind.table.conditions)(&object);
        let object = match self.include {
            Include::None => Value::Null,
            Include::Metadata => partial::metadata(&object, self.api_version),
            Include::Object => crate::version::from_stored(self.kind, &self.version, object)?,
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
        self.kind.columns.iter().map(definition).collect()
    }
}
