//! The options of writes: who owns the fields, whether anything is stored, what becomes of fields
//! that the schema does not know.

use crate::limits::FIELD_MANAGER_BYTES;
use crate::query::Query;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use object::{ApiError, FieldErrors, GroupKind, Result, Value, json};

/// What to do about fields that the schema does not know: `fieldValidation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants are the API's words")]
pub(crate) enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}

impl FieldValidation {
    /// What a query asks for, that passed [`check`]. The default is to warn.
    pub(crate) fn of(query: &Query) -> Self {
        match query.get("fieldValidation") {
            Some("Ignore") => Self::Ignore,
            Some("Strict") => Self::Strict,
            _ => Self::Warn,
        }
    }
}

/// Whether nothing is to be stored: `dryRun=All`.
pub(crate) fn is_dry_run(query: &Query) -> bool {
    query.all("dryRun").any(|value| value == "All")
}

/// The options as an object, for admission.
pub(crate) fn object(query: &Query) -> Value {
    let mut options = json!({});
    for name in ["fieldManager", "fieldValidation", "dryRun"] {
        if let Some(value) = query.get(name) {
            options[name] = value.into();
        }
    }
    options
}

/// Refuses options of a create, an update or a patch that make no sense: `ValidateCreateOptions`
/// and its like in `k8s.io/apimachinery/pkg/apis/meta/v1/validation`.
pub(crate) fn check(verb: &str, query: &Query, headers: &HeaderMap) -> Result<()> {
    let kind = match verb {
        "create" => "CreateOptions",
        "update" => "UpdateOptions",
        "patch" => "PatchOptions",
        _ => return Ok(()),
    };
    let mut errors = FieldErrors::new();
    let manager = query.get("fieldManager");
    if verb == "patch" {
        let media = headers.get(CONTENT_TYPE).and_then(|media| media.to_str().ok());
        let is_apply = media.is_some_and(|media| media.starts_with("application/apply-patch"));
        if is_apply && manager.is_none() {
            errors.required("fieldManager", "is required for apply patch");
        }
        if !is_apply && query.has("force") {
            errors.forbidden("force", "may not be specified for non-apply patch");
        }
    }
    if let Some(manager) = manager {
        if manager.len() > FIELD_MANAGER_BYTES {
            errors.too_long("fieldManager", FIELD_MANAGER_BYTES);
        }
        for (at, letter) in manager.char_indices().filter(|(_, letter)| letter.is_control()) {
            let why = format!("invalid character U+{:04X} (at position {at})", letter as u32);
            errors.invalid("fieldManager", manager, why);
        }
    }
    let dry: Vec<&str> = query.all("dryRun").collect();
    if dry.iter().any(|value| *value != "All") {
        errors.not_supported("dryRun", json!(dry), &["All"]);
    }
    let validation = query.get("fieldValidation").unwrap_or_default();
    let allowed = &["", "Ignore", "Strict", "Warn"];
    if !allowed.contains(&validation) {
        errors.not_supported("fieldValidation", validation, allowed);
    }
    if errors.is_empty() {
        return Ok(());
    }
    Err(ApiError::invalid(&GroupKind::new("meta.k8s.io", kind), "", errors))
}
