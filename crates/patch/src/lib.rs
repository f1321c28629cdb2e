//! The four ways of changing an object in part: JSON patch, JSON merge patch, strategic merge
//! patch, and server-side apply with its managed fields.
//!
//! All of it works on trees; nothing here reads a wire format, a clock or a store.

pub mod apply;
mod error;
pub mod json_patch;
mod limits;
pub mod merge_patch;
pub mod strategic;

pub use error::PatchError;
