//! Label selectors: what they ask of an object's labels.
//!
//! `label/parse.rs` reads the notation of a query string; `metav1.LabelSelector` is read here.
//! Mirrors `k8s.io/apimachinery/pkg/labels` and `metav1.LabelSelectorAsSelector`.

mod parse;

use crate::quote::quoted;
use crate::{FieldErrors, Value, names};
use std::fmt;

/// Why something is no label selector; says what upstream says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SelectorError(pub(crate) String);

/// Requirements that must all hold, in order of their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    requirements: Vec<Requirement>,
    /// It selects no object at all, which no requirement can say.
    nothing: bool,
}

/// What must hold for one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The label's key.
    pub key: String,
    /// How its value is compared.
    pub operator: Operator,
    /// The values to compare with.
    pub values: Vec<String>,
}

/// How a label's value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants are upstream's words")]
pub enum Operator {
    DoesNotExist,
    Equals,
    DoubleEquals,
    In,
    NotEquals,
    NotIn,
    Exists,
    GreaterThan,
    LessThan,
}

impl Selector {
    /// Selects every object.
    pub fn everything() -> Self {
        Self { requirements: Vec::new(), nothing: false }
    }

    /// Selects no object.
    pub fn nothing() -> Self {
        Self { requirements: Vec::new(), nothing: true }
    }

    /// With requirements that were checked before.
    pub fn new(mut requirements: Vec<Requirement>) -> Self {
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Self { requirements, nothing: false }
    }

    /// Reads the notation of a query string: `app in (web, api),tier!=cache,!legacy`.
    ///
    /// # Errors
    /// Where it doesn't follow the grammar, or a key or value is not a label's.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        parse::requirements(text).map(Self::new)
    }

    /// Every label of a map must be there: a Service's or ReplicationController's selector.
    ///
    /// Nothing is checked; an absent or empty map selects everything.
    pub fn from_map(map: &Value) -> Self {
        let pairs = crate::meta::pairs(map);
        Self::new(pairs.map(|(key, value)| equals(key, value)).collect())
    }

    /// Reads a `metav1.LabelSelector`; an absent one selects nothing, an empty one everything.
    ///
    /// # Errors
    /// For an operator that isn't one, or a key or value that isn't a label's.
    pub fn from_label_selector(selector: &Value) -> Result<Self, SelectorError> {
        if selector.is_null() {
            return Ok(Self::nothing());
        }
        let mut requirements = Vec::new();
        for (key, value) in crate::meta::pairs(&selector["matchLabels"]) {
            requirements.push(Requirement::new(key, Operator::Equals, vec![value.to_owned()])?);
        }
        for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
            let operator = match expression["operator"].as_str().unwrap_or_default() {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => {
                    return Err(SelectorError(format!(
                        "{} is not a valid label selector operator",
                        quoted(other)
                    )));
                }
            };
            let key = expression["key"].as_str().unwrap_or_default();
            let values = expression["values"].as_array().into_iter().flatten();
            let values = values.filter_map(Value::as_str).map(str::to_owned).collect();
            requirements.push(Requirement::new(key, operator, values)?);
        }
        Ok(Self::new(requirements))
    }

    /// Whether it selects everything.
    pub fn is_everything(&self) -> bool {
        self.requirements.is_empty() && !self.nothing
    }

    /// Whether it selects nothing.
    pub fn is_nothing(&self) -> bool {
        self.nothing
    }

    /// The requirements, in order of their keys, so that an index can be used.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// The value that a label must have, where its first requirement leaves only one.
    pub fn requires_exact_match(&self, key: &str) -> Option<&str> {
        use Operator::{DoubleEquals, Equals, In};
        let requirement = self.requirements.iter().find(|r| r.key == key)?;
        match (requirement.operator, requirement.values.as_slice()) {
            (Equals | DoubleEquals | In, [value]) => Some(value),
            _ => None,
        }
    }

    /// Whether labels, given by a lookup, satisfy all requirements.
    pub fn matches<'a>(&self, get: impl Fn(&str) -> Option<&'a str>) -> bool {
        !self.nothing && self.requirements.iter().all(|r| r.matches(get(&r.key)))
    }

    /// Whether an object's labels satisfy all requirements.
    pub fn matches_object(&self, object: &Value) -> bool {
        self.matches_map(&object["metadata"]["labels"])
    }

    /// Whether a map of labels satisfies all requirements.
    pub fn matches_map(&self, labels: &Value) -> bool {
        self.matches(|key| labels.get(key).map(|value| value.as_str().unwrap_or_default()))
    }
}

