//! Where a reader is, and what it found fault with on the way.

use crate::limits;
use object::quote::quoted;
use schema::{Schema, TypeId};

/// A step of the way from the root.
#[derive(Debug)]
pub(super) enum Step {
    Field(&'static str),
    /// An inline struct by its Go name, which type errors name and strict errors do not.
    Inline(&'static str),
    Key(String),
    Index(usize),
}

pub(super) struct Context<'s> {
    pub(super) schema: &'s Schema,
    /// Whether JSON text is read, so that a number's own text can be had.
    pub(super) text: bool,
    pub(super) path: Vec<Step>,
    /// The struct whose field is being read.
    pub(super) owner: Option<TypeId>,
    pub(super) strict: Vec<String>,
    /// Over 0 inside of types whose own reader upstream knows no strictness.
    pub(super) lenient: usize,
    /// Why the pass was given up, in place of serde's words.
    pub(super) error: Option<String>,
}

impl<'s> Context<'s> {
    pub(super) fn new(schema: &'s Schema, text: bool) -> Self {
        Self {
            schema,
            text,
            path: Vec::new(),
            owner: None,
            strict: Vec::new(),
            lenient: 0,
            error: None,
        }
    }

    /// Notes a field that strict validation refuses.
    pub(super) fn note(&mut self, what: &str, name: &str) {
        if self.lenient > 0 || self.strict.len() >= limits::STRICT_ERRORS {
            return;
        }
        let mut path = self.strict_path();
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(name);
        let error = format!("{what} {}", quoted(&path));
        if !self.strict.contains(&error) {
            self.strict.push(error);
        }
    }

    fn strict_path(&self) -> String {
        let mut path = String::new();
        for step in &self.path {
            let name = match step {
                Step::Inline(_) => continue,
                Step::Index(index) => {
                    path.push_str(&format!("[{index}]"));
                    continue;
                }
                Step::Field(name) => name,
                Step::Key(key) => key.as_str(),
            };
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
        }
        path
    }

    /// Gives up: a value of another type than the field's.
    pub(super) fn wrong_type<E: serde::de::Error>(&mut self, value: &str, go_type: &str) -> E {
        let fields: Vec<&str> = self
            .path
            .iter()
            .filter_map(|step| match step {
                Step::Field(name) | Step::Inline(name) => Some(*name),
                Step::Key(_) | Step::Index(_) => None,
            })
            .collect();
        let place = match self.owner {
            Some(owner) if !fields.is_empty() => {
                let owner = short_name(self.schema.get(owner).name);
                format!("struct field {owner}.{}", fields.join("."))
            }
            _ => "value".to_owned(),
        };
        self.fail(format!("json: cannot unmarshal {value} into Go {place} of type {go_type}"))
    }

    /// Gives up, with a sentence.
    pub(super) fn fail<E: serde::de::Error>(&mut self, why: String) -> E {
        self.error = Some(why);
        E::custom("given up")
    }
}

/// `PodSpec` of `io.k8s.api.core.v1.PodSpec`.
pub(super) fn short_name(name: &'static str) -> &'static str {
    name.rsplit_once('.').map_or(name, |(_, short)| short)
}

/// `v1.PodSpec` of `io.k8s.api.core.v1.PodSpec`.
pub(super) fn go_name(name: &'static str) -> &'static str {
    match name.rmatch_indices('.').nth(1) {
        Some((at, _)) => &name[at + 1..],
        None => name,
    }
}
