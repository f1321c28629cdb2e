//! The columns of a Table: what `kubectl get` shows.

mod age;
mod containers;
mod ingress_points;
mod labels;
mod list;
pub(crate) mod policy;
mod read;
mod scale;
pub(crate) mod subjects;
pub(crate) mod volumes;

pub(crate) use age::{human, seconds_of, since};
pub(crate) use containers::{CONTAINERS, IMAGES, containers};
pub(crate) use ingress_points::ingress_points;
pub(crate) use labels::{labels, selector};
pub(crate) use list::{SHOWN, first_of};
pub(crate) use read::{
    condition, count, flag_of, int_of, is_deleted, is_true, items, or, text_of, told,
};
pub use scale::{SCALE, scale};

use object::Value;
use std::cmp::Ordering;

/// A column's head: `metav1.TableColumnDefinition`.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The head, such as `Ready`.
    pub name: &'static str,
    /// `string`, `integer`, `date` ...
    pub kind: &'static str,
    /// `name` for the first column, mostly empty.
    pub format: &'static str,
    /// What it means.
    pub description: &'static str,
    /// 0 is always shown, 1 only with `-o wide`.
    pub priority: i32,
}

/// A cell: a string, a number or a boolean, as JSON shows it.
pub type Cell = Value;

/// What a row is made of.
#[derive(Debug)]
pub struct Row<'a> {
    /// The object in its preferred version.
    pub object: &'a Value,
    /// Seconds since 1970, for ages.
    pub now_seconds: i64,
}

/// What a kind's Table form has beside columns and cells.
#[derive(Clone, Copy, Debug)]
pub struct TableRules {
    /// The order of the rows of a list, where it is not the list's.
    pub order: Option<fn(&Value, &Value) -> Ordering>,
    /// `metav1.TableRowCondition`s of a row, as JSON: whether it is done with.
    pub conditions: fn(&Value) -> Vec<Value>,
}

impl TableRules {
    /// Rows in the list's order, without conditions.
    pub const PLAIN: Self = Self { order: None, conditions: |_| Vec::new() };
}

/// `Name`, the first column of nearly every kind.
pub(crate) const NAME: Column =
    Column { format: "name", ..text("Name", "The name, unique among its kind and namespace.") };

/// `Age`, beside which [`age`] makes the cell.
pub(crate) const AGE: Column = text("Age", "The time since the object was created.");

/// The columns of kinds that show nothing else.
pub(crate) const NAME_AND_AGE: &[Column] = &[NAME, AGE];

/// The cells of [`NAME_AND_AGE`].
pub(crate) fn name_and_age(row: &Row<'_>) -> Vec<Cell> {
    vec![name(row), age(row)]
}

/// The columns of kinds that upstream shows in its plainest form.
pub(crate) const NAME_AND_CREATED: &[Column] =
    &[NAME, Column { kind: "date", ..text("Created At", "The time of the object's creation.") }];

/// The cells of [`NAME_AND_CREATED`].
pub(crate) fn name_and_created(row: &Row<'_>) -> Vec<Cell> {
    vec![name(row), row.object["metadata"]["creationTimestamp"].clone()]
}

/// Of kinds that have no Table form: who asks for one is refused.
pub(crate) const NO_TABLE: &[Column] = &[];

/// The cells of [`NO_TABLE`].
pub(crate) fn no_cells(_: &Row<'_>) -> Vec<Cell> {
    Vec::new()
}

/// A column of strings.
pub(crate) const fn text(name: &'static str, description: &'static str) -> Column {
    Column { name, kind: "string", format: "", description, priority: 0 }
}

/// A column of strings that only `-o wide` shows.
pub(crate) const fn wide(name: &'static str, description: &'static str) -> Column {
    Column { priority: 1, ..text(name, description) }
}

/// A column of whole numbers.
pub(crate) const fn integer(name: &'static str, description: &'static str) -> Column {
    Column { kind: "integer", ..text(name, description) }
}

/// A column of booleans.
pub(crate) const fn boolean(name: &'static str, description: &'static str) -> Column {
    Column { kind: "boolean", ..text(name, description) }
}

/// The object's name.
pub(crate) fn name(row: &Row<'_>) -> Cell {
    object::meta::name(row.object).into()
}

/// The time since the object was created, such as `3d4h`.
pub(crate) fn age(row: &Row<'_>) -> Cell {
    since(row, &row.object["metadata"]["creationTimestamp"]).into()
}

#[cfg(test)]
mod tests;
