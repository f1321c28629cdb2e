//! Waiting for what has to come. A limit ends a test that hangs; nothing is said of how fast.

use anyhow::{Result, anyhow};
use std::fmt;
use std::time::{Duration, Instant};

/// The limit for whatever has to come, on a machine with much else to do: four times the minute that
/// upstream's API server takes to end while somebody watches.
pub const PATIENCE: Duration = Duration::from_secs(240);

const STEP: Duration = Duration::from_millis(50);

/// Asks until the answer is there.
///
/// # Errors
/// The last reason why it was not, where [`PATIENCE`] has run out, or a program has ended.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Result<T>) -> Result<T> {
    let begun = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return Ok(answer),
            Err(error) if error.is::<Ended>() => return Err(error),
            Err(error) if begun.elapsed() > PATIENCE => {
                return Err(anyhow!("{what}, waited {} s: {error:#}", PATIENCE.as_secs()));
            }
            Err(_) => std::thread::sleep(STEP),
        }
    }
}

/// A program that has ended, which no waiting mends.
#[derive(Debug)]
pub(crate) struct Ended(pub(crate) String);

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Ended {}
