//! The stages of a request in `docs/ARCHITECTURE.md` are those of `pipeline::STAGES`, and its code
//! map names every crate.

use super::{Offence, Tree};
use regex::Regex;

const PIPELINE: &str = "api-server/src/pipeline.rs";
const PAGE: &str = "docs/ARCHITECTURE.md";
const HEADING: &str = "## The way of a request";

pub(super) fn check(tree: &Tree) -> Vec<Offence> {
    let (Some(pipeline), Some(page)) = (tree.text(PIPELINE), tree.text(PAGE)) else {
        return vec![Offence::file(PAGE, format!("it or {PIPELINE} is missing"))];
    };
    let mut found = vec![];
    let (code, page_stages) = (in_code(pipeline), in_page(page));
    if code.is_empty() || code != page_stages {
        let message = format!("its stages are {page_stages:?}, those of {PIPELINE} {code:?}");
        found.push(Offence::file(PAGE, message));
    }
    let manifests = tree.files.iter().filter_map(|file| file.path.strip_suffix("/Cargo.toml"));
    for folder in manifests.filter(|folder| !page.contains(&format!("`{folder}`"))) {
        found.push(Offence::file(PAGE, format!("its code map lacks `{folder}`")));
    }
    found
}

fn in_code(text: &str) -> Vec<String> {
    let list = Regex::new(r"STAGES: &\[&str\] =\s*&\[([^\]]*)\]").expect("a regular expression");
    let inside = list.captures(text).map(|found| found[1].to_owned()).unwrap_or_default();
    let stages = inside.split(',').map(|stage| stage.trim().trim_matches('"').to_owned());
    stages.filter(|stage| !stage.is_empty()).collect()
}

/// The numbered list below the heading, each item a name in bold.
fn in_page(text: &str) -> Vec<String> {
    let item = Regex::new(r"^\d+\. \*\*([^*]+)\*\*").expect("a regular expression");
    let below = text.split_once(HEADING).map(|(_, below)| below).unwrap_or_default();
    let section = below.split("\n## ").next().unwrap_or_default();
    section
        .lines()
        .filter_map(|line| item.captures(line))
        .map(|found| found[1].to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Tree;

    #[test]
    fn the_page_and_the_code_agree() {
        let pipeline = "pub const STAGES: &[&str] =\n    &[\"a b\", \"c\"];";
        let page =
            "# A\n`api-server` `crates/x`\n## The way of a request\n1. **a b**: x\n2. **c**\n";
        let found = |page: &str| {
            super::check(&Tree::of(&[
                ("api-server/src/pipeline.rs", pipeline),
                ("api-server/Cargo.toml", ""),
                ("crates/x/Cargo.toml", ""),
                ("docs/ARCHITECTURE.md", page),
            ]))
        };
        assert!(found(page).is_empty());
        for (text, other) in [("2. **c**", ""), ("crates/x", "crates/y")] {
            assert_eq!(found(&page.replace(text, other)).len(), 1, "{other}");
        }
    }
}
