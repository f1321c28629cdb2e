//! Tokens that upstream made, tokens of our own, and what must not pass for one.
//!
//! `testdata/service_account` was recorded from kube-apiserver v1.36.3: a token for each kind of
//! key, the public halves, and the key set that it serves for them.

use super::*;
use crate::UserInfo;
use crate::objects::memory::Memory;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use object::Value;
use serde_json::json;

const RECORDED_KEYS: &str = include_str!("../../../testdata/service_account/keys.pub.pem");
const RECORDED_TOKENS: &str = include_str!("../../../testdata/service_account/tokens.txt");
const RECORDED_EC_KEY_SET: &str = include_str!("../../../testdata/service_account/ec-jwks.json");
const ACCOUNT_UID: &str = "bb1596c4-d92c-4197-b588-b2a7c7340100";
const SECRET_UID: &str = "38c85615-a315-44b7-822a-7d7f73a98e59";
/// The first of the recorded issuers; the keys on curves have the other.
const RSA_ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
const EC_ISSUER: &str = "https://ec.example";

fn named(namespace: &str, name: &str, uid: &str) -> Value {
    json!({"metadata": {"namespace": namespace, "name": name, "uid": uid}})
}

fn cluster() -> Arc<Memory> {
    let cluster = Memory::default();
    cluster.put("", "serviceaccounts", named("default", "robot", ACCOUNT_UID));
    cluster.put("", "secrets", named("default", "bound", SECRET_UID));
    cluster.put("", "pods", named("default", "pod", "pod-uid"));
    cluster.put("", "nodes", json!({"metadata": {"name": "node", "uid": "node-uid"}}));
    Arc::new(cluster)
}

fn recorded_keys() -> VerifyingKeys {
    VerifyingKeys::new(VerifyingKey::all_from_pem(RECORDED_KEYS.as_bytes()).expect("keys"))
}

fn recorded_token(algorithm: &str) -> &'static str {
    let line = RECORDED_TOKENS.lines().find_map(|line| line.strip_prefix(algorithm));
    line.expect("one of each").trim()
}

fn known_by(keys: VerifyingKeys, objects: Arc<Memory>) -> BoundTokens {
    let issuers = vec![RSA_ISSUER.to_owned(), EC_ISSUER.to_owned()];
    BoundTokens { audiences: issuers.clone(), issuers, keys, objects }
}

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("a time")
}

/// When the recorded tokens were good.
fn then() -> Timestamp {
    time(1_795_416_290)
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

/// A key of each sort, in each of the forms that files have.
fn own_keys() -> Vec<(&'static str, String)> {
    let rsa = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).expect("a key");
    let pkcs8 = rsa.as_der().expect("writes").as_ref().to_vec();
    // After the version and the algorithm comes the PKCS#1 key.
    let pkcs1 = pem("RSA PRIVATE KEY", &pkcs8[26..]);
    let mut keys = vec![("RS256", pem("PRIVATE KEY", &pkcs8)), ("RS256", pkcs1)];
    for (name, algorithm) in [
        ("ES256", &ECDSA_P256_SHA256_FIXED_SIGNING),
        ("ES384", &ECDSA_P384_SHA384_FIXED_SIGNING),
        ("ES512", &ECDSA_P521_SHA512_FIXED_SIGNING),
    ] {
        let key = EcdsaKeyPair::generate(algorithm).expect("a key");
        keys.push((name, pem("PRIVATE KEY", key.to_pkcs8v1().expect("writes").as_ref())));
        let der = key.private_key().as_der().expect("writes");
        keys.push((name, pem("EC PRIVATE KEY", der.as_ref())));
    }
    keys
}

fn one_key() -> SigningKey {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    let pem = pem("PRIVATE KEY", key.to_pkcs8v1().expect("writes").as_ref());
    SigningKey::from_pem(pem.as_bytes()).expect("a key")
}

fn of_robot() -> Bound {
    let service_account = Reference { name: "robot".into(), uid: ACCOUNT_UID.into() };
    Bound { namespace: "default".into(), service_account, ..Bound::default() }
}

