//! What a list or a watch selects, and what that says of an object and of its key.

use crate::item::Item;
use kinds::Kind;
use object::{FieldSelector, Selector};
use std::ops::Bound;

/// What a list or a watch selects.
#[derive(Clone, Debug)]
pub struct Query {
    /// Only this namespace.
    pub namespace: Option<String>,
    /// Only these labels.
    pub labels: Selector,
    /// Only these fields.
    pub fields: FieldSelector,
}

impl Query {
    /// Everything there is of a kind.
    pub fn everything() -> Self {
        let (labels, fields) = (Selector::everything(), FieldSelector::everything());
        Self { namespace: None, labels, fields }
    }

    /// Whether an item is selected.
    pub fn matches(&self, item: &Item) -> bool {
        self.namespace.as_deref().is_none_or(|namespace| item.header.namespace == namespace)
            && self.labels.matches(|key| item.label(key))
            && self.fields.matches(|path| item.field(path))
    }

    /// Whether everything of the namespace is selected.
    pub(crate) fn selects_all(&self) -> bool {
        self.labels.is_everything() && self.fields.is_empty()
    }

    /// Whether the object with this key may be selected, as far as a key tells.
    pub(crate) fn may_select(&self, key: &str, kind: &Kind) -> bool {
        let inside = self.namespace.as_deref().is_none_or(|namespace| {
            key.strip_prefix(namespace).is_some_and(|name| name.starts_with('/'))
        });
        inside && self.single(kind).is_none_or(|single| single == key)
    }

    /// The first key of the range, and its end.
    fn range(&self) -> (String, Option<String>) {
        match &self.namespace {
            None => (String::new(), None),
            Some(namespace) => (format!("{namespace}/"), Some(format!("{namespace}0"))),
        }
    }

    /// Between which keys the answer lies, behind the last one of the page before.
    pub(crate) fn bounds(&self, after: Option<&str>) -> (Bound<String>, Bound<String>) {
        let (start, end) = self.range();
        let lower = match after {
            Some(after) if after >= start.as_str() => Bound::Excluded(after.to_owned()),
            _ => Bound::Included(start),
        };
        (lower, end.map_or(Bound::Unbounded, Bound::Excluded))
    }

    /// The one key that can match, if the selectors name a single object.
    pub(crate) fn single(&self, kind: &Kind) -> Option<String> {
        let name = self.fields.requires_exact_match("metadata.name")?;
        if !kind.namespaced {
            return Some(name.to_owned());
        }
        let namespace = self
            .namespace
            .as_deref()
            .or_else(|| self.fields.requires_exact_match("metadata.namespace"))?;
        Some(format!("{namespace}/{name}"))
    }
}
