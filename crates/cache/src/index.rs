//! Which objects have a value: an index for each field and label that lists have selected by.
//!
//! An index is made when the first list asks for it, and kept current from then on: a list by
//! `spec.nodeName` or by a label looks at what it answers with, not at every object. Nobody pays
//! for what nobody asks for, and a shelf has at most [`INDEXES_MAX`].

use crate::item::{Item, Items, Key};
use crate::limits::INDEXES_MAX;
use crate::query::Query;
use kinds::Kind;
use object::label::Operator;
use std::collections::{BTreeSet, HashMap};

/// What is indexed: a selectable field, by its place, or a label.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Column {
    Field(usize),
    Label(Box<str>),
}

/// A value that a query demands.
pub(crate) type Term<'a> = (Column, &'a str);

type ByValue = HashMap<Box<str>, BTreeSet<Key>>;

/// The indexes of a shelf.
#[derive(Debug, Default)]
pub(crate) struct Index {
    columns: HashMap<Column, ByValue>,
}

/// The values that a query demands.
pub(crate) fn terms<'a>(query: &'a Query, kind: &Kind) -> Vec<Term<'a>> {
    let mut terms = Vec::new();
    for (place, path) in kind.selectable_fields.iter().enumerate() {
        if let Some(value) = query.fields.requires_exact_match(path) {
            terms.push((Column::Field(place), value));
        }
    }
    for requirement in query.labels.requirements() {
        let exact = matches!(requirement.operator, Operator::Equals | Operator::DoubleEquals)
            || (requirement.operator == Operator::In && requirement.values.len() == 1);
        if let ([value], true) = (requirement.values.as_slice(), exact) {
            terms.push((Column::Label(requirement.key.as_str().into()), value));
        }
    }
    terms
}

impl Index {
    /// Whether all that can be indexed of these terms is.
    pub(crate) fn is_ready(&self, terms: &[Term<'_>]) -> bool {
        self.columns.len() >= INDEXES_MAX
            || terms.iter().all(|(column, _)| self.columns.contains_key(column))
    }

    /// Indexes what these terms ask for.
    pub(crate) fn prepare(&mut self, terms: &[Term<'_>], items: &Items) {
        for (column, _) in terms {
            if self.columns.contains_key(column) || self.columns.len() >= INDEXES_MAX {
                continue;
            }
            let mut by_value = ByValue::new();
            for (key, item) in items {
                if let Some(value) = column.of(item) {
                    insert(&mut by_value, value, key);
                }
            }
            self.columns.insert(column.clone(), by_value);
        }
    }

    /// The fewest objects among which all are that fulfil these terms; `None` without an index.
    pub(crate) fn narrowest(&self, terms: &[Term<'_>]) -> Option<Option<&BTreeSet<Key>>> {
        let known =
            terms.iter().filter_map(|(column, value)| Some(self.columns.get(column)?.get(*value)));
        known.min_by_key(|keys| keys.map_or(0, BTreeSet::len))
    }

    /// Follows a change of an object.
    pub(crate) fn follow(&mut self, key: &Key, was: Option<&Item>, is: Option<&Item>) {
        for (column, by_value) in &mut self.columns {
            let (was, is) = (was.and_then(|i| column.of(i)), is.and_then(|i| column.of(i)));
            if was == is {
                continue;
            }
            if let Some(value) = was
                && let Some(keys) = by_value.get_mut(value)
            {
                keys.remove(key);
                if keys.is_empty() {
                    by_value.remove(value);
                }
            }
            if let Some(value) = is {
                insert(by_value, value, key);
            }
        }
    }
}

impl Column {
    fn of<'a>(&self, item: &'a Item) -> Option<&'a str> {
        match self {
            Self::Field(place) => item.header.fields.get(*place).map(String::as_str),
            Self::Label(key) => item.label(key),
        }
    }
}

fn insert(by_value: &mut ByValue, value: &str, key: &Key) {
    match by_value.get_mut(value) {
        Some(keys) => drop(keys.insert(key.clone())),
        None => drop(by_value.insert(value.into(), BTreeSet::from([key.clone()]))),
    }
}
