//! Ages as people read them: `45s`, `5m30s`, `3d4h`.
//!
//! Mirrors `k8s.io/apimachinery/pkg/util/duration` (`HumanDuration`): the longer ago, the
//! coarser.

use super::Row;
use object::Value;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// The time since a moment that JSON shows as RFC 3339; `<unknown>` where there is none.
pub(crate) fn since(row: &Row<'_>, time: &Value) -> String {
    match seconds_of(time) {
        Some(then) => human(row.now_seconds - then),
        None => "<unknown>".to_owned(),
    }
}

/// Seconds since 1970 of an RFC 3339 time; fractions are dropped.
pub(crate) fn seconds_of(time: &Value) -> Option<i64> {
    let time: jiff::Timestamp = time.as_str()?.parse().ok()?;
    Some(time.as_millisecond().div_euclid(1000))
}

/// A span of seconds in one or two units.
pub(crate) fn human(seconds: i64) -> String {
    match seconds {
        // Clocks differ a little between machines: a moment ahead is now.
        ..-1 => "<invalid>".to_owned(),
        -1..0 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => pair(seconds, MINUTE, "m", 1, "s"),
        600..10_800 => format!("{}m", seconds / MINUTE),
        10_800..28_800 => pair(seconds, HOUR, "h", MINUTE, "m"),
        28_800..172_800 => format!("{}h", seconds / HOUR),
        172_800..691_200 => pair(seconds, DAY, "d", HOUR, "h"),
        691_200..63_072_000 => format!("{}d", seconds / DAY),
        63_072_000..252_288_000 => pair(seconds, YEAR, "y", DAY, "d"),
        _ => format!("{}y", seconds / YEAR),
    }
}

/// Two units, the smaller left out where it is nothing.
fn pair(seconds: i64, large: i64, large_unit: &str, small: i64, small_unit: &str) -> String {
    let (whole, rest) = (seconds / large, seconds % large / small);
    if rest == 0 {
        format!("{whole}{large_unit}")
    } else {
        format!("{whole}{large_unit}{rest}{small_unit}")
    }
}
