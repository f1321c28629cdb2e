//! The Table form of `autoscaling/v1 Scale`, which is no resource of its own.

use super::{AGE, Cell, Column, Row, age, int_of, integer, name, text};

/// Its columns.
pub const SCALE: &[Column] = &[
    text("Name", "The name, unique among its kind and namespace."),
    integer("Desired", "How many there should be."),
    integer("Available", "How many there are."),
    AGE,
];

/// The cells of [`SCALE`].
pub fn scale(row: &Row<'_>) -> Vec<Cell> {
    let replicas = |part: &str| int_of(&row.object[part]["replicas"]).into();
    vec![name(row), replicas("spec"), replicas("status"), age(row)]
}
