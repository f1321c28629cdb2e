//! `cargo xtask tidy`: the rules of the house that a machine can check, one small file each.
//!
//! It reads text and `cargo metadata`, never types: what needs types is a lint in `Cargo.toml`. A
//! rule enters `docs/STYLE.md` together with its check here.

mod banned;
mod dead_files;
mod edges;
mod headers;
mod licences;
mod names;
mod places;
mod sizes;
mod source;
mod stages;
mod status;
mod tree;

pub use tree::Tree;

use anyhow::{Result, bail};
use std::fmt;

/// What a rule finds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Offence {
    /// From the root of the repository.
    pub path: String,
    /// From 1; 0 where the whole file is meant.
    pub line: usize,
    /// What is wrong, and what to do instead.
    pub message: String,
}

impl Offence {
    fn file(path: &str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: 0, message: message.into() }
    }

    fn line(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// A rule: a name, and what it finds.
type Rule = (&'static str, fn(&Tree) -> Vec<Offence>);

const RULES: &[Rule] = &[
    ("crate edges", edges::check),
    ("headers", headers::check),
    ("file sizes", sizes::check),
    ("file names", names::check),
    ("dead files", dead_files::check),
    ("banned calls", banned::check),
    ("one maker of refusals", status::check),
    ("places", places::check),
    ("stages of a request", stages::check),
    ("licences", licences::check),
];

/// Everything that every rule finds, as lines that begin with the rule's name.
pub fn offences(tree: &Tree) -> Vec<String> {
    let found = |(name, rule): &Rule| {
        let mut found = rule(tree);
        found.sort();
        found.into_iter().map(|offence| format!("{name}: {offence}")).collect::<Vec<_>>()
    };
    RULES.iter().flat_map(found).collect()
}

/// Prints what every rule finds.
///
/// # Errors
/// Where anything was found, or the tree can't be read.
pub fn run() -> Result<()> {
    let found = offences(&Tree::load()?);
    for line in &found {
        println!("{line}");
    }
    match found.len() {
        0 => Ok(()),
        count => bail!("{count} offences against the rules of docs/STYLE.md"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_repository_is_tidy() {
        let found = super::offences(&super::Tree::load().expect("the tree of this repository"));
        assert!(found.is_empty(), "\n{}", found.join("\n"));
    }
}
