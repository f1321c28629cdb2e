//! Command lines as upstream reads them: a table of flags, and what was given.
//!
//! Kubernetes' flags follow pflag, whose rules and sentences differ from what clap can be taught
//! (`--flag=value` or `--flag value`, a bool takes no word after it, `_` counts as `-`, a list
//! grows with each use, deprecated flags warn, the first error is one line naming the flag).
//! Operators' scripts and tests read those sentences. Mirrors `github.com/spf13/pflag` and
//! `k8s.io/component-base/cli`; what a flag means belongs to whoever declares it.

pub mod duration;
pub mod feature_gates;
mod parse;
mod value;

pub use feature_gates::FeatureGates;
pub use parse::{FlagError, Parsed};
pub use value::boolean;

use value::Value;

/// What a flag's text is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `--flag`, `--flag=true`, `--flag=false`; takes no separate word.
    Bool,
    /// Any text.
    Text,
    /// Any text, or alone, meaning this text: `--version`, `--version=raw`.
    TextOrAlone(&'static str),
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// A Go duration such as `1m30s`.
    Duration,
    /// Texts parted by commas; each use adds to it.
    List,
    /// One text each use, commas and all.
    Repeated,
    /// `key=value` parted by commas; a `=` is a must.
    Pairs,
    /// `key=value` or `key` parted by commas: `--runtime-config`.
    Settings,
    /// `key=true` parted by commas: `--feature-gates`.
    Switches,
}

/// One row of a component's table of flags.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    /// Without dashes in front.
    pub name: &'static str,
    /// One letter, or none.
    pub shorthand: Option<char>,
    /// How its text is read.
    pub kind: Kind,
    /// What stands when it is not given, as it would be written.
    pub default: &'static str,
    /// What `--help` says.
    pub help: &'static str,
    /// Set when using it prints `Flag --x has been deprecated, <this>`.
    pub deprecated: Option<&'static str>,
}

impl Flag {
    /// A flag of this kind with nothing as its default.
    pub const fn new(name: &'static str, kind: Kind, help: &'static str) -> Self {
        Self { name, shorthand: None, kind, default: "", help, deprecated: None }
    }

    /// With a default, written as on a command line.
    #[must_use]
    pub const fn or(mut self, default: &'static str) -> Self {
        self.default = default;
        self
    }

    /// With a letter.
    #[must_use]
    pub const fn short(mut self, letter: char) -> Self {
        self.shorthand = Some(letter);
        self
    }

    /// Still taken, with a warning that ends in `advice`.
    #[must_use]
    pub const fn deprecated(mut self, advice: &'static str) -> Self {
        self.deprecated = Some(advice);
        self
    }
}

/// Reads `arguments` (without the program's name) by the table.
///
/// # Errors
/// [`FlagError`]: the first thing that is wrong, in upstream's words.
///
/// # Panics
/// When a row's default can't be read as its kind, which is a mistake in the table.
pub fn parse<I, S>(flags: &[Flag], arguments: I) -> Result<Parsed, FlagError>
where
    I: IntoIterator<Item = S>,
    S: Into<String>,
{
    parse::parse(flags, arguments.into_iter().map(Into::into).collect())
}

/// The text of `--help`: one flag after the other, hidden those that are deprecated.
pub fn help(flags: &[Flag]) -> String {
    let mut rows: Vec<&Flag> = flags.iter().filter(|flag| flag.deprecated.is_none()).collect();
    rows.sort_by_key(|flag| flag.name);
    let mut out = String::new();
    for flag in rows {
        let short = flag.shorthand.map_or("    ".to_owned(), |letter| format!("-{letter}, "));
        out.push_str(&format!("  {short}--{}", flag.name));
        let word = value::word(flag.kind);
        if !word.is_empty() {
            out.push_str(&format!(" {word}"));
        }
        out.push_str(&format!("\n                {}", flag.help));
        if !matches!(flag.default, "" | "false" | "0") {
            out.push_str(&match flag.kind {
                Kind::Text | Kind::TextOrAlone(_) => format!(" (default {:?})", flag.default),
                Kind::List | Kind::Repeated => format!(" (default [{}])", flag.default),
                _ => format!(" (default {})", flag.default),
            });
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests;
