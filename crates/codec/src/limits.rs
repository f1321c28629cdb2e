//! How far a reader goes before it refuses, each with its unit.
//!
//! JSON text has `serde_json`'s own limit, 128 levels; upstream's is 10,000.

/// Messages within messages in protobuf. Upstream's generated code has no limit.
pub const PROTO_DEPTH_MESSAGES: usize = 200;

/// Levels of nesting in YAML: as many as JSON has.
pub const YAML_DEPTH: usize = 128;

/// Scalars, lists and maps of one YAML document, the repetitions of its anchors included.
pub const YAML_NODES: usize = 1_000_000;

/// Strict errors that are collected from one body; the rest is not reported.
pub const STRICT_ERRORS: usize = 100;

/// Media ranges of one `Accept` header that are looked at.
pub const ACCEPT_CLAUSES: usize = 64;
