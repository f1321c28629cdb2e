//! JSON as upstream reads and writes it.

pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod fields_v1;
pub mod list;
pub mod peek;
pub(crate) mod pretty;
mod syntax;
pub(crate) mod text;
pub mod watch;
