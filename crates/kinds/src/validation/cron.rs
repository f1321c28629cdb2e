//! Whether a schedule of a cron job can be read, with the complaints of the library that upstream
//! reads it with (`github.com/robfig/cron/v3`). Knows nothing of when a job runs.

use object::duration;

struct Field {
    low: i64,
    high: i64,
    names: &'static [&'static str],
}

const MONTHS: &[&str] =
    &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const FIELDS: [Field; 5] = [
    Field { low: 0, high: 59, names: &[] },
    Field { low: 0, high: 23, names: &[] },
    Field { low: 1, high: 31, names: &[] },
    Field { low: 1, high: 12, names: MONTHS },
    Field { low: 0, high: 6, names: DAYS },
];
const NICKNAMES: &[&str] =
    &["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// What is wrong with a schedule, if anything is.
pub(crate) fn complaint(schedule: &str) -> Option<String> {
    check(schedule).err()
}

fn check(schedule: &str) -> Result<(), String> {
    let mut rest = schedule;
    if rest.is_empty() {
        return Err("empty spec string".to_owned());
    }
    if rest.starts_with("TZ=") || rest.starts_with("CRON_TZ=") {
        let Some((zone, fields)) = rest.split_once(' ') else {
            return Err("invalid schedule format: runtime error: slice bounds out of range [:-1]"
                .to_string());
        };
        let zone = zone.split_once('=').map_or("", |(_, zone)| zone);
        if !super::time_zone::exists(zone) {
            return Err(format!("provided bad location {zone}: unknown time zone {zone}"));
        }
        rest = fields.trim();
    }
    if let Some(every) = rest.strip_prefix("@every ") {
        return match duration::parse(every) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("failed to parse duration {rest}: {error}")),
        };
    }
    if rest.starts_with('@') {
        return if NICKNAMES.contains(&rest) {
            Ok(())
        } else {
            Err(format!("unrecognized descriptor: {rest}"))
        };
    }
    let fields: Vec<&str> = rest.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err(format!(
            "expected exactly 5 fields, found {}: [{}]",
            fields.len(),
            fields.join(" ")
        ));
    }
    for (text, field) in fields.iter().zip(&FIELDS) {
        for part in text.split(',').filter(|part| !part.is_empty()) {
            range(part, field)?;
        }
    }
    Ok(())
}

fn range(part: &str, field: &Field) -> Result<(), String> {
    let steps: Vec<&str> = part.split('/').collect();
    let limits: Vec<&str> = steps[0].split('-').collect();
    let (first, mut last) = if matches!(limits[0], "*" | "?") {
        (field.low, field.high)
    } else {
        let first = named(limits[0], field)?;
        match limits.as_slice() {
            [_] => (first, first),
            [_, last] => (first, named(last, field)?),
            _ => return Err(format!("too many hyphens: {part}")),
        }
    };
    let step = match steps.as_slice() {
        [_] => 1,
        [_, step] => {
            let step = number(step)?;
            if limits.len() == 1 {
                last = field.high;
            }
            step
        }
        _ => return Err(format!("too many slashes: {part}")),
    };
    let Field { low, high, .. } = field;
    if first < *low {
        return Err(format!("beginning of range ({first}) below minimum ({low}): {part}"));
    }
    if last > *high {
        return Err(format!("end of range ({last}) above maximum ({high}): {part}"));
    }
    if first > last {
        return Err(format!("beginning of range ({first}) beyond end of range ({last}): {part}"));
    }
    if step == 0 {
        return Err(format!("step of range should be a positive number: {part}"));
    }
    Ok(())
}

fn named(text: &str, field: &Field) -> Result<i64, String> {
    let lower = text.to_lowercase();
    match field.names.iter().position(|name| *name == lower) {
        Some(place) => Ok(place as i64 + field.low),
        None => number(text),
    }
}

fn number(text: &str) -> Result<i64, String> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!(
            "failed to parse int from {text}: strconv.Atoi: parsing {text:?}: invalid syntax"
        ));
    }
    let number: i64 = text.parse().map_err(|_| {
        format!(
            "failed to parse int from {text}: strconv.Atoi: parsing {text:?}: value out of range"
        )
    })?;
    if number < 0 {
        return Err(format!("negative number ({number}) not allowed: {text}"));
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::complaint;

    #[test]
    fn schedules_are_judged_as_upstream_judges_them() {
        for good in ["* * * * *", "*/5 0-6 1,15 jan-jun mon", "@daily", "@every 1h"] {
            assert_eq!(complaint(good), None, "{good}");
        }
        for (bad, why) in [
            ("", "empty spec string"),
            ("error", "expected exactly 5 fields, found 1: [error]"),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
            (
                "a * * * *",
                "failed to parse int from a: strconv.Atoi: parsing \"a\": invalid syntax",
            ),
        ] {
            assert_eq!(complaint(bad).as_deref(), Some(why), "{bad}");
        }
    }
}
