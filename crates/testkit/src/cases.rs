//! A list of cases over one thing that is slow to start, printed as the test harness prints tests.
//!
//! A test of the whole starts processes; tests of one subject share them, one after the other, and
//! they end with it, which statics never would.

use anyhow::Result;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// A name that says what holds, and its proof.
pub type Case<T> = (&'static str, fn(&T) -> Result<()>);

/// Starts the thing and runs the cases whose names contain any of the words of the command line.
pub fn run<T>(start: impl FnOnce() -> Result<T>, cases: &[Case<T>]) -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--list") {
        cases.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let filters: Vec<&String> = words.iter().filter(|word| !word.starts_with('-')).collect();
    let wanted = |name: &str| filters.is_empty() || filters.iter().any(|word| name.contains(*word));
    let chosen: Vec<&Case<T>> = cases.iter().filter(|(name, _)| wanted(name)).collect();
    println!("\nrunning {} tests", chosen.len());
    let mut failures = vec![];
    if !chosen.is_empty() {
        match guard(start) {
            Err(why) => failures.extend(chosen.iter().map(|(name, _)| (*name, why.clone()))),
            Ok(thing) => {
                for (name, case) in &chosen {
                    match guard(|| case(&thing)) {
                        Ok(()) => println!("test {name} ... ok"),
                        Err(why) => {
                            println!("test {name} ... FAILED");
                            failures.push((*name, why));
                        }
                    }
                }
            }
        }
    }
    conclude(chosen.len(), &failures)
}

fn conclude(count: usize, failures: &[(&str, String)]) -> ExitCode {
    if !failures.is_empty() {
        println!("\nfailures:\n");
    }
    for (name, why) in failures {
        println!("---- {name} ----\n{why}\n");
    }
    let word = if failures.is_empty() { "ok" } else { "FAILED" };
    let passed = count - failures.len();
    println!("\ntest result: {word}. {passed} passed; {} failed; 0 ignored\n", failures.len());
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The outcome, where a panic is an error like any other.
fn guard<T>(work: impl FnOnce() -> Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(format!("{error:#}")),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Err(format!("panicked: {}", text.unwrap_or_default()))
        }
    }
}
