//! Paths inside volumes and images. Mirrors `pkg/apis/core/validation`.

use super::At;
use object::FieldErrors;

pub(crate) const MODE_SENTENCE: &str =
    "must be a number between 0 and 0777 (octal), both inclusive";

/// No `..` between its slashes.
pub(crate) fn no_backsteps(at: &At<'_>, errors: &mut FieldErrors) {
    if at.text().split('/').any(|part| part == "..") {
        at.invalid(errors, "must not contain '..'");
    }
}

/// Relative, and no way up.
pub(crate) fn descending(at: &At<'_>, errors: &mut FieldErrors) {
    if at.text().starts_with('/') {
        at.invalid(errors, "must be a relative path");
    }
    no_backsteps(at, errors);
}

/// The same, and not named like what the kubelet keeps there.
pub(crate) fn local(at: &At<'_>, errors: &mut FieldErrors) {
    descending(at, errors);
    if at.text().starts_with("..") && !at.text().starts_with("../") {
        at.invalid(errors, "must not start with '..'");
    }
}

/// The mode bits of a file, where they are set.
pub(crate) fn mode(at: &At<'_>, errors: &mut FieldErrors) {
    if at.is_set() && !(0..=0o777).contains(&at.int()) {
        at.invalid(errors, MODE_SENTENCE);
    }
}
