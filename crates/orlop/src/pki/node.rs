//! A worker as the command line names it, and hosts, whose names become those of files.

use std::net::IpAddr;
use std::str::FromStr;

/// The longest name of a node, in bytes: that of a DNS subdomain.
const NAME_BYTES_MAX: usize = 253;

/// The names that no node can have, since files of other certificates have them.
pub(super) const RESERVED: &[&str] = &[
    "ca",
    "front-proxy-ca",
    "front-proxy-client",
    "kubernetes",
    "service-account",
    "admin",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
];

/// A worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) addresses: Vec<IpAddr>,
}

impl FromStr for Node {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, addresses) = text.split_once('=').ok_or("say NAME=IP, with the node's name")?;
        if !is_subdomain(name) {
            return Err(format!(
                "{name:?} can't be the name of a node: lower case letters, digits, - and ."
            ));
        }
        if RESERVED.contains(&name) {
            return Err(format!("{name:?} is the name of another certificate"));
        }
        let address = |text: &str| text.parse().map_err(|_| format!("{text:?} is no IP address"));
        let addresses = addresses.split(',').map(address).collect::<Result<_, String>>()?;
        Ok(Self { name: name.to_owned(), addresses })
    }
}

/// A name or an address to serve under.
pub(super) fn host(text: &str) -> Result<String, String> {
    if text.parse::<IpAddr>().is_ok() || is_subdomain(text) {
        return Ok(text.to_owned());
    }
    Err("neither an IP address nor a name of lower case letters, digits, - and .".to_owned())
}

/// Whether it is a DNS subdomain, which no path outside the folder is.
fn is_subdomain(name: &str) -> bool {
    let fits = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(fits)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= NAME_BYTES_MAX && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::{Node, host};

    #[test]
    fn nodes() {
        let node: Node = "wrk01.kube.com=10.240.0.21,fd00::21".parse().unwrap();
        assert_eq!(node.name, "wrk01.kube.com");
        assert_eq!(node.addresses.len(), 2);
        let wrong = [
            "wrk01",
            "=10.0.0.1",
            "../x=10.0.0.1",
            "A=10.0.0.1",
            "a=",
            "a=b",
            "admin=10.0.0.1",
            "ca=10.0.0.1",
        ];
        for text in wrong {
            assert!(text.parse::<Node>().is_err(), "{text}");
        }
    }

    #[test]
    fn hosts() {
        let rows = [
            ("10.0.0.1", true),
            ("::1", true),
            ("api.kube.com", true),
            ("https://api", false),
            ("api:6443", false),
            ("", false),
        ];
        for (text, expected) in rows {
            assert_eq!(host(text).is_ok(), expected, "{text}");
        }
    }
}
