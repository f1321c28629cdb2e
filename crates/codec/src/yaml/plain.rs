//! Which quotes a text needs in YAML 1.1, and how numbers and special characters are printed.

use serde_json::Number;

/// How a text is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    /// A block behind a `|`.
    Literal,
}

/// Chooses a text's style.
pub(super) fn style(text: &str, simple_key: bool) -> Style {
    let facts = Facts::of(text);
    let literal = text.contains('\n');
    if literal && facts.block && !simple_key {
        return Style::Literal;
    }
    if literal || resolves(text) || is_base_60(text) {
        return Style::Double;
    }
    match (facts.plain, facts.single) {
        (true, _) => Style::Plain,
        (false, true) => Style::Single,
        (false, false) => Style::Double,
    }
}

/// Which styles a text's characters allow.
struct Facts {
    plain: bool,
    single: bool,
    block: bool,
}

impl Facts {
    fn of(text: &str) -> Self {
        let mut indicators = text.starts_with("---") || text.starts_with("...");
        let (mut special, mut breaks, mut break_space, mut space_break) =
            (false, false, false, false);
        let (mut after_space, mut after_break, mut after_blank) = (false, false, true);
        let mut chars = text.chars().peekable();
        let mut first = true;
        while let Some(c) = chars.next() {
            let before_blank = chars.peek().is_none_or(|next| matches!(next, ' ' | '\t'));
            indicators |= match c {
                '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"'
                | '%' | '@' | '`'
                    if first =>
                {
                    true
                }
                '?' | '-' if first => before_blank,
                ':' => before_blank,
                '#' => after_blank,
                _ => false,
            };
            special |= !is_printable(c);
            let (is_space, is_break) = (c == ' ', is_break(c));
            breaks |= is_break;
            break_space |= is_space && after_break;
            space_break |= is_break && after_space;
            (after_space, after_break) = (is_space, is_break);
            after_blank = is_space || is_break || c == '\t';
            first = false;
        }
        let edge = |c: Option<char>| c.is_some_and(|c| c == ' ' || is_break(c));
        let edges = edge(text.chars().next()) || edge(text.chars().next_back());
        let broken = space_break || special;
        Self {
            plain: !(indicators || edges || break_space || broken || breaks),
            single: !(break_space || broken),
            block: !(text.is_empty() || text.ends_with(' ') || broken),
        }
    }
}

/// A line's end in YAML.
pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether a text has a line's end.
pub(super) fn has_break(text: &str) -> bool {
    text.contains(is_break)
}

fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && c != '\u{feff}'
}

/// The escape of a character between double quotes.
pub(super) fn escape(c: char) -> Option<String> {
    if is_printable(c) && !is_break(c) && !matches!(c, '"' | '\\') {
        return None;
    }
    let short = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            let code = u32::from(c);
            return Some(match code {
                0..=0xff => format!("\\x{code:02X}"),
                0x100..=0xffff => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            });
        }
    };
    Some(format!("\\{short}"))
}