fn reference(name: &str, uid: &str) -> Option<Reference> {
    Some(Reference { name: name.into(), uid: uid.into() })
}

/// What becomes of a token of our own with these claims.
fn shown(kubernetes: Bound, cluster: Arc<Memory>) -> Result<UserInfo, String> {
    let key = one_key();
    let claims = BoundClaims::new(EC_ISSUER, vec![EC_ISSUER.into()], kubernetes, then(), 600);
    let token = jwt::sign(&key, &claims).expect("signs");
    let known = known_by(VerifyingKeys::new(vec![key.public().clone()]), cluster);
    match known.at(then(), &token, &[]) {
        Ok(known) => Ok(known.expect("ours").user),
        Err(why) => Err(why.0),
    }
}

#[test]
fn upstreams_tokens_are_known_whatever_their_key() {
    let known = known_by(recorded_keys(), cluster());
    for algorithm in ["RS256", "ES256", "ES384", "ES512"] {
        let token = recorded_token(algorithm);
        let known = known.at(then(), token, &[]).expect("good").expect("ours");
        let user = known.user;
        assert_eq!(user.name, "system:serviceaccount:default:robot", "{algorithm}");
        assert_eq!(user.uid, ACCOUNT_UID);
        assert_eq!(user.groups, ["system:serviceaccounts", "system:serviceaccounts:default"]);
        assert_eq!(known.audiences.len(), 1);
        let id = &user.extra["authentication.kubernetes.io/credential-id"];
        assert!(id[0].starts_with("JTI=") && id[0].len() == 40, "{id:?}");
    }
}

#[test]
fn a_token_is_good_in_its_time_only() {
    let known = known_by(recorded_keys(), cluster());
    let (issued, expires) = (1_795_414_783, 1_795_418_383);
    let at = |seconds| known.at(time(seconds), recorded_token("RS256"), &[]).map_err(|why| why.0);
    assert!(at(issued - 60).is_ok() && at(expires + 60).is_ok());
    assert_eq!(at(issued - 61), Err("service account token is not valid yet".into()));
    assert_eq!(at(expires + 61), Err("service account token has expired".into()));
}

