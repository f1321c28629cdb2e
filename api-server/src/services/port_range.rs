//! `--service-node-port-range`: one port, `first-last`, or `first+more`; not which ports are taken.
//!
//! Mirrors `PortRange` of `k8s.io/apimachinery/pkg/util/net`, and its words.

/// What nothing stands for.
const DEFAULT: (u16, u16) = (30000, 32767);

/// The first and the last port.
pub(super) fn parse(given: &str) -> Result<(u16, u16), String> {
    let text = given.trim();
    if text.is_empty() {
        return Ok(DEFAULT);
    }
    let wrong = |why: String| {
        format!("invalid argument {given:?} for \"--service-node-port-range\" flag: {why}")
    };
    let number = |part: &str| number(part).map_err(wrong);
    let (first, last) = match (text.split_once('-'), text.split_once('+')) {
        (None, None) => (number(text)?, number(text)?),
        (Some((first, last)), None) => (number(first)?, number(last)?),
        (None, Some((first, more))) => {
            let first = number(first)?;
            (first, first.saturating_add(number(more)?))
        }
        (Some(_), Some(_)) => return Err(wrong(format!("unable to parse port range: {text}"))),
    };
    let (Ok(first), Ok(last)) = (u16::try_from(first), u16::try_from(last)) else {
        return Err(wrong(format!("the port range cannot be greater than 65535: {text}")));
    };
    if last < first {
        return Err(wrong(format!("end port cannot be less than start port: {text}")));
    }
    Ok((first, last))
}

/// A number as Go's `strconv.Atoi` reads it; signs can't come this far.
fn number(text: &str) -> Result<i64, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().map_err(|_| {
        let why = if digits { "value out of range" } else { "invalid syntax" };
        format!("strconv.Atoi: parsing {text:?}: {why}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_written_in_three_ways() {
        for (text, expected) in [
            ("30000", (30000, 30000)),
            ("30000-32767", (30000, 32767)),
            ("30000-30000", (30000, 30000)),
            ("30000+9", (30000, 30009)),
            ("30000+0", (30000, 30000)),
            (" 30000-30001 ", (30000, 30001)),
            ("0-65535", (0, 65535)),
            ("", DEFAULT),
            (" ", DEFAULT),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
        for (text, why) in [
            ("x", "strconv.Atoi: parsing \"x\": invalid syntax"),
            ("30000 - 30001", "strconv.Atoi: parsing \"30000 \": invalid syntax"),
            ("-5", "strconv.Atoi: parsing \"\": invalid syntax"),
            ("1-2-3", "strconv.Atoi: parsing \"2-3\": invalid syntax"),
            ("1+", "strconv.Atoi: parsing \"\": invalid syntax"),
            (
                "99999999999999999999",
                "strconv.Atoi: parsing \"99999999999999999999\": value out of range",
            ),
            ("1-2+3", "unable to parse port range: 1-2+3"),
            ("65536", "the port range cannot be greater than 65535: 65536"),
            ("65000+1000", "the port range cannot be greater than 65535: 65000+1000"),
            ("32767-30000", "end port cannot be less than start port: 32767-30000"),
        ] {
            let flag = "\"--service-node-port-range\" flag";
            assert_eq!(parse(text), Err(format!("invalid argument {text:?} for {flag}: {why}")));
        }
    }
}
