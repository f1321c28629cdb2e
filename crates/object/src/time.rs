//! Points in time as Kubernetes writes them: RFC 3339 in UTC, in whole seconds (`Time`) or with six
//! digits (`MicroTime`). Reads no clock.
//!
//! Mirrors `metav1.Time`, `metav1.MicroTime` and the words of Go's `time.Parse`.

use crate::quote::quoted_bytes as quoted;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

/// Why a text is no time; says what Go says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TimeError(String);

const RFC3339: &str = "2006-01-02T15:04:05Z07:00";
const RFC3339_MICRO: &str = "2006-01-02T15:04:05.000000Z07:00";

/// Reads a `metav1.Time`; a fraction of a second is taken, though never printed. The last day of
/// the year 9999 is cut to what a [`Timestamp`] can hold; [`canonical`] isn't.
///
/// # Errors
/// Where it isn't RFC 3339, in Go's words.
pub fn parse(text: &str) -> Result<Timestamp, TimeError> {
    read(text, RFC3339).map(timestamp)
}

/// Reads a `metav1.MicroTime`, which has exactly six digits of a second.
///
/// # Errors
/// Where it isn't, in Go's words.
pub fn parse_micro(text: &str) -> Result<Timestamp, TimeError> {
    read(text, RFC3339_MICRO).map(timestamp)
}

/// A `metav1.Time` as upstream stores and answers it: in UTC and whole seconds.
///
/// # Errors
/// Those of [`parse`].
pub fn canonical(text: &str) -> Result<String, TimeError> {
    read(text, RFC3339).map(print_civil)
}

/// A `metav1.MicroTime` as upstream stores and answers it: in UTC, with six digits.
///
/// # Errors
/// Those of [`parse_micro`].
pub fn canonical_micro(text: &str) -> Result<String, TimeError> {
    read(text, RFC3339_MICRO).map(print_civil_micro)
}

/// Prints whole seconds: `2006-01-02T15:04:05Z`.
pub fn print(time: Timestamp) -> String {
    print_civil(Offset::UTC.to_datetime(time))
}

/// Prints microseconds: `2006-01-02T15:04:05.000000Z`.
pub fn print_micro(time: Timestamp) -> String {
    print_civil_micro(Offset::UTC.to_datetime(time))
}

fn timestamp(utc: DateTime) -> Timestamp {
    Offset::UTC.to_timestamp(utc).unwrap_or(Timestamp::MAX)
}

fn print_civil(t: DateTime) -> String {
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        t.year(),
        t.month(),
        t.day(),
        t.hour(),
        t.minute(),
        t.second()
    )
}

fn print_civil_micro(t: DateTime) -> String {
    let mut text = print_civil(t);
    text.pop();
    format!("{text}.{:06}Z", t.subsec_nanosecond() / 1_000)
}

/// Reads a time in UTC.
fn read(text: &str, layout: &'static str) -> Result<DateTime, TimeError> {
    Reader { text, rest: text, layout }.time()
}

/// Reads a layout's elements from left to right, as Go does, so that refusals name the same one.
struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
    layout: &'static str,
}