#[test]
fn a_tampered_token_is_refused_and_a_strangers_is_left_to_others() {
    let known = known_by(recorded_keys(), cluster());
    let at = |token: &str| known.at(then(), token, &[]);
    let token = recorded_token("ES256");
    let [header, claims, signature] =
        token.split('.').collect::<Vec<_>>().try_into().expect("three parts");
    let text = |part: &str| {
        String::from_utf8(URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("a text")
    };
    let encode = |text: String| URL_SAFE_NO_PAD.encode(text);

    let other_name = encode(text(claims).replace(":robot", ":admin"));
    assert!(at(&format!("{header}.{other_name}.{signature}")).is_err());
    for alg in ["none", "HS256", "RS256", "ES384"] {
        let header = encode(text(header).replace("ES256", alg));
        assert!(at(&format!("{header}.{claims}.{signature}")).is_err(), "{alg}");
        assert!(at(&format!("{header}.{claims}.")).is_err(), "{alg}");
    }
    // A key that nobody has.
    let unknown = encode(r#"{"alg":"ES256","kid":"nobody"}"#.into());
    let why = at(&format!("{unknown}.{claims}.{signature}")).expect_err("refused");
    assert_eq!(why.0, "invalid signature, no keys found");

    let stranger = encode(text(claims).replace(EC_ISSUER, "https://other"));
    assert_eq!(at(&format!("{header}.{stranger}.{signature}")), Ok(None));
    for token in ["", "a", "a.b", "a.b.c", "....", "{\"a\":1}"] {
        assert_eq!(at(token), Ok(None), "{token}");
    }
}

#[test]
fn audiences_have_to_meet() {
    let known = known_by(recorded_keys(), cluster());
    let asked = |audiences: &[&str]| {
        let audiences: Vec<String> = audiences.iter().map(|a| (*a).to_owned()).collect();
        known.at(then(), recorded_token("ES384"), &audiences)
    };
    let met = asked(&["x", EC_ISSUER]).expect("good").expect("ours");
    assert_eq!(met.audiences, [EC_ISSUER]);
    assert_eq!(
        asked(&["x"]).expect_err("for another").0,
        "token audiences [\"https://ec.example\"] is invalid for the target audiences [\"x\"]"
    );
}

#[test]
fn our_tokens_are_written_as_upstreams() {
    for (algorithm, pem) in own_keys() {
        let key = SigningKey::from_pem(pem.as_bytes()).expect("a key");
        assert_eq!(key.algorithm(), algorithm);
        let bound = Bound { secret: reference("bound", SECRET_UID), ..of_robot() };
        let claims = BoundClaims::new(EC_ISSUER, vec![EC_ISSUER.into()], bound, then(), 600);
        let token = jwt::sign(&key, &claims).expect("signs");
        let keys = VerifyingKey::all_from_pem(pem.as_bytes()).expect("its public half");
        let known = known_by(VerifyingKeys::new(keys), cluster());
        assert!(known.at(then(), &token, &[]).expect("good").is_some());

        let part = |n| {
            let encoded = token.split('.').nth(n).expect("three parts");
            String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).expect("base64")).expect("a text")
        };
        let header = part(0);
        assert_eq!(header, format!("{{\"alg\":\"{algorithm}\",\"kid\":\"{}\"}}", key.id()));
        let id = claims.id();
        assert_eq!(
            part(1),
            format!(
                "{{\"aud\":[\"https://ec.example\"],\"exp\":1795416890,\"iat\":1795416290,\
                 \"iss\":\"https://ec.example\",\"jti\":\"{id}\",\"kubernetes.io\":\
                 {{\"namespace\":\"default\",\"secret\":{{\"name\":\"bound\",\"uid\":\
                 \"{SECRET_UID}\"}},\"serviceaccount\":{{\"name\":\"robot\",\"uid\":\
                 \"{ACCOUNT_UID}\"}}}},\"nbf\":1795416290,\"sub\":\
                 \"system:serviceaccount:default:robot\"}}"
            )
        );
    }
}

#[test]
fn a_token_ends_with_what_it_is_bound_to() {
    let gone = Err("service account token has been invalidated".to_owned());
    let bound_to: [(&str, &str, Bound); 3] = [
        ("secrets", "bound", Bound { secret: reference("bound", SECRET_UID), ..of_robot() }),
        ("pods", "pod", Bound { pod: reference("pod", "pod-uid"), ..of_robot() }),
        ("nodes", "node", Bound { node: reference("node", "node-uid"), ..of_robot() }),
    ];
    for (resource, name, claims) in bound_to {
        let namespace = if resource == "nodes" { "" } else { "default" };
        assert!(shown(claims.clone(), cluster()).is_ok(), "{resource}");

        let without = cluster();
        without.remove("", resource, (namespace, name));
        assert_eq!(shown(claims.clone(), without), gone, "{resource}");

        let another = cluster();
        another.put("", resource, named(namespace, name, "another"));
        let why = shown(claims.clone(), another).expect_err("refused");
        assert!(why.contains("UID (another) does not"), "{why}");

        let going = cluster();
        let mut object =
            Objects::get(&*going, &object::GroupResource::new("", resource), namespace, name)
                .expect("is there")
                .as_ref()
                .clone();
        object["metadata"]["deletionTimestamp"] =
            (then() - jiff::Span::new().seconds(30)).to_string().into();
        going.put("", resource, object.clone());
        assert!(shown(claims.clone(), going.clone()).is_ok(), "within the leeway");
        object["metadata"]["deletionTimestamp"] =
            (then() - jiff::Span::new().seconds(90)).to_string().into();
        going.put("", resource, object);
        assert_eq!(shown(claims, going), gone, "{resource}");
    }
    let none = cluster();
    none.remove("", "serviceaccounts", ("default", "robot"));
    assert_eq!(shown(of_robot(), none), Err("serviceaccounts \"robot\" not found".into()));
}