impl Requirement {
    /// With its key, operator and values checked.
    ///
    /// # Errors
    /// All that is wrong with them, in upstream's words.
    pub fn new(key: &str, operator: Operator, values: Vec<String>) -> Result<Self, SelectorError> {
        use Operator::*;
        let mut errors = FieldErrors::new();
        let key_errors = names::qualified_name(key);
        if !key_errors.is_empty() {
            errors.invalid("key", key, key_errors.join("; "));
        }
        let rule = match operator {
            In | NotIn if values.is_empty() => {
                Some("for 'in', 'notin' operators, values set can't be empty")
            }
            Equals | DoubleEquals | NotEquals if values.len() != 1 => {
                Some("exact-match compatibility requires one single value")
            }
            Exists | DoesNotExist if !values.is_empty() => {
                Some("values set must be empty for exists and does not exist")
            }
            GreaterThan | LessThan if values.len() != 1 => {
                Some("for 'Gt', 'Lt' operators, exactly one value is required")
            }
            _ => None,
        };
        if let Some(rule) = rule {
            errors.invalid("values", values.clone(), rule);
        }
        for (i, value) in values.iter().enumerate() {
            if matches!(operator, GreaterThan | LessThan) && value.parse::<i64>().is_err() {
                let rule = "for 'Gt', 'Lt' operators, the value must be an integer";
                errors.invalid(&format!("values[{i}]"), value.as_str(), rule);
            }
        }
        for (i, value) in values.iter().enumerate() {
            let value_errors = names::label_value(value);
            if !value_errors.is_empty() {
                let path = format!("values[{i}][{key}]");
                errors.invalid(&path, value.as_str(), value_errors.join("; "));
            }
        }
        if errors.is_empty() {
            Ok(Self { key: key.to_owned(), operator, values })
        } else {
            Err(SelectorError(errors.to_string()))
        }
    }

    /// Whether a label's value, if it is there, satisfies this.
    pub fn matches(&self, value: Option<&str>) -> bool {
        use Operator::*;
        let has = |value: &str| self.values.iter().any(|v| v == value);
        match self.operator {
            In | Equals | DoubleEquals => value.is_some_and(has),
            NotIn | NotEquals => !value.is_some_and(has),
            Exists => value.is_some(),
            DoesNotExist => value.is_none(),
            GreaterThan | LessThan => {
                let number = |text: &str| text.parse::<i64>().ok();
                let limit = self.values.first().and_then(|v| number(v));
                match (value.and_then(number), limit) {
                    (Some(value), Some(limit)) if self.operator == GreaterThan => value > limit,
                    (Some(value), Some(limit)) => value < limit,
                    _ => false,
                }
            }
        }
    }
}

fn equals(key: &str, value: &str) -> Requirement {
    let values = vec![value.to_owned()];
    Requirement { key: key.to_owned(), operator: Operator::Equals, values }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut values: Vec<&str> = self.values.iter().map(String::as_str).collect();
        values.sort_unstable();
        let (key, values) = (&self.key, values.join(","));
        match self.operator {
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::Exists => f.write_str(key),
            Operator::Equals => write!(f, "{key}={values}"),
            Operator::DoubleEquals => write!(f, "{key}=={values}"),
            Operator::NotEquals => write!(f, "{key}!={values}"),
            Operator::In => write!(f, "{key} in ({values})"),
            Operator::NotIn => write!(f, "{key} notin ({values})"),
            Operator::GreaterThan => write!(f, "{key}>{values}"),
            Operator::LessThan => write!(f, "{key}<{values}"),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, requirement) in self.requirements.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            requirement.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
