//! Cron schedules, as `robfig/cron`'s standard parser reads them.
//!
//! Five fields (minute, hour, day of month, month, day of week) with `*`, `?`, lists, ranges,
//! steps and names; `@hourly` and its like; `@every 1h30m`; in the zone that the schedule names,
//! else in the one that is given. A day matches when both of its fields match, or, when neither is
//! a star, when one of them does.

use super::fields::Fields;
use k8s_openapi::jiff::tz::TimeZone;
use k8s_openapi::jiff::{SignedDuration, Timestamp};

/// When something is due.
#[derive(Clone, Debug)]
pub(super) enum Schedule {
    /// At the minutes that all fields name.
    Fields(Box<Fields>, TimeZone),
    /// Each time that this many seconds have passed.
    Every(i64),
}

impl Schedule {
    /// Reads `text`, in `zone` where it names none.
    ///
    /// # Errors
    /// The sentence that says what is wrong.
    pub(super) fn parse(text: &str, zone: &TimeZone) -> Result<Self, String> {
        if text.is_empty() {
            return Err("empty spec string".into());
        }
        let (text, zone) = match text.strip_prefix("TZ=").or_else(|| text.strip_prefix("CRON_TZ="))
        {
            None => (text, zone.clone()),
            Some(rest) => {
                let (name, rest) = rest.split_once(' ').ok_or_else(|| {
                    "invalid schedule format: runtime error: slice bounds out of range [:-1]"
                        .to_owned()
                })?;
                let zone = zone_named(name)
                    .map_err(|error| format!("provided bad location {name}: {error}"))?;
                (rest.trim(), zone)
            }
        };
        if let Some(length) = text.strip_prefix("@every ") {
            let length = object::duration::parse(length)
                .map_err(|error| format!("failed to parse duration {text}: {error}"))?;
            return Ok(Self::Every((length / NANOS_PER_SECOND).max(1)));
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
        Ok(Self::Fields(Box::new(Fields::parse(fields)?), zone))
    }

    /// The first time after `after`; `None` when there is none in sight.
    pub(super) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(seconds) => {
                let whole = Timestamp::from_second(after.as_second()).ok()?;
                whole.checked_add(SignedDuration::from_secs(*seconds)).ok()
            }
            Self::Fields(fields, zone) => fields.next(after, zone),
        }
    }
}

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// The zone with the name `name`; the empty name is UTC.
///
/// # Errors
/// There is none.
pub(super) fn zone_named(name: &str) -> Result<TimeZone, String> {
    match name {
        "" | "UTC" => Ok(TimeZone::UTC),
        _ => TimeZone::get(name).map_err(|_| format!("unknown time zone {name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(schedule: &str, after: &str) -> Option<String> {
        let schedule = Schedule::parse(schedule, &TimeZone::UTC).expect(schedule);
        schedule.next(after.parse().expect("a time")).map(|time| time.to_string())
    }

    #[test]
    fn the_next_time_is_found() {
        let table = [
            ("* * * * *", "2026-01-01T00:00:30Z", "2026-01-01T00:01:00Z"),
            ("* * * * *", "2026-01-01T00:00:00.5Z", "2026-01-01T00:01:00Z"),
            ("*/15 * * * *", "2026-01-01T00:15:00Z", "2026-01-01T00:30:00Z"),
            ("0 0 * * *", "2026-01-31T00:00:00Z", "2026-02-01T00:00:00Z"),
            ("30 6-16/4 * * 1-5", "2026-01-02T14:30:00Z", "2026-01-05T06:30:00Z"),
            ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("0 12 13 * fri", "2026-01-01T00:00:00Z", "2026-01-02T12:00:00Z"),
            ("0 0 * * sun", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"),
            ("0 0 */2 * 1", "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z"),
            ("0 0 */2 * 1", "2026-01-03T00:00:00Z", "2026-01-05T00:00:00Z"),
            ("5/20 1 * jan *", "2026-01-01T01:30:00Z", "2026-01-01T01:45:00Z"),
            ("59 23 31 12 ?", "2026-12-31T23:59:00Z", "2027-12-31T23:59:00Z"),
            ("@hourly", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"),
            ("@weekly", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"),
            ("@every 90s", "2026-01-01T00:00:00Z", "2026-01-01T00:01:30Z"),
            ("@every 10ms", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"),
            ("TZ=UTC 0 3 * * *", "2026-01-01T00:00:00Z", "2026-01-01T03:00:00Z"),
            ("CRON_TZ=Asia/Kolkata 0 3 * * *", "2026-01-01T00:00:00Z", "2026-01-01T21:30:00Z"),
        ];
        for (schedule, after, expected) in table {
            assert_eq!(next(schedule, after).as_deref(), Some(expected), "{schedule}");
        }
        assert_eq!(next("59 23 31 2 *", "2026-01-01T00:00:00Z"), None);
    }

    #[test]
    fn a_change_of_the_clocks_is_gone_through_as_upstream_does() {
        let oslo = "TZ=Europe/Oslo";
        let sao_paulo = "TZ=America/Sao_Paulo";
        let table = [
            // 02:30 is left out on the 29th: the day is passed over.
            (oslo, "30 2 * * *", "2026-03-28T02:00:00Z", "2026-03-30T00:30:00Z"),
            // 02:30 comes twice on the 25th of October.
            (oslo, "30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
            (oslo, "30 2 * * *", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"),
            (oslo, "30 2 * * *", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"),
            (oslo, "0 9 * * *", "2026-03-28T12:00:00Z", "2026-03-29T07:00:00Z"),
            // Midnight was left out on this day.
            (sao_paulo, "0 9 4 11 *", "2018-11-03T12:00:00Z", "2018-11-04T11:00:00Z"),
        ];
        for (zone, fields, after, expected) in table {
            let schedule = format!("{zone} {fields}");
            assert_eq!(next(&schedule, after).as_deref(), Some(expected), "{schedule} {after}");
        }
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
            "1-2-3 * * * *",
            "1/2/3 * * * *",
            "*/0 * * * *",
            "-1 * * * *",
            "@never",
            "@every never",
            "x * * * *",
            "TZ=Nowhere/Land * * * * *",
            "TZ=UTC",
        ] {
            assert!(Schedule::parse(text, &TimeZone::UTC).is_err(), "{text}");
        }
    }
}
