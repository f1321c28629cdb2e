//! OpenAPI.

mod definitions;
mod descriptions;
mod node;
