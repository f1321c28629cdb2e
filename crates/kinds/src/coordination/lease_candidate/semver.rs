//! Semantic versions (semver.org): whether a text is one, and which of two is lower.

use std::cmp::Ordering;

/// A version; what stands behind `+` does not count.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Semver<'a> {
    numbers: [u64; 3],
    preview: Vec<&'a str>,
}

impl<'a> Semver<'a> {
    /// What stands for a version that is not given.
    pub(super) const ZERO: Self = Self { numbers: [0; 3], preview: Vec::new() };

    /// Reads `1.36.3` or `1.37.0-alpha.1+build`; nothing may lack.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (text, build) = text.split_once('+').map_or((text, None), |(t, b)| (t, Some(b)));
        if build.is_some_and(|build| !build.split('.').all(is_identifier)) {
            return None;
        }
        let (core, preview) = text.split_once('-').map_or((text, None), |(t, p)| (t, Some(p)));
        let mut parts = core.split('.').map(number);
        let numbers = [parts.next()??, parts.next()??, parts.next()??];
        if parts.next().is_some() {
            return None;
        }
        let preview: Vec<&str> = preview.map(|text| text.split('.').collect()).unwrap_or_default();
        let is_good =
            |part: &&str| is_identifier(part) && (!is_numeric(part) || number(part).is_some());
        preview.iter().all(is_good).then_some(Self { numbers, preview })
    }
}

impl Ord for Semver<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_preview = || match (self.preview.is_empty(), other.preview.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                let mut pairs = self.preview.iter().zip(&other.preview);
                let first = pairs.find_map(|(one, two)| Some(part(one, two)).filter(|o| o.is_ne()));
                first.unwrap_or_else(|| self.preview.len().cmp(&other.preview.len()))
            }
        };
        self.numbers.cmp(&other.numbers).then_with(by_preview)
    }
}

impl PartialOrd for Semver<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn part(one: &str, two: &str) -> Ordering {
    match (number(one), number(two)) {
        (Some(one), Some(two)) => one.cmp(&two),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => one.cmp(two),
    }
}

fn number(text: &str) -> Option<u64> {
    let is_one = is_numeric(text) && (text == "0" || !text.starts_with('0'));
    is_one.then(|| text.parse().ok()).flatten()
}

fn is_numeric(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order() {
        let rising = ["0.0.0", "1.2.9", "1.10.0-alpha", "1.10.0-alpha.2", "1.10.0-rc", "1.10.0+x"];
        for pair in rising.windows(2) {
            assert!(Semver::parse(pair[0]) < Semver::parse(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn what_is_none() {
        for text in ["", "1", "1.2", "v1.2.3", "1.2.3.4", "1.02.3", "1.2.3-", "1.2.3+", "1.2.3-01"]
        {
            assert_eq!(Semver::parse(text), None, "{text}");
        }
    }
}
