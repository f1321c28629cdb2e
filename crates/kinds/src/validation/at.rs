//! A value and where it stands: what every rule reads and every broken rule names.
//!
//! Readers give Go's zero value for what is absent. Paths are put together only when a rule is
//! broken.

use object::{FieldError, FieldErrorKind, FieldErrors, Map, Value};
use std::rc::Rc;

static ABSENT: Value = Value::Null;

/// A value inside an object, and its path.
#[derive(Clone, Debug)]
pub(crate) struct At<'a> {
    /// The value; null where it is absent.
    pub(crate) value: &'a Value,
    path: Option<Rc<Step<'a>>>,
}

#[derive(Debug)]
struct Step<'a> {
    parent: Option<Rc<Step<'a>>>,
    name: Name<'a>,
}

#[derive(Debug)]
enum Name<'a> {
    Field(&'a str),
    Index(usize),
    Key(&'a str),
}

impl<'a> At<'a> {
    /// A whole object, with the empty path.
    pub(crate) fn root(value: &'a Value) -> Self {
        Self { value, path: None }
    }

    fn step(&self, name: Name<'a>, value: &'a Value) -> Self {
        let step = Step { parent: self.path.clone(), name };
        Self { value, path: Some(Rc::new(step)) }
    }

    /// A field, or one further down: `spec.replicas`.
    pub(crate) fn get(&self, path: &'a str) -> Self {
        let value =
            path.split('.').fold(self.value, |value, name| value.get(name).unwrap_or(&ABSENT));
        self.step(Name::Field(path), value)
    }

    /// The same value under another path, where upstream names it oddly.
    pub(crate) fn shown_as(&self, other: &Self) -> Self {
        Self { value: self.value, path: other.path.clone() }
    }

    /// An item of a list.
    pub(crate) fn index(&self, index: usize) -> Self {
        self.step(Name::Index(index), self.value.get(index).unwrap_or(&ABSENT))
    }

    /// A value of a map, shown as `labels[key]`.
    pub(crate) fn key(&self, key: &'a str) -> Self {
        self.step(Name::Key(key), self.value.get(key).unwrap_or(&ABSENT))
    }

    /// The items of a list.
    pub(crate) fn items(&self) -> impl Iterator<Item = Self> + use<'a> {
        let this = self.clone();
        let list = self.value.as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().enumerate().map(move |(i, value)| this.step(Name::Index(i), value))
    }

    /// The pairs of a map, in order of their keys.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'a str, Self)> + use<'a> {
        let this = self.clone();
        let pairs = self.value.as_object().into_iter().flatten();
        pairs.map(move |(key, value)| (key.as_str(), this.step(Name::Key(key), value)))
    }

    /// The keys of a map, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.value.as_object().into_iter().flat_map(Map::keys).map(String::as_str)
    }

    /// The texts of a list.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.value.as_array().into_iter().flatten().map(|v| v.as_str().unwrap_or_default())
    }

    /// Whether it is there at all (a Go pointer that is not nil).
    pub(crate) fn is_set(&self) -> bool {
        !self.value.is_null()
    }

    /// Whether it is absent, or empty in Go's sense.
    pub(crate) fn is_empty(&self) -> bool {
        match self.value {
            Value::Null => true,
            Value::Bool(flag) => !flag,
            Value::Number(number) => number.as_i64() == Some(0),
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            Value::Object(map) => map.is_empty(),
        }
    }

    /// The items, pairs or bytes in it.
    pub(crate) fn len(&self) -> usize {
        match self.value {
            Value::String(text) => text.len(),
            Value::Array(list) => list.len(),
            Value::Object(map) => map.len(),
            _ => 0,
        }
    }

    /// A text, empty where absent.
    pub(crate) fn text(&self) -> &'a str {
        self.value.as_str().unwrap_or_default()
    }

    /// A whole number, 0 where absent.
    pub(crate) fn int(&self) -> i64 {
        self.value.as_i64().unwrap_or_default()
    }

    /// A whole number, where there is one.
    pub(crate) fn maybe_int(&self) -> Option<i64> {
        self.value.as_i64()
    }

    /// A boolean, false where absent.
    pub(crate) fn flag(&self) -> bool {
        self.value.as_bool().unwrap_or_default()
    }

    /// The path as upstream prints it.
    pub(crate) fn path(&self) -> String {
        let mut steps = Vec::new();
        let mut next = &self.path;
        while let Some(step) = next {
            steps.push(&step.name);
            next = &step.parent;
        }
        if steps.is_empty() {
            return "<nil>".to_owned();
        }
        let mut out = String::new();
        for name in steps.into_iter().rev() {
            match name {
                Name::Field(field) if out.is_empty() => out.push_str(field),
                Name::Field(field) => {
                    out.push('.');
                    out.push_str(field);
                }
                Name::Index(index) => out.push_str(&format!("[{index}]")),
                Name::Key(key) => out.push_str(&format!("[{key}]")),
            }
        }
        out
    }

    fn push(
        &self,
        errors: &mut FieldErrors,
        kind: FieldErrorKind,
        value: Option<Value>,
        detail: impl Into<String>,
    ) {
        errors.0.push(FieldError { path: self.path(), kind, value, detail: detail.into() });
    }

    /// It must be there.
    pub(crate) fn required(&self, errors: &mut FieldErrors, detail: impl Into<String>) {
        self.push(errors, FieldErrorKind::Required, None, detail);
    }

    /// It must not be empty; tells whether it is there.
    pub(crate) fn require(&self, errors: &mut FieldErrors) -> bool {
        if self.is_empty() {
            self.required(errors, "");
        }
        !self.is_empty()
    }

    /// It breaks a rule.
    pub(crate) fn invalid(&self, errors: &mut FieldErrors, detail: impl Into<String>) {
        self.push(errors, FieldErrorKind::Invalid, Some(self.value.clone()), detail);
    }

    /// It breaks a rule, told with another value than its own.
    pub(crate) fn invalid_as(
        &self,
        errors: &mut FieldErrors,
        value: impl Into<Value>,
        detail: impl Into<String>,
    ) {
        self.push(errors, FieldErrorKind::Invalid, Some(value.into()), detail);
    }

    /// It breaks a rule, and its value is not shown.
    pub(crate) fn invalid_silently(&self, errors: &mut FieldErrors, detail: impl Into<String>) {
        self.push(errors, FieldErrorKind::Invalid, None, detail);
    }

    /// It must not be set here.
    pub(crate) fn forbidden(&self, errors: &mut FieldErrors, detail: impl Into<String>) {
        self.push(errors, FieldErrorKind::Forbidden, None, detail);
    }

    /// It must not be set here, if it is.
    pub(crate) fn forbid(&self, errors: &mut FieldErrors, detail: &str) {
        if self.is_set() {
            self.forbidden(errors, detail);
        }
    }

    /// It must not be set here, if it is; the value is shown.
    pub(crate) fn forbidden_value(&self, errors: &mut FieldErrors, detail: &str) {
        if self.is_set() {
            self.invalid(errors, detail);
        }
    }

    /// It is there twice.
    pub(crate) fn duplicate(&self, errors: &mut FieldErrors, value: impl Into<Value>) {
        self.push(errors, FieldErrorKind::Duplicate, Some(value.into()), "");
    }

    /// It is there twice, said with a sentence.
    pub(crate) fn duplicate_because(&self, errors: &mut FieldErrors, detail: &str) {
        self.push(errors, FieldErrorKind::Duplicate, Some(self.value.clone()), detail);
    }

    /// It names something that is not there.
    pub(crate) fn not_found(&self, errors: &mut FieldErrors, detail: impl Into<String>) {
        self.push(errors, FieldErrorKind::NotFound, Some(self.value.clone()), detail);
    }

    /// It is outside a closed set, which is told in the order given.
    pub(crate) fn not_supported(&self, errors: &mut FieldErrors, allowed: &[&str]) {
        // An absent text is Go's empty one.
        let value = if self.is_set() { self.value.clone() } else { Value::from("") };
        self.not_supported_as(errors, value, allowed);
    }

    /// The same, told with another value than its own.
    pub(crate) fn not_supported_as(
        &self,
        errors: &mut FieldErrors,
        value: impl Into<Value>,
        allowed: &[&str],
    ) {
        let allowed: Vec<String> = allowed.iter().map(|a| format!("{a:?}")).collect();
        let detail = format!("supported values: {}", allowed.join(", "));
        self.push(errors, FieldErrorKind::NotSupported, Some(value.into()), detail);
    }

    /// It must be one of a closed set.
    pub(crate) fn one_of(&self, errors: &mut FieldErrors, allowed: &[&str]) {
        if !allowed.contains(&self.text()) {
            self.not_supported(errors, allowed);
        }
    }

    /// It must be there, and one of a closed set.
    pub(crate) fn require_one_of(&self, errors: &mut FieldErrors, allowed: &[&str]) {
        if self.require(errors) {
            self.one_of(errors, allowed);
        }
    }

    /// It must be one of a closed set, if it is set.
    pub(crate) fn maybe_one_of(&self, errors: &mut FieldErrors, allowed: &[&str]) {
        if self.is_set() {
            self.one_of(errors, allowed);
        }
    }

    /// It is longer than a limit in bytes.
    pub(crate) fn too_long(&self, errors: &mut FieldErrors, limit_bytes: usize) {
        errors.too_long(&self.path(), limit_bytes);
    }

    /// It has more than a limit of items, if it has.
    pub(crate) fn at_most(&self, errors: &mut FieldErrors, limit: usize) {
        if self.len() > limit {
            errors.too_many(&self.path(), self.len(), limit);
        }
    }

    /// Every complaint of a rule for texts.
    pub(crate) fn check(&self, errors: &mut FieldErrors, rule: impl Fn(&str) -> Vec<String>) {
        for complaint in rule(self.text()) {
            self.invalid_as(errors, self.text(), complaint);
        }
    }

    /// The same for a number.
    pub(crate) fn check_int(&self, errors: &mut FieldErrors, rule: impl Fn(i64) -> Vec<String>) {
        for complaint in rule(self.int()) {
            self.invalid_as(errors, self.int(), complaint);
        }
    }

    /// It must not be negative.
    pub(crate) fn non_negative(&self, errors: &mut FieldErrors) {
        if self.int() < 0 {
            self.invalid(errors, super::text::NEGATIVE);
        }
    }

    /// It must be above zero.
    pub(crate) fn positive(&self, errors: &mut FieldErrors) {
        if self.int() <= 0 {
            self.invalid_as(errors, self.int(), super::text::NOT_POSITIVE);
        }
    }

    /// It must be what it was, unless both are empty in Go's sense.
    pub(crate) fn immutable(&self, errors: &mut FieldErrors, old: &Self) {
        self.unchanged(errors, old, super::text::IMMUTABLE);
    }

    /// The same for a text that is no pointer in Go: absent is the empty text.
    pub(crate) fn immutable_text(&self, errors: &mut FieldErrors, old: &Self) {
        if self.text() != old.text() {
            self.invalid_as(errors, self.text(), super::text::IMMUTABLE);
        }
    }

    /// The same, with a sentence of its own.
    pub(crate) fn unchanged(&self, errors: &mut FieldErrors, old: &Self, detail: &str) {
        if !super::equal::semantically(self.value, old.value) {
            self.invalid(errors, detail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::json;

    #[test]
    fn paths_are_printed_as_upstream_prints_them() {
        let pod = json!({"spec": {"containers": [{"name": "a", "limits": {"cpu": "1"}}]}});
        let root = At::root(&pod);
        let limits = root.get("spec.containers").index(0).get("limits");
        assert_eq!(limits.path(), "spec.containers[0].limits");
        let (key, cpu) = limits.entries().next().unwrap();
        assert_eq!((key, cpu.path().as_str()), ("cpu", "spec.containers[0].limits[cpu]"));
        assert_eq!(root.get("spec.nothing.at.all").text(), "");
    }
}