/// A number as Go's `strconv.FormatFloat(f, 'g', -1, 64)` prints it.
pub(super) fn number(number: &Number) -> String {
    if !number.is_f64() {
        return number.to_string();
    }
    let float = number.as_f64().unwrap_or_default();
    let scientific = format!("{float:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&power) {
        return format!("{float}");
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", power.abs())
}

/// Whether a reader takes a bare text for something else than a text.
fn resolves(text: &str) -> bool {
    const WORDS: [&str; 33] = [
        "", "~", "null", "Null", "NULL", "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE",
        "on", "On", "ON", "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off",
        "OFF", ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF",
    ];
    if WORDS.contains(&text) {
        return true;
    }
    let unsigned = text.strip_prefix(['+', '-']);
    if unsigned.is_some_and(|rest| matches!(rest, ".inf" | ".Inf" | ".INF")) {
        return true;
    }
    match text.as_bytes().first() {
        Some(b'.') => is_float(text),
        Some(b'+' | b'-' | b'0'..=b'9') => {
            let plain = text.replace('_', "");
            is_timestamp(text) || is_integer(&plain) || is_float(&plain)
        }
        _ => false,
    }
}

fn is_integer(text: &str) -> bool {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.get(..2) {
        Some("0x") => (16, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return false;
    }
    match u64::from_str_radix(digits, radix) {
        Ok(size) => !negative || size <= 1 << 63,
        Err(_) => false,
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, within the range of a float.
fn is_float(text: &str) -> bool {
    let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let power_fits = exponent.is_none_or(|power| {
        let power = power.strip_prefix(['+', '-']).unwrap_or(power);
        !power.is_empty() && digits(power)
    });
    power_fits
        && digits(whole)
        && digits(part)
        && !(whole.is_empty() && part.is_empty())
        && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`
fn is_base_60(text: &str) -> bool {
    let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (rest, part) = rest.split_once('.').unwrap_or((rest, ""));
    let mut groups = rest.split(':');
    let spaced = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let head = groups.next().unwrap_or_default();
    let mut tail = groups.peekable();
    tail.peek().is_some()
        && spaced(part)
        && spaced(head)
        && head.starts_with(|c: char| c.is_ascii_digit())
        && tail.all(|group| match group.as_bytes() {
            [one] => one.is_ascii_digit(),
            [ten, one] => (b'0'..=b'5').contains(ten) && one.is_ascii_digit(),
            _ => false,
        })
}

/// `2006-1-2`, alone or with a time behind `T`, `t` (with a zone) or a space (without).
fn is_timestamp(text: &str) -> bool {
    let Some((year, rest)) = text.split_once('-') else { return false };
    let Some((month, rest)) = rest.split_once('-') else { return false };
    let day_len = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (day, clock) = rest.split_at(day_len);
    let within = |text: &str, low: u32, high: u32| {
        (1..=2).contains(&text.len()) && text.parse().is_ok_and(|n| (low..=high).contains(&n))
    };
    let date = year.len() == 4
        && year.bytes().all(|b| b.is_ascii_digit())
        && within(month, 1, 12)
        && within(day, 1, 31);
    let clock_fits = |clock: &str| {
        let (clock, part) = clock.split_once(['.', ',']).unwrap_or((clock, "0"));
        let parts: Vec<&str> = clock.split(':').collect();
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        match parts.as_slice() {
            [hour, minute, second] => {
                digits && within(hour, 0, 23) && within(minute, 0, 59) && within(second, 0, 59)
            }
            _ => false,
        }
    };
    if !date || clock.is_empty() {
        return date;
    }
    if let Some(clock) = clock.strip_prefix(' ') {
        return clock_fits(clock);
    }
    let Some(clock) = clock.strip_prefix(['T', 't']) else { return false };
    if let Some(clock) = clock.strip_suffix('Z') {
        return clock_fits(clock);
    }
    match clock.len().checked_sub(6).and_then(|at| clock.split_at_checked(at)) {
        Some((clock, zone)) => {
            let zone = zone.as_bytes();
            matches!(zone[0], b'+' | b'-')
                && zone[3] == b':'
                && [1, 2, 4, 5].iter().all(|at| zone[*at].is_ascii_digit())
                && clock_fits(clock)
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_quotes() {
        for text in [
            "",
            "~",
            "yes",
            "n",
            "Null",
            "0",
            "-1",
            "+1",
            "0x1f",
            "0o7",
            "012",
            "08",
            "1_000",
            "1e3",
            "1.",
            ".5",
            "-.5",
            "-.inf",
            ".nan",
            "2020-01-01",
            "2020-1-2 3:4:5",
            "2020-01-02T03:04:05Z",
            "2020-01-02t03:04:05.5+01:00",
            "12:30",
            "1:2:3.4",
        ] {
            assert_eq!(style(text, false), Style::Double, "{text}");
        }
        for text in [
            "a",
            "nullx",
            "0x",
            "1e",
            "1.2.3",
            "10.0.0.0/8",
            "v1",
            "a b",
            "a#b",
            "a:b",
            "-a",
            "?a",
            "2020-13-01",
            "2020-01-01x",
            "12:3a",
            "é",
            "1.5Gi",
            "100m",
            "x\"y",
        ] {
            assert_eq!(style(text, false), Style::Plain, "{text}");
        }
        for text in [" a", "a ", "a #b", "a: b", "- a", "-", "*x", "&x", "[a]", "'", "%", "---"] {
            assert_eq!(style(text, false), Style::Single, "{text}");
        }
        for text in ["a\tb", "\u{1}", "\u{1f600}", "a \nb"] {
            assert_eq!(style(text, false), Style::Double, "{text}");
        }
        assert_eq!(style("a\nb", false), Style::Literal);
        assert_eq!(style("a\nb", true), Style::Double);
    }

    #[test]
    fn numbers_are_printed_as_go_prints() {
        for (float, printed) in [
            (0.5, "0.5"),
            (1.0, "1"),
            (123456.0, "123456"),
            (1_000_000.0, "1e+06"),
            (1234567.5, "1.2345675e+06"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-1e100, "-1e+100"),
        ] {
            assert_eq!(number(&Number::from_f64(float).unwrap()), printed);
        }
    }
}
