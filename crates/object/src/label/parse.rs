//! The grammar of label selectors in a query string, with upstream's refusals.
//!
//! Mirrors the lexer and parser of `k8s.io/apimachinery/pkg/labels`.

use super::{Operator, Requirement, SelectorError};
use crate::names;
use crate::quote::quoted;
use std::collections::BTreeSet;

/// Reads all requirements, in the order in which they stand.
pub(super) fn requirements(text: &str) -> Result<Vec<Requirement>, SelectorError> {
    let mut parser = Parser { tokens: tokens(text), next: 0 };
    let mut requirements = Vec::new();
    loop {
        match parser.peek() {
            Token::Word(_) | Token::Symbol("!") => {}
            Token::End => return Ok(requirements),
            other => return Err(found(other, ", expected: !, identifier, or 'end of string'")),
        }
        let requirement = parser
            .requirement()
            .map_err(|e| SelectorError(format!("unable to parse requirement: {e}")))?;
        requirements.push(requirement);
        match parser.take() {
            Token::End => return Ok(requirements),
            Token::Symbol(",") => match parser.peek() {
                Token::Word(_) | Token::Symbol("!") => {}
                other => return Err(found(other, ", expected: identifier after ','")),
            },
            other => return Err(found(&other, ", expected: ',' or 'end of string'")),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// A key, a value, or one of the words `in` and `notin`.
    Word(String),
    Symbol(&'static str),
    End,
}

fn found(token: &Token, expected: &str) -> SelectorError {
    let literal = match token {
        Token::Word(text) => text.as_str(),
        Token::Symbol(text) => text,
        Token::End => "",
    };
    SelectorError(format!("found '{literal}'{expected}"))
}

const SYMBOLS: [&str; 9] = ["==", "!=", ")", ",", "!", "=", ">", "<", "("];

fn is_symbol(c: char) -> bool {
    matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    // A zero byte ends the text for upstream's lexer.
    let mut rest = text.split('\0').next().unwrap_or_default().trim_start_matches(is_space);
    while !rest.is_empty() {
        let (token, length) = match SYMBOLS.iter().find(|s| rest.starts_with(**s)) {
            Some(symbol) => (Token::Symbol(symbol), symbol.len()),
            None => {
                let end = rest.find(|c| is_symbol(c) || is_space(c)).unwrap_or(rest.len());
                (Token::Word(rest[..end].to_owned()), end)
            }
        };
        tokens.push(token);
        rest = rest[length..].trim_start_matches(is_space);
    }
    tokens.push(Token::End);
    tokens
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.next).unwrap_or(&Token::End)
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn requirement(&mut self) -> Result<Requirement, SelectorError> {
        let mut token = self.take();
        let absent = token == Token::Symbol("!");
        if absent {
            token = self.take();
        }
        let Token::Word(key) = token else {
            return Err(found(&token, ", expected: identifier"));
        };
        let key_errors = names::qualified_name(&key);
        if !key_errors.is_empty() {
            // Upstream has no path here and prints it so.
            return Err(SelectorError(format!(
                "<nil>: Invalid value: {}: {}",
                quoted(&key),
                key_errors.join("; ")
            )));
        }
        if absent {
            return Requirement::new(&key, Operator::DoesNotExist, Vec::new());
        }
        if matches!(self.peek(), Token::End | Token::Symbol(",")) {
            return Requirement::new(&key, Operator::Exists, Vec::new());
        }
        let operator = self.operator()?;
        let values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => BTreeSet::from([self.exact_value()?]),
        };
        Requirement::new(&key, operator, values.into_iter().collect())
    }

    fn operator(&mut self) -> Result<Operator, SelectorError> {
        let token = self.take();
        Ok(match &token {
            Token::Symbol("=") => Operator::Equals,
            Token::Symbol("==") => Operator::DoubleEquals,
            Token::Symbol("!=") => Operator::NotEquals,
            Token::Symbol(">") => Operator::GreaterThan,
            Token::Symbol("<") => Operator::LessThan,
            Token::Word(word) if word == "in" => Operator::In,
            Token::Word(word) if word == "notin" => Operator::NotIn,
            other => return Err(found(other, ", expected: in, notin, =, ==, !=, gt, lt")),
        })
    }

    /// `(a, b)`; an empty place between commas is the empty value.
    fn values(&mut self) -> Result<BTreeSet<String>, SelectorError> {
        let open = self.take();
        if open != Token::Symbol("(") {
            return Err(found(&open, " expected: '('"));
        }
        match self.peek() {
            Token::Word(_) | Token::Symbol(",") => {}
            Token::Symbol(")") => {
                self.take();
                return Ok(BTreeSet::from([String::new()]));
            }
            other => return Err(found(other, ", expected: ',', ')' or identifier")),
        }
        let mut values = BTreeSet::new();
        loop {
            match self.take() {
                Token::Word(value) => {
                    values.insert(value);
                    match self.peek() {
                        Token::Symbol(",") => {}
                        Token::Symbol(")") => break,
                        other => return Err(found(other, ", expected: ',' or ')'")),
                    }
                }
                Token::Symbol(",") => {
                    if values.is_empty() {
                        values.insert(String::new());
                    }
                    match self.peek() {
                        Token::Symbol(")") => {
                            values.insert(String::new());
                            break;
                        }
                        Token::Symbol(",") => {
                            values.insert(String::new());
                        }
                        _ => {}
                    }
                }
                other => return Err(found(&other, ", expected: ',', or identifier")),
            }
        }
        self.take();
        Ok(values)
    }

    fn exact_value(&mut self) -> Result<String, SelectorError> {
        if matches!(self.peek(), Token::End | Token::Symbol(",")) {
            return Ok(String::new());
        }
        match self.take() {
            Token::Word(value) => Ok(value),
            other => Err(found(&other, ", expected: identifier")),
        }
    }
}
