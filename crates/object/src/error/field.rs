//! Broken rules of single fields, and their sentences. Mirrors
//! `k8s.io/apimachinery/pkg/util/validation/field`.

use crate::quote::{json_text, quoted};
use serde_json::Value;
use std::fmt;

/// What is wrong with a field: `field.ErrorType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants are upstream's words")]
pub enum FieldErrorKind {
    NotFound,
    Required,
    Duplicate,
    Invalid,
    NotSupported,
    Forbidden,
    TooLong,
    TooShort,
    TooMany,
    TooFew,
    Internal,
    TypeInvalid,
}

impl FieldErrorKind {
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::NotFound => "FieldValueNotFound",
            Self::Required => "FieldValueRequired",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooShort => "FieldValueTooShort",
            Self::TooMany => "FieldValueTooMany",
            Self::TooFew => "FieldValueTooFew",
            Self::Internal => "InternalError",
            Self::TypeInvalid => "FieldValueTypeInvalid",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::NotFound => "Not found",
            Self::Required => "Required value",
            Self::Duplicate => "Duplicate value",
            Self::Invalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooShort => "Too short",
            Self::TooMany => "Too many",
            Self::TooFew => "Too few",
            Self::Internal => "Internal error",
            Self::TypeInvalid => "Invalid value",
        }
    }
}

/// One broken rule: where, what kind, the offending value, and what was expected.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// The path, such as `spec.containers[0].image`.
    pub path: String,
    /// What is wrong.
    pub kind: FieldErrorKind,
    /// The offending value, where the kind prints it.
    pub value: Option<Value>,
    /// What was expected.
    pub detail: String,
}

impl FieldError {
    /// All but the path: what `causes[].message` holds.
    pub(super) fn body(&self) -> String {
        use FieldErrorKind::{Forbidden, Internal, Required, TooLong, TooShort};
        let mut out = self.kind.sentence().to_owned();
        let silent = matches!(self.kind, Required | Forbidden | TooLong | TooShort | Internal);
        if let (false, Some(value)) = (silent, &self.value) {
            out.push_str(": ");
            match value {
                Value::String(text) => out.push_str(&quoted(text)),
                other => out.push_str(&json_text(other)),
            }
        }
        if !self.detail.is_empty() {
            out.push_str(": ");
            out.push_str(&self.detail);
        }
        out
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.body())
    }
}

/// The broken rules found so far, in upstream's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldErrors(pub Vec<FieldError>);

impl FieldErrors {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether no rule is broken.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn push(&mut self, path: &str, kind: FieldErrorKind, value: Option<Value>, detail: String) {
        self.0.push(FieldError { path: path.to_owned(), kind, value, detail });
    }

    /// A value that must be there is missing.
    pub fn required(&mut self, path: &str, detail: impl Into<String>) {
        self.push(path, FieldErrorKind::Required, None, detail.into());
    }

    /// A value breaks a rule.
    pub fn invalid(&mut self, path: &str, value: impl Into<Value>, detail: impl Into<String>) {
        self.push(path, FieldErrorKind::Invalid, Some(value.into()), detail.into());
    }

    /// A value that must be unique is there twice.
    pub fn duplicate(&mut self, path: &str, value: impl Into<Value>) {
        self.push(path, FieldErrorKind::Duplicate, Some(value.into()), String::new());
    }

    /// A value that names something which is not there.
    pub fn not_found(&mut self, path: &str, value: impl Into<Value>) {
        self.push(path, FieldErrorKind::NotFound, Some(value.into()), String::new());
    }

    /// A value that must not be set here.
    pub fn forbidden(&mut self, path: &str, detail: impl Into<String>) {
        self.push(path, FieldErrorKind::Forbidden, None, detail.into());
    }

    /// A value of the wrong type.
    pub fn type_invalid(&mut self, path: &str, value: impl Into<Value>, detail: impl Into<String>) {
        self.push(path, FieldErrorKind::TypeInvalid, Some(value.into()), detail.into());
    }

    /// Our own fault.
    pub fn internal(&mut self, path: &str, detail: impl Into<String>) {
        self.push(path, FieldErrorKind::Internal, None, detail.into());
    }

    /// A value outside a closed set, which is printed in order of its texts, as upstream mostly
    /// does; see [`FieldErrors::not_supported_in_order`].
    pub fn not_supported(&mut self, path: &str, value: impl Into<Value>, allowed: &[&str]) {
        let mut allowed = allowed.to_vec();
        allowed.sort_unstable();
        self.not_supported_in_order(path, value, &allowed);
    }

    /// A value outside a closed set, which is printed in the order given.
    pub fn not_supported_in_order(
        &mut self,
        path: &str,
        value: impl Into<Value>,
        allowed: &[&str],
    ) {
        let allowed: Vec<String> = allowed.iter().map(|text| quoted(text)).collect();
        let detail = if allowed.is_empty() {
            String::new()
        } else {
            format!("supported values: {}", allowed.join(", "))
        };
        self.push(path, FieldErrorKind::NotSupported, Some(value.into()), detail);
    }

    /// A text over its limit in bytes.
    pub fn too_long(&mut self, path: &str, limit_bytes: usize) {
        let detail = format!("may not be more than {}", counted(limit_bytes, "byte"));
        self.push(path, FieldErrorKind::TooLong, None, detail);
    }

    /// A text over its limit in characters.
    pub fn too_long_characters(&mut self, path: &str, limit: usize) {
        let detail = format!("may not be more than {}", counted(limit, "character"));
        self.push(path, FieldErrorKind::TooLong, None, detail);
    }

    /// A text under its limit in characters.
    pub fn too_short(&mut self, path: &str, limit: usize) {
        let detail = format!("must be at least {}", counted(limit, "character"));
        self.push(path, FieldErrorKind::TooShort, None, detail);
    }

    /// A list over its limit in items.
    pub fn too_many(&mut self, path: &str, count: usize, limit: usize) {
        let detail = format!("must have at most {}", counted(limit, "item"));
        self.push(path, FieldErrorKind::TooMany, Some(count.into()), detail);
    }

    /// A list under its limit in items.
    pub fn too_few(&mut self, path: &str, count: usize, limit: usize) {
        let detail = format!("must have at least {}", counted(limit, "item"));
        self.push(path, FieldErrorKind::TooFew, Some(count.into()), detail);
    }

    /// One `invalid` for each sentence of a rule, such as those of [`crate::names`].
    pub fn invalid_each(&mut self, path: &str, value: &str, sentences: Vec<String>) {
        for sentence in sentences {
            self.invalid(path, value, sentence);
        }
    }
}

fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// All of them as one sentence: each said once, in brackets where there are many.
impl fmt::Display for FieldErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines: Vec<String> = Vec::new();
        for error in &self.0 {
            let line = error.to_string();
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        match lines.as_slice() {
            [one] => f.write_str(one),
            many => write!(f, "[{}]", many.join(", ")),
        }
    }
}
