//! Calls that only one crate may make, and some that none may. Time, randomness and tasks come from
//! `runtime`, so that tests can hold them still.

use super::{Offence, Tree, source, tree::File};
use regex::Regex;

/// A pattern, why not, and where all the same.
struct Ban {
    pattern: &'static str,
    instead: &'static str,
    /// Beginnings of paths.
    but: &'static [&'static str],
}

const RUNTIME: &[&str] = &["crates/runtime/"];

const BANS: &[Ban] = &[
    Ban { pattern: r"\bSystemTime::now\b", instead: "runtime::clock", but: RUNTIME },
    Ban { pattern: r"\bInstant::now\b", instead: "runtime::clock", but: RUNTIME },
    Ban { pattern: r"\b(Timestamp|Zoned)::now\b", instead: "runtime::clock", but: RUNTIME },
    Ban {
        pattern: r"\btokio::(task::)?spawn(_blocking)?\b",
        instead: "runtime's tasks",
        but: RUNTIME,
    },
    Ban { pattern: r"\bthread::spawn\b", instead: "runtime's tasks", but: RUNTIME },
    Ban { pattern: r"\bUuid::new_v4\b", instead: "runtime::entropy", but: RUNTIME },
    Ban {
        pattern: r"\brand::(rng|random|thread_rng|rngs)\b",
        instead: "runtime::entropy",
        but: RUNTIME,
    },
    Ban {
        pattern: r"\bSystemRandom\b",
        instead: "runtime::entropy",
        // A signature takes its own source, which is no parameter of the outcome.
        but: &["crates/runtime/", "crates/auth/src/authentication/service_account/keys.rs"],
    },
    Ban { pattern: r"\.unwrap\(\)", instead: "`?`, or expect with a reason", but: &[] },
    Ban { pattern: r"\b(todo|unimplemented)!", instead: "an honest error", but: &[] },
    Ban { pattern: r"\bdbg!", instead: "tracing", but: &[] },
    Ban {
        pattern: r"\be?print(ln)?!",
        instead: "tracing",
        but: &[
            "api-server/src/main.rs",
            "controller-manager/src/main.rs",
            "scheduler/src/main.rs",
            "crates/openapi/build.rs",
            "crates/orlop/",
            "crates/runtime/src/program.rs",
            "crates/store/src/suite.rs",
        ],
    },
];

pub(super) fn check(tree: &Tree) -> Vec<Offence> {
    let patterns: Vec<(Regex, &Ban)> = BANS
        .iter()
        .map(|ban| (Regex::new(ban.pattern).expect("a regular expression"), ban))
        .collect();
    let shipped = tree.rust().filter(|file| !file.is_test());
    shipped.flat_map(|file| offences(file, &patterns)).collect()
}

fn offences(file: &File, patterns: &[(Regex, &Ban)]) -> Vec<Offence> {
    let code = source::shipped(&file.text);
    let mut found = vec![];
    for (number, line) in code.lines().enumerate() {
        for (pattern, ban) in patterns {
            let allowed = ban.but.iter().any(|start| file.path.starts_with(start));
            if let Some(call) = pattern.find(line).filter(|_| !allowed) {
                let message = format!("`{}`: use {}", call.as_str(), ban.instead);
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
    fn calls() {
        let rows = [
            ("crates/a/src/b.rs", "let t = Instant::now();", true),
            ("crates/a/src/b.rs", "let t = tokio::spawn(f);", true),
            ("crates/a/src/b.rs", "x.unwrap();", true),
            ("crates/a/src/b.rs", "x.unwrap_or(1);", false),
            ("crates/a/src/b.rs", "// x.unwrap();", false),
            ("crates/a/src/b.rs", "operand::rng();", false),
            ("crates/a/src/b.rs", "println!();", true),
            ("crates/orlop/src/main.rs", "println!();", false),
            ("crates/runtime/src/clock.rs", "Instant::now();", false),
            ("crates/runtime/src/clock.rs", "x.unwrap();", true),
            ("crates/a/tests/b.rs", "x.unwrap();", false),
            ("crates/a/src/b.rs", "#[cfg(test)]\nmod tests { fn f() { x.unwrap() } }", false),
        ];
        for (path, text, expected) in rows {
            let found = super::check(&Tree::of(&[(path, text)]));
            assert_eq!(!found.is_empty(), expected, "{path}: {text}");
        }
    }
}
