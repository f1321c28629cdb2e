//! What this process uses, read from `/proc`. Linux only; elsewhere there is nothing to say.

use std::fs;

/// The kernel's clock ticks in a second, as `/proc` counts them on every Linux of today.
const TICKS_PER_SECOND: f64 = 100.0;
/// The size of a page, in bytes, on the machines that this is built for.
const PAGE_BYTES: u64 = 4096;

/// What this process uses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// Resident memory.
    pub resident_bytes: u64,
    /// Processor time, in user and system mode.
    pub processor_seconds: f64,
    /// When it started, in seconds since 1970.
    pub started_seconds: f64,
    /// Open file descriptors.
    pub open_files: usize,
}

impl Usage {
    /// As of now; `None` where `/proc` is not as on Linux.
    pub fn now() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let booted = fs::read_to_string("/proc/stat").ok()?;
        let booted = booted.lines().find_map(|line| line.strip_prefix("btime "))?.trim();
        let open_files = fs::read_dir("/proc/self/fd").ok()?.count();
        Self::parse(&stat, booted.parse().ok()?, open_files)
    }

    /// Out of the line of `/proc/PID/stat`; the fields are counted behind the program's name,
    /// which may hold anything.
    fn parse(stat: &str, booted_seconds: f64, open_files: usize) -> Option<Self> {
        let (_, behind_name) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = behind_name.split_whitespace().collect();
        let ticks = |place: usize| fields.get(place)?.parse::<f64>().ok();
        Some(Self {
            resident_bytes: fields.get(21)?.parse::<u64>().ok()? * PAGE_BYTES,
            processor_seconds: (ticks(11)? + ticks(12)?) / TICKS_PER_SECOND,
            started_seconds: booted_seconds + ticks(19)? / TICKS_PER_SECOND,
            open_files,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_kernels_line() {
        let line = "7 (a) b) S 1 7 7 0 -1 4194560 500 0 0 0 150 50 0 0 20 0 4 0 1000 9000 25 1";
        let usage = Usage::parse(line, 100.0, 3);
        let wanted = Usage {
            resident_bytes: 25 * PAGE_BYTES,
            processor_seconds: 2.0,
            started_seconds: 110.0,
            open_files: 3,
        };
        assert_eq!(usage, Some(wanted));
    }

    #[test]
    fn this_process_uses_something() {
        let usage = Usage::now().expect("the tests run on Linux");
        assert!(usage.resident_bytes > 0 && usage.open_files > 0 && usage.started_seconds > 0.0);
    }
}
