//! The repository speaks of itself alone: no path of anyone's machine, no host of a package
//! registry or mirror.

use super::{Offence, Tree};
use regex::Regex;

/// This file has to name what it looks for; a lock file names its registry.
const BUT: &[&str] = &["crates/xtask/src/tidy/places.rs", "Cargo.lock"];

const PLACES: &str = concat!(
    r"(^|[^\w.~$}/])/(root|work|Users)/\w",
    r"|/home/[a-z]",
    r"|\b(proxy|sum)\.golang\.org\b",
    r"|\b(index|static)\.crates\.io\b",
    r"|\bdeb\.debian\.org\b",
    r"|\bregistry\.npmjs\.org\b",
);

pub(super) fn check(tree: &Tree) -> Vec<Offence> {
    let places = Regex::new(PLACES).expect("a regular expression");
    let mut found = vec![];
    for file in tree.files.iter().filter(|file| !BUT.contains(&file.path.as_str())) {
        for (number, line) in file.text.lines().enumerate() {
            if let Some(place) = places.find(line) {
                let message = format!("names a place outside: `{}`", place.as_str().trim());
                found.push(Offence::line(&file.path, number + 1, message));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::Tree;

    #[test]
    fn places() {
        let rows = [
            ("see /root/x", true),
            ("path = \"/home/me/x\"", true),
            ("GOPROXY=https://proxy.golang.org", true),
            ("~/.cache/orlop", false),
            ("/var/lib/kubernetes/ca.pem", false),
            ("docs/work/page", false),
        ];
        for (text, expected) in rows {
            let found = super::check(&Tree::of(&[("docs/a.md", text)]));
            assert_eq!(!found.is_empty(), expected, "{text}");
        }
    }
}
