//! Addresses and ranges. Mirrors `k8s.io/apimachinery/pkg/util/validation/ip.go` and the
//! parsers of Go that it leans on.

use super::At;
use object::FieldErrors;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Reads an address as Go's old parser did: leading zeros are let through.
pub(crate) fn parse_ip(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        return text.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    let mut octets = [0; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        if part.is_empty() || part.len() > 16 || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *octet = part
            .trim_start_matches('0')
            .parse()
            .or_else(|e| if part.bytes().all(|b| b == b'0') { Ok(0) } else { Err(e) })
            .ok()?;
    }
    parts.next().is_none().then_some(IpAddr::V4(Ipv4Addr::from(octets)))
}

/// Reads a range in the same way: the address as it is written, and the bits of its prefix.
pub(crate) fn parse_cidr(text: &str) -> Option<(IpAddr, u8)> {
    let (ip, bits) = text.split_once('/')?;
    let ip = parse_ip(ip)?;
    if bits.is_empty() || bits.len() > 5 || !bits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let bits: u32 = bits.parse().ok()?;
    let most = if ip.is_ipv4() { 32 } else { 128 };
    (bits <= most).then_some((ip, bits as u8))
}

/// The first address of a range.
pub(crate) fn masked(ip: IpAddr, bits: u8) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from(u32::from(ip) & mask))
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from(u128::from(ip) & mask))
        }
    }
}

/// An address as Go prints it: IPv4 in IPv6 is shown as IPv4.
pub(crate) fn canonical(ip: IpAddr) -> String {
    ip.to_canonical().to_string()
}

/// Whether Go counts it as IPv6 (an IPv4 address inside IPv6 is not).
pub(crate) fn is_ipv6(text: &str) -> bool {
    parse_ip(text).is_some_and(|ip| ip.to_canonical().is_ipv6())
}

/// Whether these are addresses (or ranges) of both families; `None` where one can't be read.
pub(crate) fn is_dual_stack<'a>(texts: impl Iterator<Item = &'a str>) -> Option<bool> {
    let (mut v4, mut v6) = (false, false);
    for text in texts {
        let ip = parse_ip(text).or_else(|| parse_cidr(text).map(|(ip, _)| ip))?;
        if ip.to_canonical().is_ipv4() { v4 = true } else { v6 = true }
    }
    Some(v4 && v6)
}

/// An address, forgiven where the old object had it already.
pub(crate) fn ip(at: &At<'_>, was: &[&str], errors: &mut FieldErrors) -> bool {
    let text = at.text();
    if was.contains(&text) {
        return true;
    }
    let before = errors.0.len();
    match parse_ip(text) {
        None => at.invalid_as(
            errors,
            text,
            "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
        ),
        Some(IpAddr::V4(_)) if text.parse::<Ipv4Addr>().is_err() => {
            at.invalid(errors, "must not have leading 0s");
        }
        Some(IpAddr::V6(ip)) if ip.to_ipv4_mapped().is_some() => {
            at.invalid(errors, "must not be an IPv4-mapped IPv6 address");
        }
        Some(_) => {}
    }
    errors.0.len() == before
}

/// An address in the one form in which it is printed.
pub(crate) fn canonical_ip(at: &At<'_>, errors: &mut FieldErrors) {
    if ip(at, &[], errors) {
        let printed = parse_ip(at.text()).map(canonical).unwrap_or_default();
        if printed != at.text() {
            at.invalid(errors, format!("must be in canonical form ({printed:?})"));
        }
    }
}

/// A range, forgiven where the old object had it already.
pub(crate) fn cidr(at: &At<'_>, text: &str, was: &[&str], errors: &mut FieldErrors) -> bool {
    if was.contains(&text) {
        return true;
    }
    let before = errors.0.len();
    let Some((address, bits)) = parse_cidr(text) else {
        at.invalid_as(
            errors,
            text,
            "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
        );
        return false;
    };
    let (written, prefix) = text.split_once('/').unwrap_or_default();
    let zeros = address.is_ipv4() && written.parse::<Ipv4Addr>().is_err();
    if zeros || (prefix.len() > 1 && prefix.starts_with('0')) {
        at.invalid_as(errors, text, "must not have leading 0s in IP or prefix length");
    } else if matches!(address, IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some()) {
        at.invalid_as(errors, text, "must not have an IPv4-mapped IPv6 address");
    } else if masked(address, bits) != address {
        at.invalid_as(errors, text, "must not have bits set beyond the prefix length");
    }
    errors.0.len() == before
}

/// A range in the one form in which it is printed.
pub(crate) fn canonical_cidr(at: &At<'_>, errors: &mut FieldErrors) {
    if cidr(at, at.text(), &[], errors)
        && let Some((ip, bits)) = parse_cidr(at.text())
    {
        let printed = format!("{}/{bits}", canonical(masked(ip, bits)));
        if printed != at.text() {
            at.invalid(errors, format!("must be in canonical form ({printed:?})"));
        }
    }
}

/// An address that traffic can be sent to.
pub(crate) fn endpoint_ip(at: &At<'_>, errors: &mut FieldErrors) {
    let text = at.text();
    let Some(ip) = parse_ip(text) else {
        at.invalid_as(errors, text, "must be a valid IP address");
        return;
    };
    let ip = ip.to_canonical();
    if ip.is_unspecified() {
        at.invalid(errors, format!("may not be unspecified ({text})"));
    }
    if ip.is_loopback() {
        at.invalid(errors, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
    }
    let (link_local, link_local_multicast) = match ip {
        IpAddr::V4(ip) => (ip.is_link_local(), ip.octets()[..3] == [224, 0, 0]),
        IpAddr::V6(ip) => (ip.is_unicast_link_local(), ip.segments()[0] & 0xff0f == 0xff02),
    };
    if link_local {
        at.invalid(errors, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
    }
    if link_local_multicast {
        at.invalid(
            errors,
            "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)",
        );
    }
}

/// Sentences for the client about addresses that are written unlike they are printed.
pub(crate) fn ip_warning(at: &At<'_>) -> Option<String> {
    let (text, path) = (at.text(), at.path());
    match parse_ip(text)? {
        IpAddr::V4(ip) if text.parse::<Ipv4Addr>().is_err() => {
            Some(format!("{path}: non-standard IP address {text:?} is invalid: use \"{ip}\""))
        }
        IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some() => Some(format!(
            "{path}: non-standard IP address {text:?} is invalid: use {:?}",
            canonical(IpAddr::V6(ip))
        )),
        IpAddr::V6(ip) if ip.to_string() != text => Some(format!(
            "{path}: IPv6 address {text:?} should be in RFC 5952 canonical format (\"{ip}\")"
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::json;

    #[test]
    fn addresses_and_ranges_are_judged_as_upstream_judges_them() {
        for (text, good) in [
            ("10.0.0.1", true),
            ("010.0.0.1", false),
            ("::ffff:1.2.3.4", false),
            ("2001:db8::1", true),
            ("10.0.0", false),
            ("256.0.0.1", false),
        ] {
            let value = json!(text);
            assert_eq!(ip(&At::root(&value), &[], &mut FieldErrors::new()), good, "{text}");
        }
        for (text, good) in [
            ("10.0.0.0/8", true),
            ("10.0.0.1/8", false),
            ("10.0.0.0/33", false),
            ("10.0.0.0/08", false),
            ("2001:db8::/64", true),
        ] {
            let value = json!(text);
            let at = At::root(&value);
            assert_eq!(cidr(&at, text, &[], &mut FieldErrors::new()), good, "{text}");
        }
    }
}
