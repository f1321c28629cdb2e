//! The walk over the arguments, and what it found.

use super::{Flag, Kind, Value, value};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// What is wrong with a command line: one line, in upstream's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlagError {
    /// `-h` or `--help`; not a mistake.
    #[error("help requested")]
    Help,
    /// No such flag.
    #[error("unknown flag: --{0}")]
    Unknown(String),
    /// No such letter.
    #[error("unknown shorthand flag: '{letter}' in -{word}")]
    UnknownShorthand {
        /// The letter.
        letter: char,
        /// The word it stood in, without the dash.
        word: String,
    },
    /// The last word is a flag that wants one more.
    #[error("flag needs an argument: {0}")]
    NeedsArgument(String),
    /// `--=x` or `---x`.
    #[error("bad flag syntax: {0}")]
    Syntax(String),
    /// The value can't be read.
    #[error("invalid argument {text:?} for {flag:?} flag: {why}")]
    Invalid {
        /// The flag with its dashes, and its letter in front where it has one.
        flag: String,
        /// What was given.
        text: String,
        /// Go's sentence.
        why: String,
    },
}

/// What was given, and the defaults for the rest.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    values: HashMap<&'static str, Value>,
    given: HashSet<&'static str>,
    words: Vec<String>,
    warnings: Vec<String>,
}

pub(super) fn parse(flags: &[Flag], arguments: Vec<String>) -> Result<Parsed, FlagError> {
    let mut parsed = Parsed::default();
    for flag in flags {
        let default = Value::read(flag.kind, flag.default)
            .unwrap_or_else(|why| panic!("the default of --{}: {why}", flag.name));
        parsed.values.insert(flag.name, default);
    }
    let by_name: HashMap<&str, &Flag> = flags.iter().map(|flag| (flag.name, flag)).collect();
    let mut words = arguments.into_iter();
    while let Some(word) = words.next() {
        if word == "--" {
            parsed.words.extend(words.by_ref());
        } else if let Some(body) = word.strip_prefix("--") {
            if body.starts_with(['-', '=']) {
                return Err(FlagError::Syntax(word));
            }
            let (name, text) = match body.split_once('=') {
                Some((name, text)) => (name, Some(text.to_owned())),
                None => (body, None),
            };
            let name = name.replace('_', "-");
            match by_name.get(name.as_str()) {
                Some(flag) => {
                    let text = text.or_else(|| alone(flag).map(str::to_owned));
                    let text = text
                        .or_else(|| words.next())
                        .ok_or_else(|| FlagError::NeedsArgument(format!("--{name}")))?;
                    parsed.set(flag, &text)?;
                }
                None if name == "help" => return Err(FlagError::Help),
                None => return Err(FlagError::Unknown(name)),
            }
        } else if word.len() > 1 && word.starts_with('-') {
            letters(flags, &word[1..], &mut words, &mut parsed)?;
        } else {
            parsed.words.push(word);
        }
    }
    Ok(parsed)
}

/// A word of letters after one dash: `-v2`, `-v=2`, `-v 2`, `-ab`.
fn letters(
    flags: &[Flag],
    word: &str,
    words: &mut impl Iterator<Item = String>,
    parsed: &mut Parsed,
) -> Result<(), FlagError> {
    let mut rest = word;
    while let Some(letter) = rest.chars().next() {
        let after = &rest[letter.len_utf8()..];
        let Some(flag) = flags.iter().find(|flag| flag.shorthand == Some(letter)) else {
            return Err(match letter {
                'h' => FlagError::Help,
                letter => FlagError::UnknownShorthand { letter, word: word.to_owned() },
            });
        };
        if let Some(text) = after.strip_prefix('=') {
            return parsed.set(flag, text);
        }
        if let Some(text) = alone(flag) {
            parsed.set(flag, text)?;
            rest = after;
            continue;
        }
        if !after.is_empty() {
            return parsed.set(flag, after);
        }
        let text = words
            .next()
            .ok_or_else(|| FlagError::NeedsArgument(format!("'{letter}' in -{word}")))?;
        return parsed.set(flag, &text);
    }
    Ok(())
}

