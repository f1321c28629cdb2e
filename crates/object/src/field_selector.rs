//! Field selectors: `metadata.name=web,status.phase!=Running`.
//!
//! Which fields a kind offers is the registry's knowledge; here is only the grammar. Mirrors
//! `k8s.io/apimachinery/pkg/fields`.

use std::fmt;

/// Why a text is no field selector; says what upstream says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FieldSelectorError(String);

/// Terms that must all hold; none of them holds for everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector {
    terms: Vec<FieldTerm>,
}

/// One comparison of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldTerm {
    /// The field's name, such as `metadata.name`.
    pub field: String,
    /// The value to compare with.
    pub value: String,
    /// Whether the field must be equal, or must differ.
    pub equal: bool,
}

impl FieldSelector {
    /// Selects every object.
    pub fn everything() -> Self {
        Self::default()
    }

    /// `field=value`.
    pub fn equal(field: impl Into<String>, value: impl Into<String>) -> Self {
        Self { terms: vec![FieldTerm { field: field.into(), value: value.into(), equal: true }] }
    }

    /// Reads the notation of a query string. Terms come out in order of their text.
    ///
    /// # Errors
    /// For a term without an operator or a wrong escape.
    pub fn parse(text: &str) -> Result<Self, FieldSelectorError> {
        let mut parts = split_terms(text);
        parts.sort_unstable();
        let mut terms = Vec::new();
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            let (field, operator, value) = split_term(part).ok_or_else(|| {
                FieldSelectorError(format!("invalid selector: '{text}'; can't understand '{part}'"))
            })?;
            let value = unescape(value)?;
            if field.is_empty() && value.is_empty() {
                // Such a term says nothing, and upstream drops it.
                continue;
            }
            terms.push(FieldTerm { field: field.to_owned(), value, equal: operator != "!=" });
        }
        Ok(Self { terms })
    }

    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The terms, to check their fields or to use an index.
    pub fn terms(&self) -> &[FieldTerm] {
        &self.terms
    }

    /// The value that a field must have, where the selector says so.
    pub fn requires_exact_match(&self, field: &str) -> Option<&str> {
        let term = self.terms.iter().find(|term| term.equal && term.field == field)?;
        Some(&term.value)
    }

    /// Whether all terms hold; a field that isn't there is the empty text.
    pub fn matches<'a>(&self, get: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.terms
            .iter()
            .all(|term| (get(&term.field).unwrap_or_default() == term.value) == term.equal)
    }
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, term) in self.terms.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            let operator = if term.equal { "=" } else { "!=" };
            write!(f, "{comma}{}{operator}{}", term.field, escape(&term.value))?;
        }
        Ok(())
    }
}

/// A value as it must be written in a selector.
pub fn escape(value: &str) -> String {
    value.replace('\\', r"\\").replace(',', r"\,").replace('=', r"\=")
}

fn unescape(value: &str) -> Result<String, FieldSelectorError> {
    let bad_escape = |sequence: String| {
        FieldSelectorError(format!("invalid field selector: invalid escape sequence: {sequence}"))
    };
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => out.push(c),
                Some(c) => return Err(bad_escape(format!("\\{c}"))),
                None => return Err(bad_escape("\\".into())),
            },
            // Upstream prints the rune's number.
            ',' | '=' => {
                return Err(FieldSelectorError(format!(
                    "invalid field selector: unescaped character in value: {}",
                    u32::from(c)
                )));
            }
            c => out.push(c),
        }
    }
    Ok(out)
}

/// Splits at commas that no backslash protects.
fn split_terms(text: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let (mut start, mut protected) = (0, false);
    for (i, c) in text.char_indices() {
        match c {
            _ if protected => protected = false,
            '\\' => protected = true,
            ',' => {
                terms.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    terms.push(&text[start..]);
    terms
}

fn split_term(term: &str) -> Option<(&str, &'static str, &str)> {
    term.char_indices().find_map(|(i, _)| {
        ["!=", "==", "="].into_iter().find_map(|operator| {
            let value = term[i..].strip_prefix(operator)?;
            Some((&term[..i], operator, value))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::FieldSelector;

    #[test]
    fn selectors_are_read_printed_and_matched() {
        let text = r"status.phase!=Running,metadata.name==web,x=a\,b\=c\\";
        let selector = FieldSelector::parse(text).expect("valid");
        assert_eq!(selector.to_string(), r"metadata.name=web,status.phase!=Running,x=a\,b\=c\\");
        assert_eq!(selector.requires_exact_match("metadata.name"), Some("web"));
        assert_eq!(selector.requires_exact_match("status.phase"), None);
        let phase = |phase: &'static str| {
            selector.matches(|field| match field {
                "metadata.name" => Some("web"),
                "x" => Some(r"a,b=c\"),
                _ => Some(phase),
            })
        };
        assert!(phase("Pending"));
        assert!(!phase("Running"));
        assert!(FieldSelector::parse("").expect("valid").is_empty());
        assert!(FieldSelector::parse("=,!=").expect("valid").is_empty());
        let empty = FieldSelector::parse("spec.nodeName=").expect("valid");
        assert!(empty.matches(|_| None));
    }

    #[test]
    fn refusals_are_upstreams() {
        for (text, message) in [
            ("a", "invalid selector: 'a'; can't understand 'a'"),
            ("a=b=c", "invalid field selector: unescaped character in value: 61"),
            (r"a=\x", r"invalid field selector: invalid escape sequence: \x"),
            (r"a=b\", r"invalid field selector: invalid escape sequence: \"),
        ] {
            assert_eq!(FieldSelector::parse(text).expect_err("refused").to_string(), message);
        }
    }
}
