//! `metav1.Time` and `metav1.MicroTime`: seconds and microseconds since 1970 to and from RFC 3339
//! in UTC, in the words of Go's `time.Parse` where a text is no time.
//!
//! Own arithmetic, since a LIST prints hundreds of thousands of times and both forms are fixed.

/// Seconds since 1970 and nanoseconds within the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instant {
    pub(crate) seconds: i64,
    pub(crate) nanos: u32,
}

/// 0001-01-01T00:00:00Z, Go's zero time, which JSON prints as null.
const ZERO_SECONDS: i64 = -62_135_596_800;
const DAY_SECONDS: i64 = 86_400;

impl Instant {
    /// Whether this is Go's zero time.
    pub(crate) fn is_zero(self) -> bool {
        self.seconds == ZERO_SECONDS && self.nanos == 0
    }

    /// Appends `2006-01-02T15:04:05Z`, with six digits of a fraction where `micros`.
    pub(crate) fn push(self, out: &mut Vec<u8>, micros: bool) {
        let (year, month, day) = civil(self.seconds.div_euclid(DAY_SECONDS));
        let second = self.seconds.rem_euclid(DAY_SECONDS);
        if year < 0 {
            out.push(b'-');
        }
        digits(out, year.unsigned_abs(), 4);
        for (mark, number) in [
            (b'-', month),
            (b'-', day),
            (b'T', second / 3600),
            (b':', second / 60 % 60),
            (b':', second % 60),
        ] {
            out.push(mark);
            digits(out, number.unsigned_abs(), 2);
        }
        if micros {
            out.push(b'.');
            digits(out, u64::from(self.nanos) / 1000, 6);
        }
        out.push(b'Z');
    }

    /// The text that [`Instant::push`] appends.
    pub(crate) fn text(self, micros: bool) -> String {
        let mut out = Vec::with_capacity(27);
        self.push(&mut out, micros);
        String::from_utf8(out).expect("ASCII")
    }
}

/// Appends at least `width` decimal digits.
fn digits(out: &mut Vec<u8>, number: u64, width: usize) {
    let at = out.len();
    let mut rest = number;
    while rest > 0 || out.len() - at < width {
        out.push(b'0' + (rest % 10) as u8);
        rest /= 10;
    }
    out[at..].reverse();
}

/// Year, month and day of a day since 1970 (Howard Hinnant's `civil_from_days`).
fn civil(day: i64) -> (i64, i64, i64) {
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
}

/// The day since 1970 of a date.
fn day_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
}

/// Reads RFC 3339; `micros` asks for exactly six digits of a fraction, as `MicroTime` does.
pub(crate) fn parse(text: &str, micros: bool) -> Result<Instant, String> {
    let layout =
        if micros { "2006-01-02T15:04:05.000000Z07:00" } else { "2006-01-02T15:04:05Z07:00" };
    let mut cursor = Cursor { text, layout, rest: text };
    let year = cursor.number(4, "2006")?;
    cursor.mark('-')?;
    let month = cursor.number(2, "01")?;
    cursor.mark('-')?;
    let day = cursor.number(2, "02")?;
    cursor.mark('T')?;
    let hour = cursor.number(2, "15")?;
    cursor.mark(':')?;
    let minute = cursor.number(2, "04")?;
    cursor.mark(':')?;
    let second = cursor.number(2, "05")?;
    let nanos = cursor.fraction(micros)?;
    let offset_seconds = cursor.offset()?;
    if !cursor.rest.is_empty() {
        return Err(format!("parsing time {text:?}: extra text: {:?}", cursor.rest));
    }
    for (what, wrong) in [
        ("month", !(1..=12).contains(&month)),
        ("day", day < 1 || day > days_in(year, month)),
        ("hour", hour > 23),
        ("minute", minute > 59),
        ("second", second > 59),
    ] {
        if wrong {
            return Err(format!("parsing time {text:?}: {what} out of range"));
        }
    }
    let of_day = hour * 3600 + minute * 60 + second;
    let seconds = day_of(year, month, day) * DAY_SECONDS + of_day - offset_seconds;
    Ok(Instant { seconds, nanos })
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

struct Cursor<'a> {
    text: &'a str,
    layout: &'static str,
    rest: &'a str,
}

