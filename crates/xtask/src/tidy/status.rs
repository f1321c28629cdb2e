//! Only `object::error` builds the `metav1.Status` of a refusal, so that all that a client can be
//! refused with stands on one page.

use super::{Offence, Tree, source};
use regex::Regex;

const MAKER: &str = "crates/object/src/error";

pub(super) fn check(tree: &Tree) -> Vec<Offence> {
    let made = Regex::new(r#""status"\s*:\s*"Failure""#).expect("a regular expression");
    let mut found = vec![];
    for file in tree.rust().filter(|file| !file.is_test() && !file.path.starts_with(MAKER)) {
        // The literal itself is blank in `shipped`; a line that is all comment or test is not code.
        let shipped = source::shipped(&file.text);
        for (number, (line, code)) in file.text.lines().zip(shipped.lines()).enumerate() {
            if made.is_match(line) && !code.trim().is_empty() {
                let message = "object::error alone builds a refusal: return an ApiError";
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
    fn a_status_has_one_maker() {
        let text = "json!({\"status\": \"Failure\"})\n// {\"status\": \"Failure\"}\n";
        let found = super::check(&Tree::of(&[("crates/a/src/b.rs", text)]));
        assert_eq!(found.iter().map(|found| found.line).collect::<Vec<_>>(), [1]);
        assert!(super::check(&Tree::of(&[("crates/object/src/error.rs", text)])).is_empty());
    }
}
