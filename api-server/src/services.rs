//! The network of services: which addresses and ports the server gives out, and to whom.
//!
//! Mirrors `pkg/registry/core/service` and `pkg/controlplane/{controller,reconcilers}` of
//! `k8s.io/kubernetes`.

mod addresses;
mod allocator;
mod carried;
mod default_range;
mod endpoints;
mod families;
mod kubernetes;
mod leases;
mod node_ports;
mod port_range;
mod ports;
mod range;
mod raw;
mod repair;
mod spec;
mod strays;

pub(crate) use allocator::{Desk, Services};
pub(crate) use default_range::ensure as ensure_default_range;
pub(crate) use kubernetes::{Kubernetes, public_address};
pub(crate) use repair::Repair;

use range::Range;
use std::net::IpAddr;

/// The shortest prefix of a range of IPv6 (upstream's number).
const IPV6_BITS_MIN: u8 = 64;

/// The ranges that services get their addresses and ports from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceNetwork {
    /// One range, or one of each address family.
    pub ranges: Vec<(IpAddr, u8)>,
    /// The first node port.
    pub first_port: u16,
    /// The last node port.
    pub last_port: u16,
}

impl ServiceNetwork {
    /// Reads the two flags; an error names the flag.
    pub fn parse(ranges: &str, ports: &str) -> Result<Self, String> {
        const FLAG: &str = "--service-cluster-ip-range";
        let mut parsed: Vec<(IpAddr, u8)> = Vec::new();
        for text in ranges.split(',').filter(|text| !text.is_empty()) {
            let range = Range::parse(text)
                .ok_or_else(|| format!("{FLAG}: {text:?} is not a valid CIDR"))?;
            if range.base().is_ipv6() && range.bits() < IPV6_BITS_MIN {
                let bits = range.bits();
                return Err(format!(
                    "{FLAG}: shortest allowed prefix length for service CIDR is 64, got {bits}"
                ));
            }
            if range.first() > range.last() {
                return Err(format!("{FLAG}: the range {text} has no address to give out"));
            }
            parsed.push((range.base(), range.bits()));
        }
        match parsed.as_slice() {
            [_] => {}
            [(first, _), (second, _)] if first.is_ipv4() != second.is_ipv4() => {}
            [_, _] => {
                return Err(format!("{FLAG}[0] and {FLAG}[1] must be of different IP family"));
            }
            [] => return Err(format!("{FLAG} must contain at least one valid cidr")),
            _ => return Err(format!("{FLAG} must not contain more than two entries")),
        }
        let (first_port, last_port) = port_range::parse(ports)?;
        Ok(Self { ranges: parsed, first_port, last_port })
    }

    /// The first address of the first range: that of the `kubernetes` service.
    pub fn kubernetes_address(&self) -> IpAddr {
        let (base, bits) = self.ranges[0];
        Range::new(base, bits).map_or(base, |range| range.first())
    }

    /// The ranges as texts.
    fn texts(&self) -> Vec<String> {
        self.ranges.iter().map(|(base, bits)| format!("{base}/{bits}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_are_read_and_refused_by_name() {
        let network =
            ServiceNetwork::parse("10.32.0.9/24,fd00::/108", "30000-32767").expect("a network");
        assert_eq!(network.texts(), ["10.32.0.0/24", "fd00::/108"]);
        assert_eq!(network.kubernetes_address().to_string(), "10.32.0.1");
        let cases = [
            ("", "30000-32767", "must contain at least one valid cidr"),
            ("10.0.0.0", "30000-32767", "is not a valid CIDR"),
            ("10.0.0.0/24,10.1.0.0/24", "30000-32767", "must be of different IP family"),
            ("10.0.0.0/24,fd00::/112,fd01::/112", "1-2", "must not contain more than two entries"),
            ("fd00::/48", "30000-32767", "shortest allowed prefix length"),
            ("10.0.0.0/32", "30000-32767", "no address to give out"),
            ("10.0.0.0/24", "32767-30000", "--service-node-port-range"),
        ];
        for (ranges, ports, expected) in cases {
            let error = ServiceNetwork::parse(ranges, ports).expect_err(ranges);
            assert!(error.contains(expected), "{error}");
        }
    }
}
