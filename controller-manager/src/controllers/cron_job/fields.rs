//! The five fields of a cron schedule, and when they are due next in a time zone: pure.
//!
//! Mirrors `spec.go` and `parser.go` of `github.com/robfig/cron/v3`: days are stepped through by
//! the calendar, hours and minutes by the clock, so that an hour that a change of the clocks
//! leaves out is passed over, and one that it repeats is due twice.

use k8s_openapi::jiff::civil::{Date, DateTime, Time};
use k8s_openapi::jiff::tz::TimeZone;
use k8s_openapi::jiff::{SignedDuration, Timestamp, ToSpan};

/// A schedule that matches nothing within this many years matches never.
const YEARS_MAX: i16 = 5;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Sets of bits: bit n is the value n.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fields {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// One of both kinds of days is a star: both have to match.
    any_day: bool,
}

impl Fields {
    /// Reads minute, hour, day of month, month, day of week.
    ///
    /// # Errors
    /// The sentence that says what is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = parts[..] else {
            let all = parts.join(" ");
            return Err(format!("expected exactly 5 fields, found {}: [{all}]", parts.len()));
        };
        let (minutes, _) = set(minutes, 0, 59, &[])?;
        let (hours, _) = set(hours, 0, 23, &[])?;
        let (days, every_day) = set(days, 1, 31, &[])?;
        let (months, _) = set(months, 1, 12, &MONTHS)?;
        let (weekdays, every_weekday) = set(weekdays, 0, 6, &DAYS)?;
        Ok(Self { minutes, hours, days, months, weekdays, any_day: every_day || every_weekday })
    }

    /// The first time after `after`; `None` when there is none in sight.
    pub(super) fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut at = Hand::new(Timestamp::from_second(after.as_second() + 1).ok()?, zone);
        let last_year = at.civil().year() + YEARS_MAX;
        // Once a field has moved, the ones below it begin at their lowest.
        let mut has_moved = false;
        'wrap: loop {
            if at.civil().year() > last_year {
                return None;
            }
            while !has(self.months, at.civil().month()) {
                let first =
                    if has_moved { at.civil() } else { midnight(at.civil().first_of_month()) };
                has_moved = true;
                let date = first.date().checked_add(1.month()).ok()?;
                at.set(date.to_datetime(first.time()))?;
                if at.civil().month() == 1 {
                    continue 'wrap;
                }
            }
            while !self.has_day(at.civil().date()) {
                let first = if has_moved { at.civil() } else { midnight(at.civil()) };
                has_moved = true;
                let date = first.date().checked_add(1.day()).ok()?;
                at.set(date.to_datetime(first.time()))?;
                // Midnight may be left out where the clocks change then.
                match i64::from(at.civil().hour()) {
                    0 => {}
                    hour if hour > 12 => at.turn((24 - hour) * 3600)?,
                    hour => at.turn(-hour * 3600)?,
                }
                if at.civil().day() == 1 {
                    continue 'wrap;
                }
            }
            while !has(self.hours, at.civil().hour()) {
                if !has_moved {
                    let civil = at.civil();
                    at.set(civil.date().at(civil.hour(), 0, 0, 0))?;
                }
                has_moved = true;
                at.turn(3600)?;
                if at.civil().hour() == 0 {
                    continue 'wrap;
                }
            }
            while !has(self.minutes, at.civil().minute()) {
                if !has_moved {
                    at.turn(-i64::from(at.civil().second()))?;
                }
                has_moved = true;
                at.turn(60)?;
                if at.civil().minute() == 0 {
                    continue 'wrap;
                }
            }
            let second = i64::from(at.civil().second());
            if second != 0 {
                has_moved = true;
                at.turn(60 - second)?;
                continue 'wrap;
            }
            return Some(at.at);
        }
    }

    fn has_day(&self, date: Date) -> bool {
        let day = has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().to_sunday_zero_offset());
        if self.any_day { day && weekday } else { day || weekday }
    }
}

/// A time that is moved about in a zone.
struct Hand<'a> {
    at: Timestamp,
    zone: &'a TimeZone,
}

impl<'a> Hand<'a> {
    fn new(at: Timestamp, zone: &'a TimeZone) -> Self {
        Self { at, zone }
    }

    fn civil(&self) -> DateTime {
        self.zone.to_datetime(self.at)
    }

    /// Moves on by so many seconds.
    fn turn(&mut self, seconds: i64) -> Option<()> {
        self.at = self.at.checked_add(SignedDuration::from_secs(seconds)).ok()?;
        Some(())
    }

    /// Moves to `civil`; to one that the zone leaves out or has twice, as Go does.
    fn set(&mut self, civil: DateTime) -> Option<()> {
        let plain = civil.to_zoned(TimeZone::UTC).ok()?.timestamp();
        let offset_at =
            |at: Timestamp| SignedDuration::from_secs(self.zone.to_offset(at).seconds().into());
        let guess = plain.checked_sub(offset_at(plain)).ok()?;
        let at = match offset_at(plain).is_zero() {
            true => plain,
            false => plain.checked_sub(offset_at(guess)).ok()?,
        };
        self.at = at;
        Some(())
    }
}

fn midnight(civil: DateTime) -> DateTime {
    civil.date().to_datetime(Time::midnight())
}

fn has(set: u64, value: i8) -> bool {
    u32::try_from(value).is_ok_and(|value| set & (1 << value) != 0)
}

/// The values of `field`, and whether one of its parts is a star (with a step it is none).
fn set(field: &str, low: u32, high: u32, names: &[&str]) -> Result<(u64, bool), String> {
    let (mut bits, mut is_star) = (0, false);
    for part in field.split(',').filter(|part| !part.is_empty()) {
        let (range, step) = match part.split_once('/') {
            None => (part, None),
            Some((_, step)) if step.contains('/') => {
                return Err(format!("too many slashes: {part}"));
            }
            Some((range, step)) => (range, Some(number(step, &[], 0)?)),
        };
        let is_any = matches!(range.split('-').next(), Some("*" | "?"));
        let (first, last) = if is_any {
            (low, high)
        } else {
            match range.split_once('-') {
                Some((_, last)) if last.contains('-') => {
                    return Err(format!("too many hyphens: {part}"));
                }
                Some((first, last)) => (number(first, names, low)?, number(last, names, low)?),
                None => {
                    let only = number(range, names, low)?;
                    // `5/10` goes on to the end.
                    (only, if step.is_some() { high } else { only })
                }
            }
        };
        let step = step.unwrap_or(1);
        is_star |= is_any && step <= 1;
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
            value = value.saturating_add(step);
        }
    }
    Ok((bits, is_star))
}

fn number(text: &str, names: &[&str], low: u32) -> Result<u32, String> {
    let lower = text.to_ascii_lowercase();
    if let Some(index) = names.iter().position(|name| *name == lower) {
        return Ok(u32::try_from(index).unwrap_or(0) + low);
    }
    let read = text.parse::<i64>().map_err(|_| {
        format!("failed to parse int from {text}: strconv.Atoi: parsing {text:?}: invalid syntax")
    })?;
    u32::try_from(read).map_err(|_| format!("negative number ({read}) not allowed: {text}"))
}
