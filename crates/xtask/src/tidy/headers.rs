//! Each Rust file opens with `//!`: what it is, and what it is not.

use super::{Offence, Tree};

pub(super) fn check(tree: &Tree) -> Vec<Offence> {
    let bare = tree.rust().filter(|file| !says_what_it_is(&file.text));
    bare.map(|file| Offence::file(&file.path, "does not open with `//!` and a sentence")).collect()
}

fn says_what_it_is(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    first.strip_prefix("//!").is_some_and(|said| said.split_whitespace().count() > 1)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_header_is_a_sentence_in_the_first_line() {
        let rows = [
            ("//! Keys of the store.\n", true),
            ("//! TODO\n", false),
            ("//!\n//! Keys.\n", false),
            ("use a::b;\n", false),
            ("", false),
        ];
        for (text, expected) in rows {
            assert_eq!(super::says_what_it_is(text), expected, "{text:?}");
        }
    }
}
