//! What our tokens say. Fields stand in the order in which upstream writes them: sorted.

use super::LEGACY_ISSUER;
use crate::names;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

/// The claims of RFC 7519 that we look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Public {
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) audiences: Vec<String>,
    pub(super) expiry: Option<i64>,
    pub(super) not_before: Option<i64>,
    pub(super) issued_at: Option<i64>,
    pub(super) id: String,
}

/// An object that a token is bound to, or a service account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reference {
    /// Its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its UID.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
}

/// The claims of a bound token. Times are whole seconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BoundClaims {
    /// For whom the token is.
    #[serde(rename = "aud", skip_serializing_if = "Vec::is_empty")]
    audiences: Vec<String>,
    #[serde(rename = "exp")]
    expiry: i64,
    #[serde(rename = "iat")]
    issued_at: i64,
    #[serde(rename = "iss")]
    issuer: String,
    #[serde(rename = "jti", skip_serializing_if = "String::is_empty")]
    id: String,
    /// What makes it a token of Kubernetes.
    #[serde(rename = "kubernetes.io")]
    pub kubernetes: Bound,
    #[serde(rename = "nbf")]
    not_before: i64,
    #[serde(rename = "sub")]
    subject: String,
    #[serde(skip)]
    pub(super) public: Public,
}

/// The claim `kubernetes.io`: whose the token is, and with what it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bound {
    /// The service account's namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The node; of a token that is bound to a pod, the pod's node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<Reference>,
    /// The pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<Reference>,
    /// The secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<Reference>,
    /// The service account.
    #[serde(rename = "serviceaccount")]
    pub service_account: Reference,
    /// From when on its use is to be warned of, in seconds since 1970.
    #[serde(rename = "warnafter", skip_serializing_if = "Option::is_none")]
    pub warn_after: Option<i64>,
}

impl BoundClaims {
    /// Of a token for this account, from now on for this many seconds.
    pub fn new(
        issuer: &str,
        audiences: Vec<String>,
        kubernetes: Bound,
        now: Timestamp,
        lifetime_seconds: i64,
    ) -> Self {
        let seconds = now.as_second();
        let subject = subject(&kubernetes.namespace, &kubernetes.service_account.name);
        Self {
            audiences,
            expiry: seconds + lifetime_seconds,
            issued_at: seconds,
            issuer: issuer.to_owned(),
            id: runtime::entropy::uuid_v4(),
            kubernetes,
            not_before: seconds,
            subject,
            public: Public::default(),
        }
    }

    /// When the token ends, in seconds since 1970.
    pub fn expires_at_seconds(&self) -> i64 {
        self.expiry
    }

    /// The token's own id, for the audit log.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// The claims of a token that lies in a Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LegacyClaims {
    #[serde(rename = "iss")]
    issuer: String,
    /// The account's namespace, and the Secret's.
    #[serde(rename = "kubernetes.io/serviceaccount/namespace")]
    pub namespace: String,
    /// The Secret.
    #[serde(rename = "kubernetes.io/serviceaccount/secret.name")]
    pub secret: String,
    /// The account.
    #[serde(rename = "kubernetes.io/serviceaccount/service-account.name")]
    pub account: String,
    /// The account's UID.
    #[serde(rename = "kubernetes.io/serviceaccount/service-account.uid")]
    pub account_uid: String,
    #[serde(rename = "sub")]
    subject: String,
    #[serde(skip)]
    pub(super) public: Public,
}

impl LegacyClaims {
    /// Of the token that lies in this Secret for this account.
    pub fn new(namespace: &str, secret: &str, account: &str, account_uid: &str) -> Self {
        Self {
            issuer: LEGACY_ISSUER.to_owned(),
            namespace: namespace.to_owned(),
            secret: secret.to_owned(),
            account: account.to_owned(),
            account_uid: account_uid.to_owned(),
            subject: subject(namespace, account),
            public: Public::default(),
        }
    }
}

pub(super) fn subject(namespace: &str, account: &str) -> String {
    format!("{}{namespace}:{account}", names::SERVICE_ACCOUNT_PREFIX)
}

/// All that is read from a token, whichever sort it is.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Read {
    #[serde(rename = "aud", deserialize_with = "one_or_many")]
    audiences: Vec<String>,
    #[serde(rename = "exp", deserialize_with = "seconds")]
    expiry: Option<i64>,
    #[serde(rename = "iat", deserialize_with = "seconds")]
    issued_at: Option<i64>,
    #[serde(rename = "iss")]
    issuer: String,
    #[serde(rename = "jti")]
    id: String,
    #[serde(rename = "nbf", deserialize_with = "seconds")]
    not_before: Option<i64>,
    #[serde(rename = "sub")]
    subject: String,
    #[serde(rename = "kubernetes.io")]
    kubernetes: Bound,
    #[serde(rename = "kubernetes.io/serviceaccount/namespace")]
    namespace: String,
    #[serde(rename = "kubernetes.io/serviceaccount/secret.name")]
    secret: String,
    #[serde(rename = "kubernetes.io/serviceaccount/service-account.name")]
    account: String,
    #[serde(rename = "kubernetes.io/serviceaccount/service-account.uid")]
    account_uid: String,
}

impl Read {
    fn public(&self) -> Public {
        Public {
            issuer: self.issuer.clone(),
            subject: self.subject.clone(),
            audiences: self.audiences.clone(),
            expiry: self.expiry,
            not_before: self.not_before,
            issued_at: self.issued_at,
            id: self.id.clone(),
        }
    }
}

impl<'de> Deserialize<'de> for BoundClaims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Read::deserialize(deserializer)?;
        let public = read.public();
        Ok(Self {
            audiences: read.audiences,
            expiry: read.expiry.unwrap_or_default(),
            issued_at: read.issued_at.unwrap_or_default(),
            issuer: read.issuer,
            id: read.id,
            kubernetes: read.kubernetes,
            not_before: read.not_before.unwrap_or_default(),
            subject: read.subject,
            public,
        })
    }
}

impl<'de> Deserialize<'de> for LegacyClaims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Read::deserialize(deserializer)?;
        let public = read.public();
        Ok(Self {
            issuer: read.issuer,
            namespace: read.namespace,
            secret: read.secret,
            account: read.account,
            account_uid: read.account_uid,
            subject: read.subject,
            public,
        })
    }
}

impl AsRef<Public> for BoundClaims {
    fn as_ref(&self) -> &Public {
        &self.public
    }
}

impl AsRef<Public> for LegacyClaims {
    fn as_ref(&self) -> &Public {
        &self.public
    }
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Option::deserialize(deserializer)? {
        None => Vec::new(),
        Some(OneOrMany::One(one)) => vec![one],
        Some(OneOrMany::Many(many)) => many,
    })
}

/// A time in seconds, which may have a fraction.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let number: Option<serde_json::Number> = Option::deserialize(deserializer)?;
    Ok(number.and_then(|number| number.as_i64().or_else(|| number.as_f64().map(|f| f as i64))))
}
