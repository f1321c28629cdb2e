//! A file's name says what is in it, which some names never do; and `foo.rs` stands beside `foo/`.

use super::{Offence, Tree};

const EMPTY: &[&str] = &["utils", "util", "common", "helpers", "helper", "manager", "misc", "mod"];

pub(super) fn check(tree: &Tree) -> Vec<Offence> {
    let named = tree.rust().filter(|file| says_nothing(&file.path));
    named.map(|file| Offence::file(&file.path, "give it the name of the idea in it")).collect()
}

fn says_nothing(path: &str) -> bool {
    let mut parts = path.trim_end_matches(".rs").split('/');
    parts.any(|part| EMPTY.contains(&part))
}

#[cfg(test)]
mod tests {
    #[test]
    fn names() {
        let rows = [
            ("crates/a/src/utils.rs", true),
            ("crates/a/src/common/b.rs", true),
            ("crates/a/src/b/mod.rs", true),
            ("controller-manager/src/lib.rs", false),
            ("crates/a/src/quantity.rs", false),
        ];
        for (path, expected) in rows {
            assert_eq!(super::says_nothing(path), expected, "{path}");
        }
    }
}
