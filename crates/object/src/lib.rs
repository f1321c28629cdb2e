//! The vocabulary of every crate above: names of types, the object tree, selectors, quantities,
//! times, field paths, and the one error that a client can be told.
//!
//! An object is a [`serde_json::Value`], shaped exactly as its JSON: quantities, times and
//! `[]byte` (base64) are strings. What each field means is the `schema` crate's knowledge.
//! Nothing here does IO.

pub mod duration;
mod error;
pub mod field_selector;
pub mod fields_v1;
mod gvk;
pub mod int_or_string;
pub mod label;
pub mod meta;
pub mod names;
mod path;
pub mod quantity;
pub mod quote;
pub mod time;

pub use error::{ApiError, Cause, FieldError, FieldErrorKind, FieldErrors, Reason, Result};
pub use field_selector::FieldSelector;
pub use gvk::{GroupKind, GroupResource, GroupVersion, Gvk, Gvr};
pub use label::Selector;
pub use path::FieldPath;
pub use quantity::Quantity;
pub use serde_json::{Map, Value, json};
