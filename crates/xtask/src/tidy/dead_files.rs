//! Every Rust file is part of a crate: reached from a target's root by `mod` declarations. A file
//! that nothing declares is never compiled, and nobody is told.

use super::{Offence, Tree, source};
use regex::Regex;
use std::collections::BTreeSet;

pub(super) fn check(tree: &Tree) -> Vec<Offence> {
    let declaration =
        Regex::new(r"\bmod\s+([A-Za-z_][A-Za-z0-9_]*)\s*;").expect("a regular expression");
    let paths: BTreeSet<&str> = tree.rust().map(|file| file.path.as_str()).collect();
    let mut reached: BTreeSet<String> =
        paths.iter().filter(|path| is_root(path)).map(|path| (*path).to_owned()).collect();
    let mut next: Vec<String> = reached.iter().cloned().collect();
    while let Some(path) = next.pop() {
        let code = source::code(tree.text(&path).unwrap_or_default());
        for found in declaration.captures_iter(&code) {
            for file in places(&path, &found[1]) {
                if paths.contains(file.as_str()) && reached.insert(file.clone()) {
                    next.push(file);
                }
            }
        }
    }
    let dead = paths.into_iter().filter(|path| !reached.contains(*path));
    dead.map(|path| Offence::file(path, "no `mod` declares it, so it is never compiled")).collect()
}

/// Whether Cargo starts here.
fn is_root(path: &str) -> bool {
    let Some((folder, name)) = path.rsplit_once('/') else { return false };
    match folder.rsplit('/').next() {
        Some("src") => matches!(name, "lib.rs" | "main.rs"),
        Some("bin") => folder.ends_with("src/bin"),
        Some("tests" | "benches" | "examples") => !folder.contains("/src/"),
        _ => name == "build.rs" || (name == "main.rs" && folder.contains("/tests/")),
    }
}

/// Where `mod name;` of a file may lie.
fn places(path: &str, name: &str) -> [String; 2] {
    let (folder, file) = path.rsplit_once('/').unwrap_or_default();
    let stem = file.trim_end_matches(".rs");
    // Beside a root, else in the folder of the file's name.
    if is_root(path) || stem == "mod" {
        [format!("{folder}/{name}.rs"), format!("{folder}/{name}/mod.rs")]
    } else {
        [format!("{folder}/{stem}/{name}.rs"), format!("{folder}/{stem}/{name}/mod.rs")]
    }
}

#[cfg(test)]
mod tests {
    use super::super::Tree;

    #[test]
    fn only_what_is_declared_lives() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "mod b;\n// mod dead;\n#[cfg(test)]\nmod tests;"),
            ("crates/a/src/b.rs", "pub(crate) mod c;"),
            ("crates/a/src/b/c.rs", ""),
            ("crates/a/src/c.rs", ""),
            ("crates/a/src/dead.rs", ""),
            ("crates/a/src/tests.rs", ""),
            ("crates/a/tests/suite.rs", "mod part;"),
            ("crates/a/tests/suite/main.rs", ""),
        ]);
        let found: Vec<_> = super::check(&tree).into_iter().map(|found| found.path).collect();
        assert_eq!(found, ["crates/a/src/c.rs", "crates/a/src/dead.rs"]);
    }
}
