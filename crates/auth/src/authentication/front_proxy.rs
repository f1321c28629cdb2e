//! A proxy in front of us that says who asks, in headers, and shows its own certificate for it.
//!
//! Mirrors `k8s.io/apiserver/pkg/authentication/request/headerrequest`, which also the aggregated
//! API servers use towards us.

use super::x509::{ClientCas, common_name};
use super::{Authenticated, Authenticator, Evidence, Rejected};
use crate::UserInfo;
use async_trait::async_trait;
use http::HeaderMap;
use http::header::HeaderName;
use std::collections::BTreeMap;

/// The `--requestheader-*` flags. Headers are compared without regard to case.
#[derive(Clone, Debug)]
pub struct FrontProxy {
    /// `--requestheader-client-ca-file`
    pub cas: ClientCas,
    /// `--requestheader-allowed-names`: common names of the proxy's certificate; empty allows all
    /// that the CA signed.
    pub allowed_names: Vec<String>,
    /// `--requestheader-username-headers`: the first that is set counts.
    pub name_headers: Vec<String>,
    /// `--requestheader-uid-headers`
    pub uid_headers: Vec<String>,
    /// `--requestheader-group-headers`: all that are set count.
    pub group_headers: Vec<String>,
    /// `--requestheader-extra-headers-prefix`
    pub extra_prefixes: Vec<String>,
}

impl FrontProxy {
    /// Removes the headers that it reads, so that nothing behind us takes them for true.
    pub fn strip(&self, headers: &mut HeaderMap) {
        for name in self.name_headers.iter().chain(&self.uid_headers).chain(&self.group_headers) {
            headers.remove(name.to_ascii_lowercase());
        }
        let prefixed: Vec<HeaderName> =
            headers.keys().filter(|name| self.extra_key(name).is_some()).cloned().collect();
        for name in prefixed {
            headers.remove(name);
        }
    }

    fn extra_key<'h>(&self, header: &'h HeaderName) -> Option<&'h str> {
        self.extra_prefixes
            .iter()
            .find_map(|prefix| header.as_str().strip_prefix(prefix.to_ascii_lowercase().as_str()))
    }

    fn user(&self, headers: &HeaderMap) -> Option<UserInfo> {
        let first = |names: &[String]| {
            let mut values = names.iter().filter_map(|name| values(headers, name).next());
            values.find(|value| !value.is_empty()).unwrap_or_default()
        };
        let name = first(&self.name_headers);
        if name.is_empty() {
            return None;
        }
        let groups = self.group_headers.iter().flat_map(|name| values(headers, name));
        let mut extra = BTreeMap::<String, Vec<String>>::new();
        for prefix in &self.extra_prefixes {
            let prefix = prefix.to_ascii_lowercase();
            for (header, value) in headers {
                if let Some(key) = header.as_str().strip_prefix(&prefix) {
                    let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                    extra.entry(unescaped(key)).or_default().push(value);
                }
            }
        }
        Some(UserInfo {
            name,
            uid: first(&self.uid_headers),
            groups: groups.filter(|group| !group.is_empty()).collect(),
            extra,
        })
    }
}

#[async_trait]
impl Authenticator for FrontProxy {
    async fn authenticate(
        &self,
        evidence: &Evidence<'_>,
    ) -> Result<Option<Authenticated>, Rejected> {
        if evidence.certificates.is_empty() {
            return Ok(None);
        }
        let name = common_name(&self.cas.verified(evidence.certificates)?);
        if !self.allowed_names.is_empty() && !self.allowed_names.contains(&name) {
            return Err(Rejected(format!(
                "x509: subject with cn={name} is not in the allowed list"
            )));
        }
        Ok(self.user(evidence.headers).map(Authenticated::new))
    }
}

fn values<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = String> + use<'h> {
    headers
        .get_all(name.to_ascii_lowercase())
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// A key with its `%xx` read; as it is where they can't be.
fn unescaped(key: &str) -> String {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.map(|digits| u8::from_str_radix(digits, 16)) {
            Some(Ok(byte)) => bytes.push(byte),
            _ => return key.to_owned(),
        }
        rest = &after[2..];
    }
    String::from_utf8(bytes).unwrap_or_else(|_| key.to_owned())
}
