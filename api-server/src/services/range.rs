//! A range of addresses, and in which order it is searched for a free one.
//!
//! The lower part is left to people who ask for an address by number. Mirrors the arithmetic of
//! `pkg/registry/core/service/ipallocator`.

use std::net::IpAddr;

/// The size of the lower part: a share of the range, within bounds.
const STATIC_SHARE: u128 = 16;
const STATIC_MIN: u128 = 16;
const STATIC_MAX: u128 = 256;

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    base: IpAddr,
    bits: u8,
}

impl Range {
    /// The range of such a text as `10.0.0.0/24`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        Self::new(address.parse().ok()?, bits.parse().ok()?)
    }

    /// The range around an address; `None` when there can't be so many bits.
    pub(crate) fn new(address: IpAddr, bits: u8) -> Option<Self> {
        let width = width(address);
        if bits > width {
            return None;
        }
        let host = u128::MAX.checked_shr(128 - u32::from(width - bits)).unwrap_or(0);
        Some(Self { base: address_of(address, number(address) & !host), bits })
    }

    /// The network's own address.
    pub(crate) fn base(&self) -> IpAddr {
        self.base
    }

    /// The length of the prefix.
    pub(crate) fn bits(&self) -> u8 {
        self.bits
    }

    /// The first address that is given out.
    pub(crate) fn first(&self) -> IpAddr {
        address_of(self.base, number(self.base) + 1)
    }

    /// The last address that is given out: not the broadcast address of IPv4.
    pub(crate) fn last(&self) -> IpAddr {
        let broadcast = number(self.base) + self.host_mask();
        let skipped = u128::from(self.base.is_ipv4());
        address_of(self.base, broadcast.saturating_sub(skipped))
    }

    /// Whether the network holds an address.
    pub(crate) fn holds(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.base.is_ipv4()
            && number(address) & !self.host_mask() == number(self.base)
    }

    /// Whether an address can be given out.
    pub(crate) fn gives(&self, address: IpAddr) -> bool {
        self.holds(address) && self.first() <= address && address <= self.last()
    }

    /// All addresses, each once: from a random place in the upper part, around it, and then the
    /// same in the lower part. `below(n)` is a random number under `n`.
    pub(crate) fn search<'a>(
        &'a self,
        below: &'a dyn Fn(u64) -> u64,
    ) -> impl Iterator<Item = IpAddr> + 'a {
        let first = number(self.first());
        let size = (number(self.last()) + 1).saturating_sub(first);
        let lower = lower_part(self.host_mask().saturating_add(1)).min(size);
        let part = move |start: u128, length: u128| {
            let from = u128::from(below(u64::try_from(length).unwrap_or(u64::MAX)));
            (0..length).map(move |step| start + (from + step) % length)
        };
        part(first + lower, size - lower)
            .chain(part(first, lower))
            .map(|number| address_of(self.base, number))
    }

    fn host_mask(&self) -> u128 {
        let host_bits = u32::from(width(self.base) - self.bits);
        u128::MAX.checked_shr(128 - host_bits).unwrap_or(0)
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.base, self.bits)
    }
}

/// The addresses at the start of a network of this size that are given out last.
fn lower_part(size: u128) -> u128 {
    if size <= STATIC_MIN {
        return 0;
    }
    (size / STATIC_SHARE).clamp(STATIC_MIN, STATIC_MAX)
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => u128::from(v6),
    }
}

fn address_of(like: IpAddr, number: u128) -> IpAddr {
    match like {
        IpAddr::V4(_) => IpAddr::V4(u32::try_from(number).unwrap_or(u32::MAX).into()),
        IpAddr::V6(_) => IpAddr::V6(number.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_leave_out_what_is_not_an_address() {
        let cases = [
            ("10.0.0.0/24", "10.0.0.1", "10.0.0.254"),
            ("10.96.0.7/12", "10.96.0.1", "10.111.255.254"),
            ("fd00::/112", "fd00::1", "fd00::ffff"),
        ];
        for (text, first, last) in cases {
            let range = Range::parse(text).expect("a range");
            assert_eq!(
                (range.first().to_string(), range.last().to_string()),
                (first.into(), last.into())
            );
        }
        assert_eq!(Range::parse("10.0.0.0/33"), None);
        assert_eq!(Range::parse("10.96.0.7/12").expect("a range").to_string(), "10.96.0.0/12");
    }

    #[test]
    fn each_address_is_tried_once_and_the_lower_part_last() {
        let range = Range::parse("10.0.0.0/24").expect("a range");
        for start in [0, 100, 237] {
            let below = move |n: u64| start.min(n - 1);
            let all: Vec<IpAddr> = range.search(&below).collect();
            let distinct: std::collections::BTreeSet<_> = all.iter().collect();
            assert_eq!((all.len(), distinct.len()), (254, 254));
            assert!(
                all[..238].iter().all(|a| *a > "10.0.0.16".parse::<IpAddr>().expect("an address"))
            );
        }
        let tiny = Range::parse("10.0.0.0/30").expect("a range");
        assert_eq!(tiny.search(&|_| 0).count(), 2);
        let none = Range::parse("10.0.0.0/32").expect("a range");
        assert_eq!(none.search(&|_| 0).count(), 0);
    }
}
