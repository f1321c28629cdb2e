//! Cron schedules, as `robfig/cron`'s standard parser reads them, in UTC.
//!
//! Five fields (minute, hour, day of month, month, day of week) with `*`, `?`, lists, ranges,
//! steps and names; `@hourly` and its like; `@every 1h30m`. A day matches when both of its fields
//! match, or, when neither is a star, when one of them does.

use k8s_openapi::jiff::civil::{Date, Time};
use k8s_openapi::jiff::tz::TimeZone;
use k8s_openapi::jiff::{SignedDuration, Timestamp, ToSpan};

/// A schedule that matches nothing within this many years matches never.
const YEARS_MAX: i16 = 5;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// When something is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Schedule {
    /// At the minutes that all fields name.
    Fields(Box<Fields>),
    /// Each time that this many seconds have passed.
    Every(i64),
}

/// Sets of bits: bit n is the value n.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fields {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    any_day: bool,
    any_weekday: bool,
}

impl Schedule {
    /// Reads `text`.
    ///
    /// # Errors
    /// The sentence that says what is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let text = match text.strip_prefix("TZ=").or_else(|| text.strip_prefix("CRON_TZ=")) {
            None => text,
            Some(rest) => match rest.split_once(' ') {
                Some(("UTC" | "Etc/UTC", rest)) => rest.trim(),
                _ => return Err(format!("provided bad location {rest}: only UTC is known")),
            },
        };
        if let Some(length) = text.strip_prefix("@every ") {
            let length = runtime::flags::duration::parse(length)?;
            return Ok(Self::Every(i64::try_from(length.as_secs()).unwrap_or(i64::MAX).max(1)));
        }
        let fields = match text {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other if other.starts_with('@') => {
                return Err(format!("unrecognized descriptor: {other}"));
            }
            other => other,
        };
        let parts: Vec<&str> = fields.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = parts[..] else {
            return Err(format!("expected exactly 5 fields, found {}: {parts:?}", parts.len()));
        };
        let is_star = |field: &str| field.split(',').any(|part| part.starts_with(['*', '?']));
        Ok(Self::Fields(Box::new(Fields {
            minutes: set(minutes, 0, 59, &[])?,
            hours: set(hours, 0, 23, &[])?,
            days: set(days, 1, 31, &[])?,
            months: set(months, 1, 12, &MONTHS)?,
            weekdays: set(weekdays, 0, 6, &DAYS)?,
            any_day: is_star(days),
            any_weekday: is_star(weekdays),
        })))
    }

    /// The first time after `after`; `None` when there is none in sight.
    pub(super) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let fields = match self {
            Self::Every(seconds) => {
                let whole = Timestamp::from_second(after.as_second()).ok()?;
                return whole.checked_add(SignedDuration::from_secs(*seconds)).ok();
            }
            Self::Fields(fields) => fields,
        };
        let start = Timestamp::from_second(after.as_second() / 60 * 60 + 60).ok()?;
        let start = start.to_zoned(TimeZone::UTC).datetime();
        let mut date = start.date();
        let mut earliest = start.time();
        while date.year() <= start.year() + YEARS_MAX {
            if fields.has_day(date)
                && let Some(time) = fields.first_time(earliest)
            {
                let found = date.to_datetime(time).to_zoned(TimeZone::UTC).ok()?;
                return Some(found.timestamp());
            }
            date = date.checked_add(1.day()).ok()?;
            earliest = Time::midnight();
        }
        None
    }
}

impl Fields {
    fn has_day(&self, date: Date) -> bool {
        let day = has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().to_sunday_zero_offset());
        let days = if self.any_day || self.any_weekday { day && weekday } else { day || weekday };
        has(self.months, date.month()) && days
    }

    fn first_time(&self, earliest: Time) -> Option<Time> {
        for hour in (earliest.hour()..24).filter(|hour| has(self.hours, *hour)) {
            let from = if hour == earliest.hour() { earliest.minute() } else { 0 };
            if let Some(minute) = (from..60).find(|minute| has(self.minutes, *minute)) {
                return Time::new(hour, minute, 0, 0).ok();
            }
        }
        None
    }
}

fn has(set: u64, value: i8) -> bool {
    u32::try_from(value).is_ok_and(|value| set & (1 << value) != 0)
}

fn set(field: &str, low: u32, high: u32, names: &[&str]) -> Result<u64, String> {
    let mut bits = 0;
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            None => (part, None),
            Some((range, step)) => (range, Some(number(step, &[], 0)?)),
        };
        let (first, last) = match range {
            "*" | "?" => (low, high),
            range => match range.split_once('-') {
                Some((first, last)) => (number(first, names, low)?, number(last, names, low)?),
                None => {
                    let only = number(range, names, low)?;
                    // `5/10` goes on to the end.
                    (only, if step.is_some() { high } else { only })
                }
            },
        };
        let step = step.unwrap_or(1);
        if first < low {
            return Err(format!("beginning of range ({first}) below minimum ({low}): {part}"));
        }
        if last > high {
            return Err(format!("end of range ({last}) above maximum ({high}): {part}"));
        }
        if first > last {
            return Err(format!(
                "beginning of range ({first}) beyond end of range ({last}): {part}"
            ));
        }
        if step == 0 {
            return Err(format!("step of range should be a positive number: {part}"));
        }
        let mut value = first;
        while value <= last {
            bits |= 1 << value;
            value += step;
        }
    }
    Ok(bits)
}

fn number(text: &str, names: &[&str], low: u32) -> Result<u32, String> {
    let lower = text.to_ascii_lowercase();
    if let Some(index) = names.iter().position(|name| *name == lower) {
        return Ok(u32::try_from(index).unwrap_or(0) + low);
    }
    text.parse().map_err(|_| format!("failed to parse int from {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(schedule: &str, after: &str) -> Option<String> {
        let schedule = Schedule::parse(schedule).expect(schedule);
        schedule.next(after.parse().expect("a time")).map(|time| time.to_string())
    }

    #[test]
    fn the_next_time_is_found() {
        let table = [
            ("* * * * *", "2026-01-01T00:00:30Z", "2026-01-01T00:01:00Z"),
            ("*/15 * * * *", "2026-01-01T00:15:00Z", "2026-01-01T00:30:00Z"),
            ("0 0 * * *", "2026-01-31T00:00:00Z", "2026-02-01T00:00:00Z"),
            ("30 6-16/4 * * 1-5", "2026-01-02T14:30:00Z", "2026-01-05T06:30:00Z"),
            ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("0 12 13 * fri", "2026-01-01T00:00:00Z", "2026-01-02T12:00:00Z"),
            ("0 0 * * sun", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"),
            ("5/20 1 * jan *", "2026-01-01T01:30:00Z", "2026-01-01T01:45:00Z"),
            ("@hourly", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"),
            ("@every 90s", "2026-01-01T00:00:00Z", "2026-01-01T00:01:30Z"),
            ("TZ=UTC 0 3 * * *", "2026-01-01T00:00:00Z", "2026-01-01T03:00:00Z"),
        ];
        for (schedule, after, expected) in table {
            assert_eq!(next(schedule, after).as_deref(), Some(expected), "{schedule}");
        }
        assert_eq!(next("59 23 31 2 *", "2026-01-01T00:00:00Z"), None);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "* * * *",
            "60 * * * *",
            "0 0 * * 7",
            "* * 0 * *",
            "5-1 * * * *",
            "*/0 * * * *",
            "@never",
            "x * * * *",
            "TZ=Europe/Oslo * * * * *",
        ] {
            assert!(Schedule::parse(text).is_err(), "{text}");
        }
    }
}
