//! No Rust file is longer than a person holds in mind, its tests apart.

use super::{Offence, Tree, source};

/// The longest file, without tests.
const LINES_MAX: usize = 800;

pub(super) fn check(tree: &Tree) -> Vec<Offence> {
    let sizes = tree.rust().map(|file| (file, lines(&file.text)));
    sizes
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(file, lines)| {
            let message = format!("{lines} lines without tests, {LINES_MAX} at most: split it");
            Offence::file(&file.path, message)
        })
        .collect()
}

/// The lines that are not tests.
fn lines(text: &str) -> usize {
    let (code, shipped) = (source::code(text), source::shipped(text));
    code.lines().zip(shipped.lines()).filter(|(code, shipped)| code == shipped).count()
}

#[cfg(test)]
mod tests {
    use super::super::Tree;

    #[test]
    fn tests_do_not_count() {
        let body = "fn f() {}\n".repeat(super::LINES_MAX);
        let tests = format!("{body}#[cfg(test)]\nmod tests {{\n    fn t() {{}}\n}}\n");
        let long = format!("{body}fn one_more() {{}}\n");
        let tree = Tree::of(&[("a.rs", &tests), ("b.rs", &long)]);
        let found: Vec<_> = super::check(&tree).into_iter().map(|found| found.path).collect();
        assert_eq!(found, ["b.rs"]);
    }
}
