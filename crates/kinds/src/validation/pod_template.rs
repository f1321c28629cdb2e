//! `core.PodTemplateSpec` and what holds it. Mirrors `pkg/apis/core/validation`.

use super::{At, PodOptions, labels, pod_annotations, pod_spec};
use crate::meta_rules;
use object::FieldErrors;

/// A template.
pub(crate) fn template(at: &At<'_>, options: &PodOptions, errors: &mut FieldErrors) {
    // Upstream names a template's metadata without `metadata`.
    let metadata = at.get("metadata");
    let (own, spec) = (metadata.get("annotations"), at.get("spec"));
    let annotations = own.shown_as(&at.get("annotations"));
    labels::map(&metadata.get("labels").shown_as(&at.get("labels")), errors);
    meta_rules::annotations(&annotations, errors);
    pod_annotations::annotations(&annotations, &spec, options, errors);
    pod_spec::pod_spec(&spec, false, options, errors);
    pod_annotations::agree_with_fields(&annotations, &spec, errors);
    if !spec.get("ephemeralContainers").is_empty() {
        let detail = "ephemeral containers not allowed in pod template";
        spec.get("ephemeralContainers").forbidden(errors, detail);
    }
}

/// A template for pods that are replaced when they end. `selector`: a `metav1.LabelSelector`
/// or a map of labels; `owner`: the kind's name, where it doesn't take a deadline.
pub(crate) fn replaced_template(
    at: &At<'_>,
    matches: bool,
    owner: &str,
    options: &PodOptions,
    errors: &mut FieldErrors,
) {
    if !matches {
        let labels = at.get("metadata").get("labels");
        labels.invalid(errors, "`selector` does not match template `labels`");
    }
    template(at, options, errors);
    let spec = at.get("spec");
    let policy = spec.get("restartPolicy");
    if policy.text() != "Always" {
        policy.not_supported(errors, &["Always"]);
    }
    let deadline = spec.get("activeDeadlineSeconds");
    deadline.forbid(errors, &format!("activeDeadlineSeconds in {owner} is not Supported"));
}
