//! Sentences and small rules that many kinds share, beside those of `object::names`.

use object::names;

/// What upstream says of a number below zero.
pub(crate) const NEGATIVE: &str = "must be greater than or equal to 0";
/// What upstream says of a number that is not above zero.
pub(crate) const NOT_POSITIVE: &str = "must be greater than zero";
/// What upstream says of a change that may not be.
pub(crate) const IMMUTABLE: &str = "field is immutable";

/// The sentence for a number outside a range.
pub(crate) fn range_sentence(low: i64, high: i64) -> String {
    format!("must be between {low} and {high}, inclusive")
}

/// The number of a user or a group.
pub(crate) fn user_or_group(id: i64) -> Vec<String> {
    names::in_range(id, 0, i64::from(i32::MAX))
}
