//! The columns of a Table: what `kubectl get` shows.

use object::Value;

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
