//! What the rules read: every text file that is committed or would be, and `cargo metadata`.

use crate::repository;
use anyhow::{Context, Result, bail};
use regex::Regex;
use serde_json::Value;
use std::process::Command;

/// Larger files are data, which no rule reads.
const FILE_BYTES_MAX: u64 = 512 * 1024;

/// The files and packages of the repository.
#[derive(Debug, Default)]
pub struct Tree {
    /// In the order of their paths.
    pub files: Vec<File>,
    /// `cargo metadata` with all dependencies.
    pub metadata: Value,
}

/// A text file.
#[derive(Debug)]
pub struct File {
    /// From the root of the repository, with `/`.
    pub path: String,
    /// All of it.
    pub text: String,
    /// Whether a `#[cfg(test)] mod ...;` declares it.
    for_tests: bool,
}

impl Tree {
    /// Reads the repository that this was built from.
    ///
    /// # Errors
    /// Without `git` and `cargo`.
    pub fn load() -> Result<Self> {
        let listed = output(
            "git",
            &["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"],
        )?;
        let mut files: Vec<File> = listed.split('\0').filter_map(read).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        mark_tests(&mut files);
        let metadata = output("cargo", &["metadata", "--format-version=1", "--quiet", "--locked"])?;
        Ok(Self { files, metadata: serde_json::from_str(&metadata).context("cargo metadata")? })
    }

    /// The Rust files.
    pub fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    /// The text of a file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| file.text.as_str())
    }

    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).into(),
            text: (*text).into(),
            for_tests: false,
        };
        let mut files: Vec<File> = files.iter().map(file).collect();
        mark_tests(&mut files);
        Self { files, metadata: Value::Null }
    }
}

impl File {
    /// Whether it is no part of what is shipped: tests, the testkit, and these tools.
    pub fn is_test(&self) -> bool {
        let path = &self.path;
        self.for_tests
            || path.starts_with("tests/")
            || path.starts_with("crates/testkit/")
            || path.starts_with("crates/xtask/")
            || path.contains("/tests/")
            || path.contains("/benches/")
            || path.contains("/examples/")
            || path.ends_with("/tests.rs")
    }
}

fn read(path: &str) -> Option<File> {
    let full = repository().join(path);
    let size = std::fs::metadata(&full).ok().filter(std::fs::Metadata::is_file)?.len();
    if size > FILE_BYTES_MAX {
        return None;
    }
    let text = String::from_utf8(std::fs::read(full).ok()?).ok()?;
    Some(File { path: path.to_owned(), text, for_tests: false })
}

fn mark_tests(files: &mut [File]) {
    let declaration =
        Regex::new(r"#\[cfg\(test\)\]\s*(?:#\[[^\n]*\]\s*)*(?:pub(?:\([a-z]+\))? )?mod (\w+);")
            .expect("a regular expression");
    let mut declared = vec![];
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        for found in declaration.captures_iter(&file.text) {
            let folder = match file.path.rsplit_once('/') {
                Some((folder, "lib.rs" | "main.rs")) => folder,
                _ => file.path.trim_end_matches(".rs"),
            };
            declared.push(format!("{folder}/{}", &found[1]));
        }
    }
    for file in files {
        let path = &file.path;
        let below = |folder: &String| {
            path.strip_prefix(folder.as_str())
                .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        file.for_tests = declared.iter().any(below);
    }
}

fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(repository())
        .output()
        .with_context(|| format!("{program} does not start"))?;
    if !output.status.success() {
        bail!("{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}
