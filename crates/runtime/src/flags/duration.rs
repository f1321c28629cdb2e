//! Durations as Go reads and prints them: `300ms`, `1.5h`, `2h45m`. Mirrors `time.ParseDuration`
//! and `Duration.String`, for lengths that are not negative.

use std::time::Duration;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Go's units, in nanoseconds.
const UNITS: [(&str, f64); 8] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("μs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3600e9),
];

/// Reads a duration.
///
/// # Errors
/// Go's sentence; also for a negative length, which no flag of ours can use.
pub fn parse(text: &str) -> Result<Duration, String> {
    let invalid = || format!("time: invalid duration {text:?}");
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut nanos = 0u64;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(invalid());
        }
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {text:?}"));
        }
        let (_, unit_nanos) = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(|| format!("time: unknown unit {unit:?} in duration {text:?}"))?;
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| invalid())? };
        let part = whole.checked_mul(*unit_nanos as u64).ok_or_else(invalid)?;
        let fraction: f64 = match fraction {
            "" => 0.0,
            digits => format!("0.{digits}").parse().map_err(|_| invalid())?,
        };
        let part = part.checked_add((fraction * unit_nanos).round() as u64).ok_or_else(invalid)?;
        nanos = nanos.checked_add(part).filter(|n| *n <= i64::MAX as u64).ok_or_else(invalid)?;
        rest = after;
    }
    if negative && nanos > 0 {
        return Err(format!("duration {text:?} must not be negative"));
    }
    Ok(Duration::from_nanos(nanos))
}

/// Prints a duration as Go does: `1h0m0s`, `1.5s`, `250ms`, `0s`.
pub fn format(duration: Duration) -> String {
    let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let small = [("ns", 1), ("µs", 1_000), ("ms", 1_000_000)];
    if nanos == 0 {
        return "0s".to_owned();
    }
    if nanos < NANOS_PER_SECOND {
        let (unit, size) =
            small.into_iter().rev().find(|(_, size)| nanos >= *size).unwrap_or(("ns", 1));
        return format!("{}{unit}", decimal(nanos / size, nanos % size, size));
    }
    let (seconds, below) = (nanos / NANOS_PER_SECOND, nanos % NANOS_PER_SECOND);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let last = format!("{}s", decimal(seconds % 60, below, NANOS_PER_SECOND));
    match (hours, minutes) {
        (0, 0) => last,
        (0, minutes) => format!("{minutes}m{last}"),
        (hours, minutes) => format!("{hours}h{minutes}m{last}"),
    }
}

fn decimal(whole: u64, part: u64, size: u64) -> String {
    if part == 0 {
        return whole.to_string();
    }
    let width = size.ilog10() as usize;
    let digits = format!("{part:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_reads_and_prints_what_go_prints() {
        let table = [
            ("0", 0, "0s"),
            ("300ms", 300_000_000, "300ms"),
            ("1.5h", 5_400_000_000_000, "1h30m0s"),
            ("2h45m", 9_900_000_000_000, "2h45m0s"),
            ("90s", 90_000_000_000, "1m30s"),
            ("1.25s", 1_250_000_000, "1.25s"),
            (".5s", 500_000_000, "500ms"),
            ("1500us", 1_500_000, "1.5ms"),
            ("7ns", 7, "7ns"),
        ];
        for (text, nanos, printed) in table {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanos)), "{text}");
            assert_eq!(format(Duration::from_nanos(nanos)), printed);
        }
    }

    #[test]
    fn refuses_in_gos_words() {
        let table = [
            ("", "time: invalid duration \"\""),
            ("5", "time: missing unit in duration \"5\""),
            ("5y", "time: unknown unit \"y\" in duration \"5y\""),
            ("1.2.3s", "time: invalid duration \"1.2.3s\""),
            ("99999999999h", "time: invalid duration \"99999999999h\""),
            ("-5s", "duration \"-5s\" must not be negative"),
        ];
        for (text, why) in table {
            assert_eq!(parse(text), Err(why.to_owned()), "{text}");
        }
    }
}
