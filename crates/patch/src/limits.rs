//! What a patch may ask for at most.

/// The operations of one JSON patch.
pub(crate) const JSON_PATCH_OPERATIONS_MAX: usize = 10_000;

/// The managers of updates that one object keeps apart.
pub(crate) const UPDATE_MANAGERS_MAX: usize = 10;

/// The bytes of an object's annotations, above which the last applied configuration is not kept.
pub(crate) const ANNOTATIONS_BYTES_MAX: usize = 256 * 1024;

/// The bytes of JSON that one JSON patch may copy; upstream sets it to the limit of a request.
pub(crate) const JSON_PATCH_COPY_BYTES_MAX: usize = 3 * 1024 * 1024;
