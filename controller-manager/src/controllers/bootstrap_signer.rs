//! bootstrap-signer-controller: signs the ConfigMap `cluster-info` with each bootstrap token. Off
//! by default.
//!
//! Who knows a token can tell by the signature that the cluster's address and CA in the ConfigMap
//! are right. Mirrors `k8s.io/kubernetes/pkg/controller/bootstrap/bootstrapsigner.go` and
//! `k8s.io/cluster-bootstrap/token/jws`.

use super::bootstrap_tokens::{self, for_signing};
use crate::context::Context;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use client::{is_conflict, is_not_found};
use control::{Action, Change, Key, Outcome, Queue, execute, run_workers};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::jiff::Timestamp;
use runtime::clock;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

const NAMESPACE: &str = "kube-public";
const NAME: &str = "cluster-info";
const MAP: &str = "metadata.namespace=kube-public,metadata.name=cluster-info";
const CONTENT: &str = "kubeconfig";
const SIGNATURE_PREFIX: &str = "jws-kubeconfig-";

/// Starts it.
pub(crate) fn start(context: &Context) {
    let maps = context.informers.of_selected::<ConfigMap>(MAP);
    let secrets = bootstrap_tokens::informer(&context.informers);
    let queue = Queue::named("bootstrap_signer_queue");
    let key = || Key::new(NAMESPACE, NAME);
    let add = queue.clone();
    maps.on_change(move |change| {
        if !matches!(change, Change::Deleted(_)) {
            add.add(key());
        }
    });
    let add = queue.clone();
    secrets.on_change(move |_| add.add(key()));
    let client = context.client();
    run_workers("bootstrap-signer-controller", 1, queue, &context.shutdown, move |key| {
        let (maps, secrets, client) = (maps.clone(), secrets.clone(), client.clone());
        async move {
            secrets.synced().await;
            let Some(map) = maps.get(&key) else { return Ok(Outcome::Done) };
            let Some(signed) = plan(&map, &secrets.list(), clock::now()) else {
                return Ok(Outcome::Done);
            };
            match execute(&client, &Action::update(&signed)).await {
                // What is newer comes here, too.
                Err(error) if is_conflict(&error) || is_not_found(&error) => Ok(Outcome::Done),
                other => Ok(other.map(|_| Outcome::Done)?),
            }
        }
    });
}

/// The map with the signatures that it should have; `None` when it has them.
fn plan(map: &ConfigMap, secrets: &[Arc<Secret>], now: Timestamp) -> Option<ConfigMap> {
    let old = map.data.as_ref()?;
    let content = old.get(CONTENT)?;
    let mut data: BTreeMap<String, String> = old.clone();
    data.retain(|key, _| !key.starts_with(SIGNATURE_PREFIX));
    for (id, token) in secrets.iter().filter_map(|secret| for_signing(secret, now)) {
        data.entry(format!("{SIGNATURE_PREFIX}{id}"))
            .or_insert_with(|| signature(content, id, token));
    }
    (data != *old).then(|| ConfigMap { data: Some(data), ..map.clone() })
}

/// The signature of `content`, which is not in it itself (RFC 7515, appendix F).
fn signature(content: &str, id: &str, token: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(json!({"alg": "HS256", "kid": id}).to_string());
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(content));
    let key = hmac::Key::new(hmac::HMAC_SHA256, token.as_bytes());
    let tag = hmac::sign(&key, signed.as_bytes());
    format!("{header}..{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::super::bootstrap_tokens::tests::secret;
    use super::*;

    const TEXT: &str = "Hello from the other side. I must have called a thousand times.";
    const SIGNED: &str = "eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9..\
                          VShe2taLd-YTrmWuRkcL_8QTNDHYxQIEBsAYYiIj1_8";

    #[test]
    fn a_signature_is_the_one_that_upstream_makes() {
        assert_eq!(signature(TEXT, "joshua", "my voice is my passcode"), SIGNED);
    }

    #[test]
    fn signatures_follow_the_tokens() {
        let now = Timestamp::UNIX_EPOCH;
        let map = |data| -> ConfigMap {
            serde_json::from_value(json!({"metadata": {"name": NAME}, "data": data})).expect("one")
        };
        let token = Arc::new(secret(
            "bootstrap-token-joshua",
            &[
                ("token-id", "joshua"),
                ("token-secret", "my voice is my passcode"),
                ("usage-bootstrap-signing", "true"),
            ],
        ));
        let tokens = std::slice::from_ref(&token);
        let old = json!({CONTENT: TEXT, "jws-kubeconfig-gone": "x", "mine": "y"});
        let signed = plan(&map(old), tokens, now).expect("a change");
        let wanted = json!({CONTENT: TEXT, "jws-kubeconfig-joshua": SIGNED, "mine": "y"});
        assert_eq!(serde_json::to_value(&signed.data).expect("JSON"), wanted);
        assert!(plan(&signed, tokens, now).is_none());
        assert!(plan(&signed, &[], now).is_some());
        assert!(plan(&map(json!({"mine": "y"})), tokens, now).is_none(), "nothing to sign");
    }
}
