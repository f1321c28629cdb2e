//! certificatesigningrequest-cleaner-controller: requests that are over, or were never answered.
//!
//! Mirrors `k8s.io/kubernetes/pkg/controller/certificates/cleaner`.

use super::csr::{conditions, has, is_issued};
use crate::context::Context;
use control::{Action, execute};
use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use runtime::clock;
use std::time::Duration;
use x509_parser::pem::parse_x509_pem;

/// Between two rounds.
const PERIOD: Duration = Duration::from_secs(10 * 60);

/// How long an answered request is kept.
const ANSWERED: SignedDuration = SignedDuration::from_hours(1);
/// How long a request without an answer is kept.
const PENDING: SignedDuration = SignedDuration::from_hours(24);

/// Starts it.
pub(crate) fn start(context: &Context) {
    let requests = context.informers.of::<CertificateSigningRequest>();
    let client = context.client();
    context.shutdown.spawn_until_begun("csr-cleaner", async move {
        requests.synced().await;
        loop {
            for request in requests.list() {
                if is_over(&request, clock::now())
                    && let Err(error) = execute(&client, &Action::delete(&*request)).await
                {
                    tracing::warn!(%error, "a certificate request was not deleted");
                }
            }
            clock::sleep(PERIOD).await;
        }
    });
}

fn is_over(request: &CertificateSigningRequest, now: Timestamp) -> bool {
    let is_older = |time: Option<Timestamp>, than: SignedDuration| {
        time.is_some_and(|time| now.duration_since(time) > than)
    };
    let created = request.metadata.creation_timestamp.as_ref().map(|time| time.0);
    let answered = ["Approved", "Denied", "Failed"].iter().any(|kind| has(request, kind));
    if !answered {
        return is_older(created, PENDING);
    }
    if has(request, "Approved") && has_expired(request, now) {
        return true;
    }
    let is_final = is_issued(request) || has(request, "Denied") || has(request, "Failed");
    let latest = conditions(request).filter_map(|one| one.last_update_time.as_ref()).map(|t| t.0);
    is_older(latest.max().or(created), if is_final { ANSWERED } else { PENDING })
}

/// Whether its certificate is of no more use.
fn has_expired(request: &CertificateSigningRequest, now: Timestamp) -> bool {
    let pem = request.status.as_ref().and_then(|status| status.certificate.as_ref());
    let Some(Ok((_, block))) = pem.map(|pem| parse_x509_pem(&pem.0)) else { return false };
    let certificate = block.parse_x509();
    certificate.is_ok_and(|parsed| parsed.validity().not_after.timestamp() < now.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn age_and_answer_decide() {
        let request = |status: Value| -> CertificateSigningRequest {
            serde_json::from_value(json!({
                "metadata": {"name": "r", "creationTimestamp": "2026-01-01T00:00:00Z"},
                "spec": {"request": "", "signerName": "s"}, "status": status,
            }))
            .expect("a request")
        };
        let condition = |kind: &str| {
            json!({"conditions": [{"type": kind, "status": "True",
                                   "lastUpdateTime": "2026-01-01T00:00:00Z"}]})
        };
        let mut issued = condition("Approved");
        issued["certificate"] = json!("aGk=");
        let at = |hours: i64| {
            "2026-01-01T00:01:00Z".parse::<Timestamp>().expect("a time")
                + SignedDuration::from_hours(hours)
        };
        let table = [
            (json!({}), 2, false),
            (json!({}), 24, true),
            (issued, 2, true),
            (condition("Approved"), 2, false),
            (condition("Denied"), 0, false),
            (condition("Denied"), 1, true),
        ];
        for (status, hours, expected) in table {
            assert_eq!(is_over(&request(status.clone()), at(hours)), expected, "{status} {hours}");
        }
    }

    #[test]
    fn a_certificate_that_has_ended_takes_its_request_along() {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::new(Vec::new()).expect("names");
        params.not_after = time::OffsetDateTime::from_unix_timestamp(1000).expect("a time");
        let pem = params.self_signed(&key).expect("signed").pem();
        let mut request: CertificateSigningRequest = serde_json::from_value(json!({
            "metadata": {"name": "r"}, "spec": {"request": "", "signerName": "s"},
            "status": {"conditions": [{"type": "Approved", "status": "True",
                "lastUpdateTime": "1970-01-01T00:10:00Z"}]},
        }))
        .expect("a request");
        request.status.as_mut().expect("a status").certificate =
            Some(k8s_openapi::ByteString(pem.into_bytes()));
        let at = |second| Timestamp::from_second(second).expect("valid");
        assert!(!is_over(&request, at(999)) && is_over(&request, at(1001)));
    }
}
