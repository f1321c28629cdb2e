//! certificatesigningrequest-signing-controller: signs approved requests with the cluster's CA.
//!
//! Serves the signers `kubernetes.io/*` of upstream, each with its CA or all with one
//! (`--cluster-signing-*`). A subject that names an attribute twice is refused: the library can't
//! write it. Mirrors `k8s.io/kubernetes/pkg/controller/certificates/signer`.

use super::csr::{
    API_CLIENT, Asked, KUBELET_CLIENT, KUBELET_SERVING, LEGACY_UNKNOWN, check_api_client, has,
    is_issued, usages,
};
use crate::context::Context;
use crate::settings::{SigningPair, SigningPairs};
use control::{Action, Informer, Key, Outcome, Queue, SyncError, execute, run_workers};
use k8s_openapi::ByteString;
use k8s_openapi::api::certificates::v1::{
    CertificateSigningRequest, CertificateSigningRequestCondition,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use rcgen::{
    CertificateSigningRequestParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _,
};
use runtime::clock;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;

/// Its name in `--controllers`.
pub(crate) const NAME: &str = "certificatesigningrequest-signing-controller";

const WORKERS: usize = 5;

/// A certificate begins this long before it is signed, for clocks that are late.
const BACKDATE: Duration = Duration::from_secs(5 * 60);
/// What is shorter than this is not shortened by the backdating.
const SHORT: Duration = Duration::from_secs(8 * 3600);
/// The least life that is signed for.
const LIFE_MIN: Duration = Duration::from_secs(10 * 60);

/// Starts it, where there is a CA to sign with.
pub(crate) fn start(context: &Context) {
    let pairs = context.options.signing.clone();
    if pairs.is_empty() {
        tracing::info!("no --cluster-signing-cert-file: certificate requests are not signed");
        return;
    }
    let requests = context.informers.of::<CertificateSigningRequest>();
    let queue = Queue::named("certificate");
    let add = queue.clone();
    requests.on_change(move |change| add.add(Key::of(&**change.object())));
    let (client, pairs) = (context.client(), Arc::new(pairs));
    let longest = context.options.signing_duration;
    run_workers(NAME, WORKERS, queue, &context.shutdown, move |key: Key| {
        let (client, requests, pairs) = (client.clone(), requests.clone(), pairs.clone());
        async move { sync(&client, &requests, &pairs, longest, &key).await }
    });
}

/// Reads what is read again for each signature, since it may change, to tell of mistakes at once.
///
/// # Errors
/// One line that names the signer and the file.
pub(crate) fn check_pairs(pairs: &SigningPairs) -> Result<(), String> {
    pairs.iter().try_for_each(|(signer, pair)| match read_ca(pair) {
        Ok(_) => Ok(()),
        Err(why) => Err(format!("--cluster-signing-cert-file, for {signer}: {why}")),
    })
}

async fn sync(
    client: &Client,
    requests: &Informer<CertificateSigningRequest>,
    pairs: &SigningPairs,
    longest: Duration,
    key: &Key,
) -> Result<Outcome, SyncError> {
    let Some(request) = requests.get(key) else { return Ok(Outcome::Done) };
    if is_issued(&request)
        || !has(&request, "Approved")
        || has(&request, "Denied")
        || has(&request, "Failed")
    {
        return Ok(Outcome::Done);
    }
    let Some(pair) = pairs.get(request.spec.signer_name.as_str()) else {
        return Ok(Outcome::Done);
    };
    let Some(checked) = check(&request) else { return Ok(Outcome::Done) };
    let mut answered = (*request).clone();
    match checked {
        Ok(()) => {
            let life = life(request.spec.expiration_seconds, longest);
            let signed = sign(pair, &request, life, clock::now()).map_err(SyncError::Other)?;
            let status = answered.status.get_or_insert_default();
            status.certificate = Some(ByteString(signed.into_bytes()));
        }
        Err(why) => {
            answered.status.get_or_insert_default().conditions.get_or_insert_default().push(
                CertificateSigningRequestCondition {
                    type_: "Failed".into(),
                    status: "True".into(),
                    reason: Some("SignerValidationFailure".into()),
                    message: Some(why),
                    last_update_time: Some(Time(clock::now())),
                    last_transition_time: None,
                },
            )
        }
    }
    execute(client, &Action::update_status(&answered)).await?;
    Ok(Outcome::Done)
}

/// Whether the request is one that its signer signs; `None` when the signer is not ours.
fn check(request: &CertificateSigningRequest) -> Option<Result<(), String>> {
    let signer = request.spec.signer_name.as_str();
    if ![API_CLIENT, KUBELET_CLIENT, KUBELET_SERVING, LEGACY_UNKNOWN].contains(&signer) {
        return None;
    }
    let asked = match Asked::read(&request.spec.request.0) {
        Ok(asked) => asked,
        Err(error) => return Some(Err(error)),
    };
    if asked.repeats {
        let why = "the subject names an attribute more than once, which this signer can't write";
        return Some(Err(why.into()));
    }
    let usages = usages(request);
    Some(match signer {
        KUBELET_CLIENT => asked.check_kubelet_client(&usages),
        KUBELET_SERVING => asked.check_kubelet_serving(&usages),
        API_CLIENT => check_api_client(&usages),
        _ => Ok(()),
    })
}

fn life(asked_seconds: Option<i32>, longest: Duration) -> Duration {
    match asked_seconds {
        None => longest,
        Some(seconds) => {
            let asked = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
            asked.clamp(LIFE_MIN.min(longest), longest)
        }
    }
}

fn read_ca(pair: &SigningPair) -> Result<(Issuer<'static, KeyPair>, i64), String> {
    let pem = std::fs::read_to_string(&pair.certificate)
        .map_err(|error| format!("{}: {error}", pair.certificate.display()))?;
    let der = runtime::tls::private_key("--cluster-signing-key-file", &pair.key)
        .map_err(|error| error.to_string())?;
    let algorithms = [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ED25519,
        &rcgen::PKCS_RSA_SHA256,
    ];
    let key = algorithms
        .iter()
        .find_map(|algorithm| KeyPair::from_der_and_sign_algo(&der, algorithm).ok())
        .ok_or_else(|| format!("{}: no kind of key that can sign", pair.key.display()))?;
    let (_, block) =
        x509_parser::pem::parse_x509_pem(pem.as_bytes()).map_err(|error| error.to_string())?;
    let certificate = block.parse_x509().map_err(|error| error.to_string())?;
    if certificate.public_key().raw != key.subject_public_key_info() {
        let (key, certificate) = (pair.key.display(), pair.certificate.display());
        return Err(format!(
            "{key}: the private key does not match the certificate in {certificate}"
        ));
    }
    let ends = certificate.validity().not_after;
    let issuer = Issuer::from_ca_cert_pem(&pem, key).map_err(|error| error.to_string())?;
    Ok((issuer, ends.timestamp()))
}

fn sign(
    pair: &SigningPair,
    request: &CertificateSigningRequest,
    life: Duration,
    now: Timestamp,
) -> Result<String, String> {
    let (issuer, ca_ends) = read_ca(pair)?;
    let pem = String::from_utf8(request.spec.request.0.clone()).map_err(|e| e.to_string())?;
    let mut asked =
        CertificateSigningRequestParams::from_pem(&pem).map_err(|error| error.to_string())?;
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    let begins = now.as_second() - seconds(BACKDATE);
    let shortened = if life < SHORT { life } else { life.saturating_sub(BACKDATE) };
    let ends = now.as_second().saturating_add(seconds(shortened)).min(ca_ends);
    if now.as_second() >= ca_ends {
        return Err("the signer has expired".into());
    }
    let time = |at: i64| OffsetDateTime::from_unix_timestamp(at).map_err(|error| error.to_string());
    let params = &mut asked.params;
    params.distinguished_name = in_order(&params.distinguished_name);
    params.not_before = time(begins)?;
    params.not_after = time(ends)?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.serial_number = Some(runtime::entropy::bytes::<16>().to_vec().into());
    (params.key_usages, params.extended_key_usages) = purposes(request)?;
    params.use_authority_key_identifier_extension = true;
    Ok(asked.signed_by(&issuer).map_err(|error| error.to_string())?.pem())
}

/// A subject with its parts in the order in which `crypto/x509/pkix` writes them.
fn in_order(subject: &DistinguishedName) -> DistinguishedName {
    const ORDER: [DnType; 6] = [
        DnType::CountryName,
        DnType::OrganizationName,
        DnType::OrganizationalUnitName,
        DnType::LocalityName,
        DnType::StateOrProvinceName,
        DnType::CommonName,
    ];
    let mut parts: Vec<_> = subject.iter().collect();
    parts.sort_by_key(|(kind, _)| ORDER.iter().position(|one| one == *kind).unwrap_or(ORDER.len()));
    let mut ordered = DistinguishedName::new();
    for (kind, value) in parts {
        ordered.push(kind.clone(), value.clone());
    }
    ordered
}

fn purposes(
    request: &CertificateSigningRequest,
) -> Result<(Vec<KeyUsagePurpose>, Vec<ExtendedKeyUsagePurpose>), String> {
    let (mut plain, mut extended) = (Vec::new(), Vec::new());
    for usage in usages(request) {
        match usage {
            "signing" | "digital signature" => plain.push(KeyUsagePurpose::DigitalSignature),
            "content commitment" => plain.push(KeyUsagePurpose::ContentCommitment),
            "key encipherment" => plain.push(KeyUsagePurpose::KeyEncipherment),
            "key agreement" => plain.push(KeyUsagePurpose::KeyAgreement),
            "data encipherment" => plain.push(KeyUsagePurpose::DataEncipherment),
            "cert sign" => plain.push(KeyUsagePurpose::KeyCertSign),
            "crl sign" => plain.push(KeyUsagePurpose::CrlSign),
            "encipher only" => plain.push(KeyUsagePurpose::EncipherOnly),
            "decipher only" => plain.push(KeyUsagePurpose::DecipherOnly),
            "any" => extended.push(ExtendedKeyUsagePurpose::Any),
            "server auth" => extended.push(ExtendedKeyUsagePurpose::ServerAuth),
            "client auth" => extended.push(ExtendedKeyUsagePurpose::ClientAuth),
            "code signing" => extended.push(ExtendedKeyUsagePurpose::CodeSigning),
            "email protection" | "s/mime" => {
                extended.push(ExtendedKeyUsagePurpose::EmailProtection)
            }
            "timestamping" => extended.push(ExtendedKeyUsagePurpose::TimeStamping),
            "ocsp signing" => extended.push(ExtendedKeyUsagePurpose::OcspSigning),
            other => return Err(format!("unrecognized usage values: {other:?}")),
        }
    }
    plain.dedup();
    Ok((plain, extended))
}

#[cfg(test)]
mod tests {
    use super::super::csr::tests::request as pem_request;
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams};
    use serde_json::json;

    fn request(pem: String, signer: &str, usages: &[&str]) -> CertificateSigningRequest {
        let mut request: CertificateSigningRequest = serde_json::from_value(json!({
            "metadata": {"name": "r"},
            "spec": {"request": "", "signerName": signer, "usages": usages},
        }))
        .expect("a request");
        request.spec.request = ByteString(pem.into_bytes());
        request
    }

    #[test]
    fn what_is_signed_is_what_was_asked_for_and_no_more() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = KeyPair::generate().expect("a key");
        let mut ca = CertificateParams::new(Vec::new()).expect("a CA");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pair = SigningPair {
            certificate: folder.path().join("ca.pem"),
            key: folder.path().join("ca-key.pem"),
        };
        std::fs::write(&pair.certificate, ca.self_signed(&key).expect("signed").pem()).expect("ok");
        std::fs::write(&pair.key, key.serialize_pem()).expect("written");
        let asked = request(
            pem_request("system:node:n1", "system:nodes", &[]),
            KUBELET_CLIENT,
            &["digital signature", "client auth"],
        );
        assert_eq!(check(&asked), Some(Ok(())));
        let now = Timestamp::from_second(1_800_000_000).expect("valid");
        let pem = sign(&pair, &asked, Duration::from_secs(86_400), now).expect("signed");
        let (_, block) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).expect("PEM");
        let certificate = block.parse_x509().expect("a certificate");
        assert_eq!(certificate.validity().not_before.timestamp(), 1_799_999_700);
        assert_eq!(certificate.validity().not_after.timestamp(), 1_800_086_100);
        assert_eq!(certificate.subject().to_string(), "O=system:nodes, CN=system:node:n1");
        assert!(!certificate.is_ca());
        let usage = certificate.extended_key_usage().expect("sound").expect("there").value;
        assert!(usage.client_auth && !usage.server_auth);
    }

    #[test]
    fn each_signer_has_its_rules() {
        let user = || pem_request("jane", "dev", &[]);
        let table = [
            (API_CLIENT, vec!["client auth"], Some(true)),
            (API_CLIENT, vec!["server auth"], Some(false)),
            (KUBELET_CLIENT, vec!["client auth", "digital signature"], Some(false)),
            (LEGACY_UNKNOWN, vec!["server auth"], Some(true)),
            ("example.com/own", vec!["client auth"], None),
        ];
        for (signer, usages, expected) in table {
            let checked = check(&request(user(), signer, &usages));
            assert_eq!(checked.map(|checked| checked.is_ok()), expected, "{signer} {usages:?}");
        }
    }

    #[test]
    fn a_life_has_bounds() {
        let day = Duration::from_secs(86_400);
        assert_eq!(life(None, day), day);
        assert_eq!(life(Some(60), day), LIFE_MIN);
        assert_eq!(life(Some(3600), day), Duration::from_secs(3600));
        assert_eq!(life(Some(i32::MAX), day), day);
    }
}
