//! Certificates of a CA of our own, and of others.

use super::*;
use crate::authentication::front_proxy::FrontProxy;
use http::HeaderMap;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, date_time_ymd,
};

struct Ca {
    params: CertificateParams,
    key: KeyPair,
}

impl Ca {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { params, key: KeyPair::generate().expect("a key") }
    }

    fn der(&self) -> CertificateDer<'static> {
        self.params.self_signed(&self.key).expect("signs").der().clone()
    }

    fn leaf(&self, change: impl FnOnce(&mut CertificateParams)) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "alice");
        params.distinguished_name.push(DnType::OrganizationName, "devs");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let issuer = Issuer::from_params(&self.params, &self.key);
        params.signed_by(&key, &issuer).expect("signs").der().clone()
    }

    fn cas(&self) -> ClientCas {
        ClientCas::new(&[self.der()]).expect("a CA")
    }
}

async fn ask(
    authenticator: &dyn Authenticator,
    certificates: &[CertificateDer<'static>],
    headers: &HeaderMap,
) -> Result<Option<UserInfo>, Rejected> {
    let evidence = Evidence { certificates, headers, path: "/" };
    let known = authenticator.authenticate(&evidence).await?;
    Ok(known.map(|known| known.user))
}

async fn who(ca: &Ca, leaf: CertificateDer<'static>) -> Result<Option<UserInfo>, Rejected> {
    ask(&ClientCertificates::new(ca.cas()), &[leaf], &HeaderMap::new()).await
}

#[tokio::test]
async fn a_certificate_of_our_ca_names_its_holder() {
    let ca = Ca::new();
    let leaf = ca.leaf(|_| {});
    let print: String =
        digest(&SHA256, &leaf).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let user = who(&ca, leaf).await.expect("good").expect("named");
    assert_eq!((user.name.as_str(), user.groups.join("+")), ("alice", "devs".to_owned()));
    assert_eq!(user.uid, "");
    assert_eq!(user.extra[CREDENTIAL_ID_KEY], [format!("X509SHA256={print}")]);

    let uid = DnType::CustomDnType(vec![1, 3, 6, 1, 4, 1, 57683, 2]);
    let leaf = ca.leaf(|params| params.distinguished_name.push(uid.clone(), "u-1"));
    assert_eq!(who(&ca, leaf).await.expect("good").expect("named").uid, "u-1");
    let leaf = ca.leaf(|params| params.distinguished_name.push(uid, ""));
    assert!(who(&ca, leaf).await.is_err());
    let leaf = ca.leaf(|params| params.distinguished_name = rcgen::DistinguishedName::new());
    assert_eq!(who(&ca, leaf).await, Ok(None), "no name is nobody, and no error");
    let leaf = ca.leaf(|params| params.extended_key_usages.clear());
    assert!(who(&ca, leaf).await.expect("good without usages").is_some());
}

#[tokio::test]
async fn anything_amiss_is_refused() {
    let ca = Ca::new();
    let why = who(&ca, Ca::new().leaf(|_| {})).await.expect_err("a stranger's");
    assert!(why.0.starts_with("verifying certificate SN="), "{why}");
    let late = ca.leaf(|params| params.not_after = date_time_ymd(2001, 1, 1));
    assert!(who(&ca, late).await.is_err());
    let early = ca.leaf(|params| params.not_before = date_time_ymd(4000, 1, 1));
    assert!(who(&ca, early).await.is_err());
    let server = ca.leaf(|params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    assert!(who(&ca, server).await.is_err());
    let strange = ca.leaf(|params| {
        let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
        extension.set_criticality(true);
        params.custom_extensions.push(extension);
    });
    assert!(who(&ca, strange).await.is_err(), "a critical extension that we don't know");
    assert!(who(&ca, CertificateDer::from(vec![1, 2, 3])).await.is_err());
}

#[tokio::test]
async fn the_cas_may_be_replaced() {
    let (old, new) = (Ca::new(), Ca::new());
    let cas = old.cas();
    let authenticator = ClientCertificates::new(cas.clone());
    cas.replace(&[new.der()]).expect("a CA");
    let none = HeaderMap::new();
    assert!(ask(&authenticator, &[new.leaf(|_| {})], &none).await.is_ok());
    assert!(ask(&authenticator, &[old.leaf(|_| {})], &none).await.is_err());
    assert!(cas.replace(&[]).is_err());
    assert!(ask(&authenticator, &[new.leaf(|_| {})], &none).await.is_ok());
}

#[tokio::test]
async fn a_front_proxy_speaks_for_others_with_its_own_certificate_only() {
    let ca = Ca::new();
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let mut proxy = FrontProxy {
        cas: ca.cas(),
        allowed_names: list(&["alice"]),
        name_headers: list(&["X-Remote-User", "X-User"]),
        uid_headers: list(&["X-Remote-Uid"]),
        group_headers: list(&["X-Remote-Group"]),
        extra_prefixes: list(&["X-Remote-Extra-"]),
    };
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-remote-user", "bob"),
        ("x-remote-uid", "7"),
        ("x-remote-group", "a"),
        ("x-remote-group", "b"),
        ("x-remote-extra-scopes%2fX", "s"),
        ("accept", "*/*"),
    ] {
        let name: http::HeaderName = name.parse().expect("a header");
        headers.append(name, value.parse().expect("a value"));
    }
    let leaf = ca.leaf(|_| {});
    let user = ask(&proxy, std::slice::from_ref(&leaf), &headers).await.expect("good");
    let extra = [("scopes/x".to_owned(), list(&["s"]))].into();
    let bob = UserInfo { name: "bob".into(), uid: "7".into(), groups: list(&["a", "b"]), extra };
    assert_eq!(user, Some(bob));

    assert_eq!(ask(&proxy, &[], &headers).await, Ok(None), "headers alone say nothing");
    assert!(ask(&proxy, &[Ca::new().leaf(|_| {})], &headers).await.is_err());
    assert_eq!(ask(&proxy, std::slice::from_ref(&leaf), &HeaderMap::new()).await, Ok(None));
    proxy.allowed_names = list(&["another"]);
    let why = ask(&proxy, &[leaf], &headers).await.expect_err("not allowed");
    assert_eq!(why.0, "x509: subject with cn=alice is not in the allowed list");

    proxy.strip(&mut headers);
    assert_eq!(headers.keys().map(http::HeaderName::as_str).collect::<Vec<_>>(), ["accept"]);
}

#[tokio::test]
async fn what_is_remembered_ends_with_the_certificate_and_with_the_ca() {
    let ca = Ca::new();
    let leaf = ca.leaf(|params| params.not_after = date_time_ymd(2090, 1, 1));
    let (_, parsed) = x509_parser::parse_x509_certificate(&leaf).expect("a certificate");
    let end = parsed.validity().not_after.timestamp();
    let remembered = Remembered::default();
    let chain = std::slice::from_ref(&leaf);
    let alice = UserInfo::new("alice", &["devs"]);
    assert_eq!(remembered.holder(chain, end), None);
    remembered.add(chain, Some(alice.clone()));
    assert_eq!(remembered.holder(chain, end), Some(Some(alice)));
    assert_eq!(remembered.holder(chain, end + 1), None);
    assert_eq!(remembered.holder(&[leaf.clone(), leaf.clone()], end), None);

    let cas = ca.cas();
    let certificates = ClientCertificates::new(cas.clone());
    for _ in 0..2 {
        let known = ask(&certificates, chain, &HeaderMap::new()).await.expect("good");
        assert!(known.is_some());
    }
    cas.replace(&[Ca::new().der()]).expect("a CA");
    assert!(ask(&certificates, chain, &HeaderMap::new()).await.is_err());
}
