//! Go's notation of durations: `1m30s`, `1.5h`, `-250ms`. A duration is a count of nanoseconds.
//!
//! Mirrors `time.ParseDuration` and `time.Duration.String`; `metav1.Duration` uses both.

use crate::quote::quoted_bytes as quoted;

/// Why a text is no duration; says what Go says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DurationError(String);

const UNITS_NS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a duration into nanoseconds.
///
/// # Errors
/// As Go: no number, no unit, an unknown unit, or more than about 292 years.
pub fn parse(text: &str) -> Result<i64, DurationError> {
    let invalid = || DurationError(format!("time: invalid duration {}", quoted(text)));
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total_ns: u64 = 0;
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => digits(after),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        if unit.is_empty() {
            return Err(DurationError(format!("time: missing unit in duration {}", quoted(text))));
        }
        let Some((_, unit_ns)) = UNITS_NS.iter().find(|(name, _)| *name == unit) else {
            return Err(DurationError(format!(
                "time: unknown unit {} in duration {}",
                quoted(unit),
                quoted(text)
            )));
        };
        let whole: u64 =
            if whole.is_empty() { Ok(0) } else { whole.parse() }.map_err(|_| invalid())?;
        total_ns = whole
            .checked_mul(*unit_ns)
            .and_then(|ns| ns.checked_add(fraction_ns(fraction, *unit_ns)))
            .and_then(|ns| ns.checked_add(total_ns))
            .filter(|ns| *ns <= 1 << 63)
            .ok_or_else(invalid)?;
        rest = after;
    }
    match (negative, total_ns) {
        (true, ns) if ns == 1 << 63 => Ok(i64::MIN),
        (true, ns) => i64::try_from(ns).map(|ns| -ns).map_err(|_| invalid()),
        (false, ns) => i64::try_from(ns).map_err(|_| invalid()),
    }
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// The part after the point, cut to whole nanoseconds. 18 digits say all that a unit can hold.
fn fraction_ns(fraction: &str, unit_ns: u64) -> u64 {
    let fraction = &fraction[..fraction.len().min(18)];
    let (value, scale) = fraction.bytes().fold((0_u128, 1_u128), |(value, scale), digit| {
        (value * 10 + u128::from(digit - b'0'), scale * 10)
    });
    u64::try_from(value * u128::from(unit_ns) / scale).unwrap_or(u64::MAX)
}

/// Prints nanoseconds in Go's notation: `1m30s`, `1.5s`, `250ms`, `0s`.
pub fn print(ns: i64) -> String {
    let sign = if ns < 0 { "-" } else { "" };
    let ns = ns.unsigned_abs();
    match ns {
        0 => "0s".to_owned(),
        1..1_000 => format!("{sign}{ns}ns"),
        1_000..1_000_000 => format!("{sign}{}µs", decimal(ns, 3)),
        1_000_000..1_000_000_000 => format!("{sign}{}ms", decimal(ns, 6)),
        _ => {
            let minutes = ns / 60_000_000_000;
            let seconds = decimal(ns % 60_000_000_000, 9);
            match minutes {
                0 => format!("{sign}{seconds}s"),
                1..60 => format!("{sign}{minutes}m{seconds}s"),
                _ => format!("{sign}{}h{}m{seconds}s", minutes / 60, minutes % 60),
            }
        }
    }
}

/// A number with its point `places` digits from the right, without trailing zeros.
fn decimal(value: u64, places: u32) -> String {
    let unit = 10_u64.pow(places);
    let fraction = format!("{:0width$}", value % unit, width = places as usize);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() {
        (value / unit).to_string()
    } else {
        format!("{}.{fraction}", value / unit)
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, print};

    #[test]
    fn durations_are_read_and_printed() {
        for (text, ns, printed) in [
            ("0", 0, "0s"),
            ("1m30s", 90_000_000_000, "1m30s"),
            ("90s", 90_000_000_000, "1m30s"),
            ("1.5h", 5_400_000_000_000, "1h30m0s"),
            ("-250ms", -250_000_000, "-250ms"),
            ("1500us", 1_500_000, "1.5ms"),
            ("2µs", 2_000, "2µs"),
            ("24h", 86_400_000_000_000, "24h0m0s"),
            (".5s", 500_000_000, "500ms"),
            ("+1h2m3.004s", 3_723_004_000_000, "1h2m3.004s"),
            ("-9223372036854775808ns", i64::MIN, "-2562047h47m16.854775808s"),
        ] {
            assert_eq!(parse(text), Ok(ns), "{text}");
            assert_eq!(print(ns), printed, "{text}");
        }
    }

    #[test]
    fn refusals_are_worded_as_go_words_them() {
        for (text, message) in [
            ("", r#"time: invalid duration """#),
            ("3", r#"time: missing unit in duration "3""#),
            ("3x", r#"time: unknown unit "x" in duration "3x""#),
            ("s", r#"time: invalid duration "s""#),
            ("9223372036854775808ns", r#"time: invalid duration "9223372036854775808ns""#),
        ] {
            assert_eq!(parse(text).expect_err("refused").to_string(), message);
        }
    }
}