#[test]
fn a_pods_token_tells_of_its_pod_and_node() {
    let bound = Bound {
        pod: reference("pod", "pod-uid"),
        node: reference("elsewhere", "any-uid"),
        ..of_robot()
    };
    let user = shown(bound, cluster()).expect("good, for only the pod is looked up");
    let extra = |key: &str| user.extra[&format!("authentication.kubernetes.io/{key}")].clone();
    assert_eq!(extra("pod-name"), ["pod"]);
    assert_eq!(extra("pod-uid"), ["pod-uid"]);
    assert_eq!(extra("node-name"), ["elsewhere"]);
    assert_eq!(extra("node-uid"), ["any-uid"]);
}

#[tokio::test]
async fn a_token_in_a_secret_is_good_while_the_secret_holds_it() {
    let key = one_key();
    let claims = LegacyClaims::new("default", "bound", "robot", ACCOUNT_UID);
    let token = jwt::sign(&key, &claims).expect("signs");
    let cluster = cluster();
    let keys = VerifyingKeys::new(vec![key.public().clone()]);
    let legacy = LegacyTokens {
        keys: keys.clone(),
        audiences: vec!["api".into()],
        objects: Some(cluster.clone()),
    };
    let ask = async || legacy.authenticate_token(&token, &[]).await.map_err(|why| why.0);
    assert_eq!(ask().await, Err("Token does not match server's copy".into()));
    let mut secret = named("default", "bound", SECRET_UID);
    secret["data"] = json!({"token": STANDARD.encode(&token)});
    cluster.put("", "secrets", secret.clone());
    let user = ask().await.expect("good").expect("ours").user;
    assert_eq!(user.name, "system:serviceaccount:default:robot");
    assert!(user.extra.is_empty());
    secret["metadata"]["labels"] =
        json!({"kubernetes.io/legacy-token-invalid-since": "2024-01-01"});
    cluster.put("", "secrets", secret);
    assert!(ask().await.expect_err("refused").starts_with("the token in secret default/bound for"));
    cluster.remove("", "secrets", ("default", "bound"));
    assert_eq!(ask().await, Err("Token has been invalidated".into()));

    // A bound token's authenticator leaves it alone, and the other way round.
    assert_eq!(known_by(keys, cluster).at(then(), &token, &[]), Ok(None));
    assert_eq!(legacy.authenticate_token(recorded_token("RS256"), &[]).await, Ok(None));
}

#[test]
fn the_documents_are_upstreams() {
    let on_curves = recorded_keys().iter().skip(1).cloned().collect();
    let keys = VerifyingKeys::new(on_curves);
    assert_eq!(key_set_document(&keys).expect("writes"), RECORDED_EC_KEY_SET);
    let rsa = VerifyingKeys::new(recorded_keys().iter().take(1).cloned().collect());
    let document = key_set_document(&rsa).expect("writes");
    let kid = "klgiJEjrhNS1MMhLwMlG3a6MvWlWZo-QHgRyZKgiV4s";
    let start = format!(
        "{{\"keys\":[{{\"use\":\"sig\",\"kty\":\"RSA\",\"kid\":\"{kid}\",\"alg\":\"RS256\","
    );
    assert!(document.starts_with(&start) && document.ends_with("\",\"e\":\"AQAB\"}]}"));
    assert_eq!(
        configuration_document(EC_ISSUER, "https://10.1.2.3:34507/openid/v1/jwks", &keys),
        Ok("{\"issuer\":\"https://ec.example\",\
            \"jwks_uri\":\"https://10.1.2.3:34507/openid/v1/jwks\",\
            \"response_types_supported\":[\"id_token\"],\"subject_types_supported\":[\"public\"],\
            \"id_token_signing_alg_values_supported\":[\"ES256\",\"ES384\",\"ES512\"]}"
            .into())
    );
    let why = "issuer URL must use https scheme, got: api".to_owned();
    assert_eq!(configuration_document("api", "https://x/", &keys), Err(why));
}
