//! The differences that are known, with their reasons.

use anyhow::{Context, Result};
use regex::Regex;

const LIST: &str = include_str!("known.txt");

/// The list of known differences.
pub(super) struct Known(Vec<(Regex, String)>);

impl Known {
    /// Reads the list: a pattern of exchanges' names on a line, behind a comment with the reason.
    ///
    /// # Errors
    /// Where a pattern is none, or has no reason.
    pub(super) fn read() -> Result<Self> {
        let mut entries = Vec::new();
        let mut reason = String::new();
        for line in LIST.lines() {
            if let Some(comment) = line.strip_prefix('#') {
                reason = comment.trim().to_owned();
            } else if !line.is_empty() {
                let pattern = Regex::new(line).with_context(|| line.to_owned())?;
                anyhow::ensure!(!reason.is_empty(), "{line}: no reason");
                entries.push((pattern, reason.clone()));
            } else {
                reason.clear();
            }
        }
        Ok(Self(entries))
    }

    /// Why this exchange may differ.
    pub(super) fn reason(&self, name: &str, _ours: &str, _theirs: &str) -> Option<&str> {
        let (_, reason) = self.0.iter().find(|(pattern, _)| pattern.is_match(name))?;
        Some(reason)
    }
}
