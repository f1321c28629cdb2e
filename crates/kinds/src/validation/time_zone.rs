//! Names of time zones. Mirrors `pkg/apis/batch/validation`.

use super::At;
use object::FieldErrors;

/// Whether there is such a zone.
pub(crate) fn exists(name: &str) -> bool {
    matches!(name, "UTC" | "Local") || jiff::tz::db().get(name).is_ok()
}

/// The zone of a cron job.
pub(crate) fn zone(at: &At<'_>, errors: &mut FieldErrors) {
    if !at.is_set() {
        return;
    }
    let name = at.text();
    if name.is_empty() {
        at.invalid(errors, "timeZone must be nil or non-empty string");
        return;
    }
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b".-_+".contains(&b);
    let good = |part: &str| {
        (1..=14).contains(&part.len())
            && part.bytes().all(allowed)
            && !part.starts_with('-')
            && !matches!(part, "." | "..")
    };
    if !name.split('/').all(good) {
        at.invalid(errors, format!("unknown time zone {name}"));
        return;
    }
    if name.eq_ignore_ascii_case("local") {
        at.invalid(
            errors,
            "timeZone must be an explicit time zone as defined in \
             https://www.iana.org/time-zones",
        );
    }
    if !exists(name) {
        at.invalid(errors, format!("unknown time zone {name}"));
    }
}
