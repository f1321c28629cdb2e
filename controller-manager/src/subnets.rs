//! Ranges of addresses, as `--cluster-cidr` and its like name them.

use std::fmt;
use std::net::IpAddr;

/// A range of addresses; both families are numbers of 128 bits inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    first: IpAddr,
    /// The length of the mask, in bits of its family.
    bits: u8,
}

impl Subnet {
    /// Reads `text`: ranges parted by commas. `flag` is named in errors.
    ///
    /// # Errors
    /// The sentence that says what is wrong.
    pub fn parse_list(flag: &str, text: &str) -> Result<Vec<Self>, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts
            .map(|part| {
                Self::parse(part).ok_or_else(|| format!("{flag}: invalid CIDR address: {part}"))
            })
            .collect()
    }

    /// Reads `a.b.c.d/n` or its IPv6 form; bits beyond the mask are dropped.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let (address, bits): (IpAddr, u8) = (address.parse().ok()?, bits.parse().ok()?);
        (bits <= width(address)).then(|| Self { first: masked(address, bits), bits })
    }

    /// Whether any address is in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        let bits = self.bits.min(other.bits);
        width(self.first) == width(other.first)
            && masked(self.first, bits) == masked(other.first, bits)
    }

    /// Whether `other` lies in it, or is the same.
    pub fn contains(&self, other: &Self) -> bool {
        self.overlaps(other) && self.bits <= other.bits
    }

    /// Whether a Service can have `address` out of it: the address of the net itself is none, nor
    /// is the broadcast address of IPv4.
    pub fn can_give(&self, address: IpAddr) -> bool {
        if width(address) != width(self.first) || masked(address, self.bits) != self.first {
            return false;
        }
        let is_broadcast = match (address, self.first) {
            (IpAddr::V4(address), IpAddr::V4(first)) => {
                let hosts = u32::MAX.checked_shr(self.bits.into()).unwrap_or(0);
                u32::from(address) == u32::from(first) | hosts
            }
            _ => false,
        };
        address != self.first && !is_broadcast
    }

    /// Whether it is of IPv6.
    pub fn is_ipv6(&self) -> bool {
        self.first.is_ipv6()
    }

    /// The length of its mask, in bits.
    pub fn bits(&self) -> u8 {
        self.bits
    }

    /// How many subnets with a mask of `bits` it has room for; 0 when they are larger than it.
    pub fn subnets(&self, bits: u8) -> u128 {
        match bits.checked_sub(self.bits) {
            Some(more) if bits <= width(self.first) => 1u128.checked_shl(more.into()).unwrap_or(0),
            _ => 0,
        }
    }

    /// The subnet number `index` of those with a mask of `bits`.
    pub fn subnet(&self, bits: u8, index: u128) -> Option<Self> {
        if index >= self.subnets(bits) {
            return None;
        }
        let offset = index.checked_shl(u32::from(width(self.first) - bits)).unwrap_or(0);
        let first = match self.first {
            IpAddr::V4(first) => {
                let number = u128::from(u32::from(first)) + offset;
                IpAddr::V4(u32::try_from(number).ok()?.into())
            }
            IpAddr::V6(first) => IpAddr::V6((u128::from(first) + offset).into()),
        };
        Some(Self { first, bits })
    }

    /// The number of `subnet` among those with its mask; `None` when it lies elsewhere.
    pub fn index_of(&self, subnet: &Self) -> Option<u128> {
        let inside = subnet.bits >= self.bits && self.overlaps(subnet);
        let number = |address| match address {
            IpAddr::V4(address) => u128::from(u32::from(address)),
            IpAddr::V6(address) => u128::from(address),
        };
        let shift = u32::from(width(self.first) - subnet.bits);
        let distance = || number(subnet.first) - number(self.first);
        inside.then(|| distance().checked_shr(shift).unwrap_or(0))
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv6() { 128 } else { 32 }
}

fn masked(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            IpAddr::V4((u32::from(address) & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            IpAddr::V6((u128::from(address) & mask).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(text: &str) -> Subnet {
        Subnet::parse(text).expect(text)
    }

    #[test]
    fn ranges_are_read_and_compared() {
        assert_eq!(subnet("10.200.3.4/16").to_string(), "10.200.0.0/16");
        for text in ["10.0.0.0", "10.0.0.0/33", "x/8", "fd00::/129"] {
            assert!(Subnet::parse(text).is_none(), "{text}");
        }
        let table = [
            ("10.0.0.0/8", "10.32.0.0/24", true),
            ("10.200.0.0/16", "10.32.0.0/24", false),
            ("0.0.0.0/0", "fd00::/8", false),
            ("fd00::/8", "fd00:1::/64", true),
        ];
        for (a, b, expected) in table {
            assert_eq!(subnet(a).overlaps(&subnet(b)), expected);
            assert_eq!(subnet(b).overlaps(&subnet(a)), expected);
        }
    }

    #[test]
    fn a_range_is_cut_into_numbered_subnets() {
        let range = subnet("10.200.0.0/16");
        assert_eq!(range.subnets(24), 256);
        assert_eq!(range.subnet(24, 7).map(|s| s.to_string()).as_deref(), Some("10.200.7.0/24"));
        assert_eq!(range.subnet(24, 256), None);
        assert_eq!(range.index_of(&subnet("10.200.7.0/24")), Some(7));
        assert_eq!(range.index_of(&subnet("10.201.7.0/24")), None);
        assert_eq!(subnet("fd00::/48").subnets(64), 65536);
        assert_eq!(range.subnets(8), 0);
    }
}