/// What the flag means without a value, for those that may stand alone.
fn alone(flag: &Flag) -> Option<&'static str> {
    match flag.kind {
        Kind::Bool => Some("true"),
        Kind::TextOrAlone(text) => Some(text),
        _ => None,
    }
}

impl Parsed {
    fn set(&mut self, flag: &Flag, text: &str) -> Result<(), FlagError> {
        // An empty text is no bool and no number, though a default may be left empty.
        let empty = text.is_empty()
            && matches!(flag.kind, Kind::Bool | Kind::Int | Kind::Float | Kind::Duration);
        let read = match flag.kind {
            Kind::Bool if empty => value::boolean(text).map(Value::Bool),
            Kind::Int if empty => Err("strconv.ParseInt: parsing \"\": invalid syntax".to_owned()),
            Kind::Float if empty => {
                Err("strconv.ParseFloat: parsing \"\": invalid syntax".to_owned())
            }
            Kind::Duration if empty => Err("time: invalid duration \"\"".to_owned()),
            kind => Value::read(kind, text),
        };
        let newer = read.map_err(|why| FlagError::Invalid {
            flag: match flag.shorthand {
                Some(letter) => format!("-{letter}, --{}", flag.name),
                None => format!("--{}", flag.name),
            },
            text: text.to_owned(),
            why,
        })?;
        let first = self.given.insert(flag.name);
        if let (Some(advice), true) = (flag.deprecated, first) {
            self.warnings.push(format!("Flag --{} has been deprecated, {advice}", flag.name));
        }
        self.values.get_mut(flag.name).expect("each row has a value").take(newer, first);
        Ok(())
    }

    /// Whether the flag was on the command line.
    pub fn was_given(&self, name: &str) -> bool {
        self.given.contains(name)
    }

    /// Words that belong to no flag.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Lines to print to stderr before anything else.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn value(&self, name: &str) -> &Value {
        self.values.get(name).unwrap_or_else(|| panic!("--{name} is in no table of flags"))
    }

    /// A [`Kind::Bool`] flag.
    ///
    /// # Panics
    /// This and those below: when the table has no such flag of that kind.
    pub fn bool(&self, name: &str) -> bool {
        match self.value(name) {
            Value::Bool(value) => *value,
            other => wrong(name, other),
        }
    }

    /// A [`Kind::Text`] flag.
    pub fn text(&self, name: &str) -> &str {
        match self.value(name) {
            Value::Text(value) => value,
            other => wrong(name, other),
        }
    }

    /// A [`Kind::Int`] flag.
    pub fn int(&self, name: &str) -> i64 {
        match self.value(name) {
            Value::Int(value) => *value,
            other => wrong(name, other),
        }
    }

    /// A [`Kind::Float`] flag.
    pub fn float(&self, name: &str) -> f64 {
        match self.value(name) {
            Value::Float(value) => *value,
            other => wrong(name, other),
        }
    }

    /// A [`Kind::Duration`] flag.
    pub fn duration(&self, name: &str) -> Duration {
        match self.value(name) {
            Value::Duration(value) => *value,
            other => wrong(name, other),
        }
    }

    /// A [`Kind::List`] or [`Kind::Repeated`] flag.
    pub fn list(&self, name: &str) -> &[String] {
        match self.value(name) {
            Value::List(value) => value,
            other => wrong(name, other),
        }
    }

    /// A [`Kind::Pairs`], [`Kind::Settings`] or [`Kind::Switches`] flag, in the order given.
    pub fn pairs(&self, name: &str) -> &[(String, String)] {
        match self.value(name) {
            Value::Pairs(value) => value,
            other => wrong(name, other),
        }
    }
}

fn wrong(name: &str, value: &Value) -> ! {
    panic!("--{name} is of another kind: {value:?}")
}