impl Cursor<'_> {
    fn fail<T>(&self, part: &str) -> Result<T, String> {
        let Self { text, layout, rest } = self;
        Err(format!("parsing time {text:?} as {layout:?}: cannot parse {rest:?} as {part:?}"))
    }

    fn number(&mut self, width: usize, part: &str) -> Result<i64, String> {
        match self.rest.as_bytes().get(..width) {
            Some(digits) if digits.iter().all(u8::is_ascii_digit) => {
                let number = digits.iter().fold(0, |sum, d| sum * 10 + i64::from(d - b'0'));
                self.rest = &self.rest[width..];
                Ok(number)
            }
            _ => self.fail(part),
        }
    }

    fn mark(&mut self, mark: char) -> Result<(), String> {
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None => self.fail(&mark.to_string()),
        }
    }

    fn fraction(&mut self, micros: bool) -> Result<u32, String> {
        let Some(rest) = self.rest.strip_prefix(['.', ',']) else {
            return if micros { self.fail(".000000") } else { Ok(0) };
        };
        let width = rest.bytes().take_while(u8::is_ascii_digit).count();
        if width == 0 || micros && width != 6 {
            return self.fail(if micros { ".000000" } else { "Z07:00" });
        }
        let nanos = rest.bytes().take(width).chain(std::iter::repeat(b'0')).take(9);
        self.rest = &rest[width..];
        Ok(nanos.fold(0, |sum, d| sum * 10 + u32::from(d - b'0')))
    }

    fn offset(&mut self) -> Result<i64, String> {
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Ok(0);
        }
        let whole = self.rest;
        let sign = match whole.as_bytes().first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return self.fail("Z07:00"),
        };
        self.rest = &whole[1..];
        let parts = self
            .number(2, "Z07:00")
            .and_then(|hours| self.mark(':').map(|()| hours))
            .and_then(|hours| self.number(2, "Z07:00").map(|minutes| (hours, minutes)));
        match parts {
            Ok((hours, minutes)) if hours <= 24 && minutes < 60 => {
                Ok(sign * (hours * 3600 + minutes * 60))
            }
            Ok(_) => {
                Err(format!("parsing time {:?}: time zone offset hour out of range", self.text))
            }
            Err(_) => {
                self.rest = whole;
                self.fail("Z07:00")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        for (text, micros, printed) in [
            ("2006-01-02T15:04:05Z", false, "2006-01-02T15:04:05Z"),
            ("2006-01-02T15:04:05.999Z", false, "2006-01-02T15:04:05Z"),
            ("2024-02-29T23:30:00+01:30", false, "2024-02-29T22:00:00Z"),
            ("0001-01-01T00:00:00Z", false, "0001-01-01T00:00:00Z"),
            ("1969-12-31T23:59:59Z", false, "1969-12-31T23:59:59Z"),
            ("9999-12-31T23:59:59-00:00", false, "9999-12-31T23:59:59Z"),
            ("2000-12-01T00:00:00.000001Z", true, "2000-12-01T00:00:00.000001Z"),
        ] {
            assert_eq!(parse(text, micros).unwrap().text(micros), printed, "{text}");
        }
        assert!(parse("0001-01-01T00:00:00Z", false).unwrap().is_zero());
    }

    #[test]
    fn refuses_in_go_words() {
        for (text, micros, why) in [
            (
                "yesterday",
                false,
                r#"parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006""#,
            ),
            (
                "2006-01-02",
                false,
                r#"parsing time "2006-01-02" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T""#,
            ),
            (
                "2023-02-29T00:00:00Z",
                false,
                r#"parsing time "2023-02-29T00:00:00Z": day out of range"#,
            ),
            (
                "2006-01-02T15:04:05Z",
                true,
                r#"parsing time "2006-01-02T15:04:05Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000""#,
            ),
        ] {
            assert_eq!(parse(text, micros).unwrap_err(), why);
        }
    }
}
