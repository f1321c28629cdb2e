//! What a patch may ask for at most.

/// The operations of one JSON patch.
pub(crate) const JSON_PATCH_OPERATIONS_MAX: usize = 10_000;

/// The bytes of JSON that one JSON patch may copy; upstream sets it to the limit of a request.
pub(crate) const JSON_PATCH_COPY_BYTES_MAX: usize = 3 * 1024 * 1024;
