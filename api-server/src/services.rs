//! The network of services: which addresses and ports the server gives out.

use std::net::IpAddr;

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
        let mut parsed = Vec::new();
        for text in ranges.split(',').filter(|text| !text.is_empty()) {
            parsed.push(cidr(text).ok_or_else(|| {
                format!("--service-cluster-ip-range: {text:?} is not a valid CIDR")
            })?);
        }
        if parsed.is_empty() || parsed.len() > 2 {
            return Err("--service-cluster-ip-range must hold one or two CIDRs".to_owned());
        }
        let wrong = || format!("--service-node-port-range: {ports:?} is not a range such as 30000-32767");
        let (first, last) = ports.split_once('-').ok_or_else(wrong)?;
        let (first_port, last_port) =
            (first.parse().map_err(|_| wrong())?, last.parse().map_err(|_| wrong())?);
        if first_port == 0 || first_port > last_port {
            return Err(wrong());
        }
        Ok(Self { ranges: parsed, first_port, last_port })
    }

    /// The first address of the first range: that of the `kubernetes` service.
    pub fn kubernetes_address(&self) -> IpAddr {
        match self.ranges[0].0 {
            IpAddr::V4(base) => IpAddr::V4((u32::from(base) + 1).into()),
            IpAddr::V6(base) => IpAddr::V6((u128::from(base) + 1).into()),
        }
    }
}

/// A network address and the length of its prefix.
fn cidr(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = text.split_once('/')?;
    let (address, bits): (IpAddr, u8) = (address.parse().ok()?, bits.parse().ok()?);
    let masked = match address {
        IpAddr::V4(v4) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            IpAddr::V4((u32::from(v4) & mask).into())
        }
        IpAddr::V6(v6) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            IpAddr::V6((u128::from(v6) & mask).into())
        }
        _ => return None,
    };
    Some((masked, bits))
}
