//! Real handshakes over memory: who is let in, and what a changed file changes.

use super::*;
use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use tempfile::TempDir;
use tokio_rustls::{TlsAcceptor, TlsConnector};

struct Ca {
    params: CertificateParams,
    key: KeyPair,
}

impl Ca {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Self { params, key: KeyPair::generate().expect("a key") }
    }

    fn certificate(&self) -> rcgen::Certificate {
        self.params.self_signed(&self.key).expect("a CA")
    }

    fn leaf(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let leaf = params.signed_by(&key, &Issuer::from_params(&self.params, &self.key));
        (leaf.expect("a leaf"), key)
    }

    fn pair(&self, folder: &Path, name: &str) -> Pair {
        let (leaf, key) = self.leaf(name);
        let file = |end: &str| folder.join(format!("{}.{end}", name.replace('*', "any")));
        std::fs::write(file("crt"), leaf.pem()).expect("writes");
        std::fs::write(file("key"), key.serialize_pem()).expect("writes");
        let flag = "--tls-cert-file";
        Pair { flag, certificate: file("crt"), key: file("key"), names: Vec::new() }
    }
}

fn options(default: Pair, by_name: Vec<Pair>) -> Options {
    let (min_version, suites) = Default::default();
    Options { default, by_name, client_cas: Vec::new(), min_version, suites }
}

/// What each end sees of the other: the server's leaf, the client's leaf.
async fn handshake(
    tls: &ServerTls,
    trusted: &Ca,
    name: &str,
    shown: Option<(rcgen::Certificate, KeyPair)>,
) -> (CertificateDer<'static>, Option<CertificateDer<'static>>) {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.certificate().der().clone()).expect("a root");
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots);
    let config = match shown {
        None => builder.with_no_client_auth(),
        Some((leaf, key)) => {
            let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
            builder.with_client_auth_cert(vec![leaf.der().clone()], key).expect("a pair")
        }
    };
    let (near, far) = tokio::io::duplex(1 << 16);
    let connector = TlsConnector::from(Arc::new(config));
    let acceptor = TlsAcceptor::from(tls.config());
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let (client, server) = tokio::join!(connector.connect(name, near), acceptor.accept(far));
    let (client, server) = (client.expect("connects"), server.expect("accepts"));
    let seen = client.get_ref().1.peer_certificates().expect("a server has one")[0].clone();
    let shown = server.get_ref().1.peer_certificates().map(|chain| chain[0].clone());
    (seen.into_owned(), shown.map(CertificateDer::into_owned))
}

#[tokio::test]
async fn a_strangers_certificate_passes_the_handshake_and_is_handed_on() {
    let folder = TempDir::new().expect("a folder");
    let (ours, strangers) = (Ca::new(), Ca::new());
    let ca_file = folder.path().join("ca.crt");
    std::fs::write(&ca_file, ours.certificate().pem()).expect("writes");
    let mut options = options(ours.pair(folder.path(), "api.test"), Vec::new());
    options.client_cas = vec![("--client-ca-file", ca_file)];
    let tls = ServerTls::load(options).expect("loads");

    assert_eq!(handshake(&tls, &ours, "api.test", None).await.1, None);
    let leaf = strangers.leaf("mallory");
    let der = leaf.0.der().clone();
    assert_eq!(handshake(&tls, &ours, "api.test", Some(leaf)).await.1, Some(der));
}

#[tokio::test]
async fn the_name_asked_for_chooses_the_certificate() {
    let folder = TempDir::new().expect("a folder");
    let ca = Ca::new();
    let default = ca.pair(folder.path(), "api.test");
    let wild = ca.pair(folder.path(), "*.nodes.test");
    let file = |pair: &Pair| certificates("f", &pair.certificate).expect("reads")[0].clone();
    let (first, second) = (file(&default), file(&wild));
    let tls = ServerTls::load(options(default, vec![wild])).expect("loads");
    assert_eq!(handshake(&tls, &ca, "api.test", None).await.0, first);
    assert_eq!(handshake(&tls, &ca, "a.nodes.test", None).await.0, second);
}

#[tokio::test]
async fn a_reload_serves_new_files_and_keeps_the_old_ones_when_they_are_bad() {
    let folder = TempDir::new().expect("a folder");
    let ca = Ca::new();
    let pair = ca.pair(folder.path(), "api.test");
    let tls = ServerTls::load(options(pair.clone(), Vec::new())).expect("loads");
    let before = handshake(&tls, &ca, "api.test", None).await.0;
    ca.pair(folder.path(), "api.test");
    tls.reload().expect("the new pair fits");
    let after = handshake(&tls, &ca, "api.test", None).await.0;
    assert_ne!(before, after);

    std::fs::write(&pair.key, "nonsense").expect("writes");
    let file = pair.key.display();
    let message = format!("--tls-cert-file: {file}: data does not contain a private key");
    assert_eq!(tls.reload().expect_err("no key").to_string(), message);
    std::fs::write(&pair.key, KeyPair::generate().expect("a key").serialize_pem()).expect("writes");
    assert!(tls.reload().is_err(), "a key of another certificate is refused");
    assert_eq!(handshake(&tls, &ca, "api.test", None).await.0, after);
}

#[test]
fn a_missing_file_is_named_with_its_flag() {
    let error = certificates("--client-ca-file", Path::new("/no/such")).expect_err("missing");
    assert!(error.to_string().starts_with("--client-ca-file: open /no/such: "), "{error}");
}

#[tokio::test]
async fn a_server_without_files_makes_its_own_once() {
    let folder = TempDir::new().expect("a folder");
    let names = ["api.test".to_owned(), "10.0.0.1".to_owned()];
    let pair = self_signed(folder.path(), "apiserver", &names).expect("made");
    let first = std::fs::read(&pair.key).expect("reads");
    let chain = certificates("--cert-dir", &pair.certificate).expect("reads");
    let ca = chain[1].clone();
    let tls = ServerTls::load(options(pair.clone(), Vec::new())).expect("loads");

    let trusts = [Trust::Cas(vec![ca]), Trust::Anyone];
    for trust in trusts {
        let config = client_config(trust, None, &["h2"]).expect("a client");
        assert_eq!(connects(&tls, config, "api.test").await, Ok(Some(b"h2".to_vec())));
    }
    let stranger = Trust::Cas(vec![Ca::new().certificate().der().clone()]);
    let config = client_config(stranger, None, &[]).expect("a client");
    assert!(connects(&tls, config, "api.test").await.is_err());

    self_signed(folder.path(), "apiserver", &names).expect("there");
    assert_eq!(std::fs::read(&pair.key).expect("reads"), first);
    std::fs::remove_file(&pair.certificate).expect("removes");
    let error = self_signed(folder.path(), "apiserver", &names).expect_err("half a pair");
    assert!(error.to_string().ends_with("apiserver.crt: the certificate is missing"), "{error}");
}

/// The protocol that both ends agree on.
async fn connects(
    tls: &ServerTls,
    config: ClientConfig,
    name: &str,
) -> Result<Option<Vec<u8>>, String> {
    let (near, far) = tokio::io::duplex(1 << 16);
    let connector = TlsConnector::from(Arc::new(config));
    let acceptor = TlsAcceptor::from(tls.config());
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let (client, _) = tokio::join!(connector.connect(name, near), acceptor.accept(far));
    let client = client.map_err(|error| error.to_string())?;
    Ok(client.get_ref().1.alpn_protocol().map(<[u8]>::to_vec))
}
