//! What `orlop` tells the person who started it: one line a step, with the time it took.

use runtime::clock::{Instant, monotonic};

/// The progress of a start.
#[derive(Debug)]
pub(crate) struct Progress {
    quiet: bool,
    begun: Instant,
}

impl Progress {
    /// From now on.
    pub(crate) fn start(quiet: bool) -> Self {
        Self { quiet, begun: monotonic() }
    }

    /// A step is done.
    pub(crate) fn step(&self, what: &str) {
        if !self.quiet {
            let millis = monotonic().duration_since(self.begun).as_millis();
            eprintln!("{millis:>6} ms  {what}");
        }
    }

    /// What the person needs to go on.
    pub(crate) fn needed(&self, lines: &[String]) {
        println!();
        for line in lines {
            println!("{line}");
        }
    }
}

/// One line of an answer.
pub(crate) fn line(text: &str) {
    println!("{text}");
}