impl Reader<'_> {
    fn time(mut self) -> Result<DateTime, TimeError> {
        let year = self.number("2006", 4)?;
        self.literal("-")?;
        let month = self.ranged("01", 1..=12, "month")?;
        self.literal("-")?;
        let day = self.number("02", 2)?;
        self.literal("T")?;
        let hour = self.hour()?;
        self.literal(":")?;
        let minute = self.ranged("04", 0..=59, "minute")?;
        self.literal(":")?;
        let second = self.ranged("05", 0..=59, "second")?;
        let nanos = self.fraction()?;
        let offset = self.offset()?;
        if !self.rest.is_empty() {
            return Err(TimeError(format!(
                "parsing time {}: extra text: {}",
                quoted(self.text),
                quoted(self.rest)
            )));
        }
        let narrow = |value: u32| i8::try_from(value).unwrap_or(i8::MAX);
        let civil = DateTime::new(
            i16::try_from(year).unwrap_or(i16::MAX),
            narrow(month),
            narrow(day),
            narrow(hour),
            narrow(minute),
            narrow(second),
            nanos,
        )
        .map_err(|_| self.out_of_range("day"))?;
        civil.checked_sub(SignedDuration::from_secs(offset)).map_err(|_| self.out_of_range("year"))
    }

    fn cannot_parse(&self, element: &str) -> TimeError {
        TimeError(format!(
            "parsing time {} as {}: cannot parse {} as {}",
            quoted(self.text),
            quoted(self.layout),
            quoted(self.rest),
            quoted(element)
        ))
    }

    fn out_of_range(&self, what: &str) -> TimeError {
        TimeError(format!("parsing time {}: {what} out of range", quoted(self.text)))
    }

    fn number(&mut self, element: &str, width: usize) -> Result<u32, TimeError> {
        let digits = self.rest.get(..width).filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
        let value =
            digits.and_then(|d| d.parse().ok()).ok_or_else(|| self.cannot_parse(element))?;
        self.rest = &self.rest[width..];
        Ok(value)
    }

    fn ranged(
        &mut self,
        element: &str,
        range: std::ops::RangeInclusive<u32>,
        what: &str,
    ) -> Result<u32, TimeError> {
        let value = self.number(element, 2)?;
        if range.contains(&value) { Ok(value) } else { Err(self.out_of_range(what)) }
    }

    fn literal(&mut self, element: &str) -> Result<(), TimeError> {
        self.rest = self.rest.strip_prefix(element).ok_or_else(|| self.cannot_parse(element))?;
        Ok(())
    }

    /// Go takes one digit too.
    fn hour(&mut self) -> Result<u32, TimeError> {
        let digits = self.rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
        let hour = self.number("15", digits.max(1))?;
        if hour > 23 { Err(self.out_of_range("hour")) } else { Ok(hour) }
    }

    fn fraction(&mut self) -> Result<i32, TimeError> {
        let exact = self.layout == RFC3339_MICRO;
        let digits = match self.rest.strip_prefix(['.', ',']) {
            Some(rest) => {
                let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                &rest[..if exact { end.min(6) } else { end }]
            }
            None => "",
        };
        if exact && digits.len() != 6 {
            return Err(self.cannot_parse(".000000"));
        }
        if digits.is_empty() {
            return Ok(0);
        }
        self.rest = &self.rest[1 + digits.len()..];
        let nanos = digits.bytes().chain(std::iter::repeat(b'0')).take(9);
        Ok(nanos.fold(0, |value, digit| value * 10 + i32::from(digit - b'0')))
    }

    /// In seconds.
    fn offset(&mut self) -> Result<i64, TimeError> {
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Ok(0);
        }
        let bytes = self.rest.as_bytes();
        let digit =
            |i: usize| bytes.get(i).filter(|b| b.is_ascii_digit()).map(|b| i64::from(b - b'0'));
        let read = || {
            let sign = match bytes.first()? {
                b'+' => 1,
                b'-' => -1,
                _ => return None,
            };
            let hours = digit(1)? * 10 + digit(2)?;
            let minutes = digit(4)? * 10 + digit(5)?;
            (bytes.get(3) == Some(&b':')).then_some((sign, hours, minutes))
        };
        let (sign, hours, minutes) = read().ok_or_else(|| self.cannot_parse("Z07:00"))?;
        if hours > 24 || minutes > 60 {
            let what = if hours > 24 { "time zone offset hour" } else { "time zone offset minute" };
            return Err(self.out_of_range(what));
        }
        self.rest = &self.rest[6..];
        Ok(sign * (hours * 3600 + minutes * 60))
    }
}

#[cfg(test)]
mod tests {
    use super::{canonical, parse, parse_micro, print, print_micro};

    #[test]
    fn times_are_read_and_printed_in_utc() {
        for (text, seconds, micros) in [
            ("2006-01-02T15:04:05Z", "2006-01-02T15:04:05Z", "2006-01-02T15:04:05.000000Z"),
            ("2006-01-02T15:04:05.9999999Z", "2006-01-02T15:04:05Z", "2006-01-02T15:04:05.999999Z"),
            ("2006-01-02T15:04:05+02:00", "2006-01-02T13:04:05Z", "2006-01-02T13:04:05.000000Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.500000Z"),
        ] {
            let time = parse(text).expect("a valid time");
            assert_eq!(print(time), seconds);
            assert_eq!(print_micro(time), micros);
        }
        assert_eq!(canonical("9999-12-31T23:59:59Z").as_deref(), Ok("9999-12-31T23:59:59Z"));
        assert_eq!(canonical("2006-01-02T5:04:05+01:00").as_deref(), Ok("2006-01-02T04:04:05Z"));
        let time = parse_micro("2006-01-02T15:04:05.123456-07:00").expect("a valid time");
        assert_eq!(print_micro(time), "2006-01-02T22:04:05.123456Z");
    }

    #[test]
    fn refusals_are_worded_as_go_words_them() {
        for (text, message) in [
            ("x", r#"parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006""#),
            ("2006-13-02T15:04:05Z", r#"parsing time "2006-13-02T15:04:05Z": month out of range"#),
            ("2006-02-30T15:04:05Z", r#"parsing time "2006-02-30T15:04:05Z": day out of range"#),
            (
                "2006-01-02T15:04:05",
                r#"parsing time "2006-01-02T15:04:05" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00""#,
            ),
            ("2006-01-02T15:04:05Zx", r#"parsing time "2006-01-02T15:04:05Zx": extra text: "x""#),
        ] {
            assert_eq!(parse(text).expect_err("refused").to_string(), message);
        }
        assert!(parse_micro("2006-01-02T15:04:05Z").is_err());
    }
}
