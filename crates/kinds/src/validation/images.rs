//! Images, which containers run and volumes show. Mirrors `pkg/apis/core/validation`.

use super::At;
use object::FieldErrors;

const PULL_POLICIES: &[&str] = &["Always", "IfNotPresent", "Never"];

/// An image's name without space around it: asked of pods only.
pub(crate) fn without_space(container: &At<'_>, errors: &mut FieldErrors) {
    let image = container.get("image");
    if image.text().trim() != image.text() {
        image.invalid(errors, "must not have leading or trailing whitespace");
    }
}

/// When an image is pulled.
pub(crate) fn pull_policy(at: &At<'_>, errors: &mut FieldErrors) {
    at.require_one_of(errors, PULL_POLICIES);
}
