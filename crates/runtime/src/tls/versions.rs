//! `--tls-min-version` and `--tls-cipher-suites`: Go's names to the library's suites.
//!
//! Mirrors `k8s.io/component-base/cli/flag/ciphersuites_flag.go`.

use rustls::crypto::aws_lc_rs::{ALL_CIPHER_SUITES, DEFAULT_CIPHER_SUITES};
use rustls::{CipherSuite, SupportedCipherSuite, SupportedProtocolVersion};

/// The oldest version spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MinVersion {
    /// 1.2 and 1.3.
    #[default]
    Tls12,
    /// 1.3 only.
    Tls13,
}

static BOTH: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];
static NEWER: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

impl MinVersion {
    pub(super) fn allowed(self) -> &'static [&'static SupportedProtocolVersion] {
        match self {
            Self::Tls12 => BOTH,
            Self::Tls13 => NEWER,
        }
    }
}

impl std::str::FromStr for MinVersion {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "" | "VersionTLS12" => Ok(Self::Tls12),
            "VersionTLS13" => Ok(Self::Tls13),
            "VersionTLS10" | "VersionTLS11" => Err(format!(
                "tls version {name:?} is not secure and not supported, use \"VersionTLS12\" or \
                 \"VersionTLS13\""
            )),
            _ => Err(format!("unknown tls version {name:?}")),
        }
    }
}

/// The suites spoken. As in Go, the list is about TLS 1.2; those of 1.3 are always there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CipherSuites {
    chosen: Option<Vec<CipherSuite>>,
    /// Names that are right but name suites which the library does not speak, being weak.
    pub left_out: Vec<String>,
}

/// Go's names of suites that upstream takes and we never speak: CBC, RC4, and RSA key exchange.
const WEAK: [&str; 16] = [
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_RSA_WITH_RC4_128_SHA",
];

impl CipherSuites {
    /// From the flag's names; none means the library's defaults.
    ///
    /// # Errors
    /// Upstream's sentence for a name that is no suite, or one saying that none is left.
    pub fn parse<S: AsRef<str>>(names: &[S]) -> Result<Self, String> {
        if names.is_empty() {
            return Ok(Self::default());
        }
        let (mut chosen, mut left_out) = (Vec::new(), Vec::new());
        for name in names.iter().map(AsRef::as_ref) {
            match find(name) {
                Some(suite) => chosen.push(suite),
                None if WEAK.contains(&name) => left_out.push(name.to_owned()),
                None => return Err(format!("Cipher suite {name} not supported or doesn't exist")),
            }
        }
        if chosen.is_empty() {
            return Err(format!("none of the cipher suites is secure: {}", left_out.join(",")));
        }
        Ok(Self { chosen: Some(chosen), left_out })
    }

    pub(super) fn chosen(&self) -> Vec<SupportedCipherSuite> {
        let Some(chosen) = &self.chosen else { return DEFAULT_CIPHER_SUITES.to_vec() };
        ALL_CIPHER_SUITES
            .iter()
            .filter(|suite| suite.tls13().is_some() || chosen.contains(&suite.suite()))
            .copied()
            .collect()
    }
}

fn find(name: &str) -> Option<CipherSuite> {
    let name = match name {
        // Go's names before the hash was part of them.
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305" => "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305" => "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        name => name,
    };
    let spoken = ALL_CIPHER_SUITES.iter().map(SupportedCipherSuite::suite);
    spoken.into_iter().find(|suite| {
        let known = suite.as_str().unwrap_or_default();
        known.strip_prefix("TLS13_").is_some_and(|rest| name.strip_prefix("TLS_") == Some(rest))
            || known == name
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_named_as_go_names_them() {
        assert_eq!("VersionTLS13".parse(), Ok(MinVersion::Tls13));
        assert_eq!("".parse(), Ok(MinVersion::Tls12));
        let unknown = "unknown tls version \"VersionTLS14\"".to_owned();
        assert_eq!("VersionTLS14".parse::<MinVersion>(), Err(unknown));
        assert!("VersionTLS10".parse::<MinVersion>().is_err());
    }

    #[test]
    fn suites_are_taken_left_out_or_refused() {
        let names = ["TLS_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"];
        let suites = CipherSuites::parse(&names).expect("both are spoken");
        assert_eq!(suites.chosen().len(), 4, "one of 1.2 and the three of 1.3");
        let mixed = ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", "TLS_RSA_WITH_AES_128_CBC_SHA"];
        let suites = CipherSuites::parse(&mixed).expect("one is spoken");
        assert_eq!(suites.left_out, ["TLS_RSA_WITH_AES_128_CBC_SHA"]);
        assert!(CipherSuites::parse(&["TLS_RSA_WITH_AES_128_CBC_SHA"]).is_err());
        let bad = "Cipher suite Bad not supported or doesn't exist".to_owned();
        assert_eq!(CipherSuites::parse(&["Bad"]), Err(bad));
    }
}
