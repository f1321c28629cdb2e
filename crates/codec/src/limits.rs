//! How far a reader goes before it refuses, each with its unit.

/// Messages within messages in protobuf. Upstream's generated code has no limit; its deepest own
/// type, a schema of schemas, is kept under this by the limit on the size of a request.
pub const PROTO_DEPTH_MESSAGES: usize = 200;

/// Strict errors that are collected from one body; the rest is not reported.
pub const STRICT_ERRORS: usize = 100;

/// Media ranges of one `Accept` header that are looked at.
pub const ACCEPT_CLAUSES: usize = 64;
