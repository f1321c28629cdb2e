//! Encryption at rest: what upstream sealed is opened, what is sealed is upstream's form, and
//! what can't be opened is said.

use orlop_store::encrypt::{Config, Transformers};
use orlop_store::{Change, Embedded, Encrypted, Entry, Expect, Memory, Outcome, Store, suite};
use std::sync::Arc;

const KEY: &str = "/registry/secrets/default/a";

/// The bytes 1, 2, 3 and so on, as base64.
const KEY_16: &str = "AQIDBAUGBwgJCgsMDQ4PEA==";
const KEY_24: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcY";
const KEY_32: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
const OTHER: &str = "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICA=";

fn providers(providers: &str) -> Transformers {
    rules(&format!("- resources: [secrets]\n  providers: {providers}\n"))
}

fn rules(rules: &str) -> Transformers {
    let config = parse(rules).expect("a right configuration");
    Transformers::new(&config, |group, resource| match (group, resource) {
        ("", "*") => ["secrets", "configmaps"].map(|r| format!("/registry/{r}/")).to_vec(),
        ("*", "*") => vec!["/registry/".to_owned()],
        ("", resource) => vec![format!("/registry/{resource}/")],
        (group, "*") => vec![format!("/registry/{group}/")],
        (group, resource) => vec![format!("/registry/{group}/{resource}/")],
    })
}

fn parse(rules: &str) -> Result<Config, String> {
    let head = "kind: EncryptionConfiguration\napiVersion: apiserver.config.k8s.io/v1\n";
    Config::parse(&format!("{head}resources:\n{rules}")).map_err(|error| error.to_string())
}

fn provider(field: &str, keys: &[(&str, &str)]) -> String {
    let keys: Vec<_> =
        keys.iter().map(|(name, secret)| format!("{{name: {name}, secret: {secret}}}")).collect();
    format!("{{{field}: {{keys: [{}]}}}}", keys.join(", "))
}

async fn read(store: &dyn Store, key: &str) -> Entry {
    suite::read(store, key).await
}

/// Made by upstream's transformers (`k8s.io/apiserver` v0.36.3) for the store's key `KEY`.
const UPSTREAM: [(&str, &str, &[u8], &str); 11] = [
    ("aescbc", KEY_16, b"", "okR1WOYsnN8pFG4mxLbT/PoF+PNLk7eyFG0LCtjnet8="),
    ("aescbc", KEY_24, b"k8s\0hello", "uDnWwuyDYFwFSOp4Eyky5jPCXyhE3uJB1Hr9wdrwBwY="),
    ("aescbc", KEY_32, b"k8s\0hello", "PcK4F8G8y9oNYfboVIo1u2vfAerVJcadI2x8YCOpDRw="),
    (
        "aescbc",
        KEY_32,
        b"0123456789abcdef",
        "P5Uga4kZJEXXsyHtdMpiOWcld6WUJYnFr9hQ2yKplAz8VfKXnYFVm96s44oEaVKM",
    ),
    ("aesgcm", KEY_16, b"k8s\0hello", "u5nWqFjbqxf5MLSjo/lOR8Hp2OCgedauMrYVPI1fS5tVu0ZCyQ=="),
    ("aesgcm", KEY_24, b"k8s\0hello", "+rkB1WjO8fzQB2LRz8fAlbJv0Mt+5X7592d+lADKbyTPhbKjqw=="),
    ("aesgcm", KEY_32, b"", "Vkpu+EuMKnJ/N/9HJ9lSOvLwOac9MhLmRs+/ww=="),
    ("aesgcm", KEY_32, b"k8s\0hello", "Ari+lTpfmNP4ttQBwYVw5JXU+Z/9xsXrYwcPOFXSxDpUzZHprw=="),
    ("secretbox", KEY_32, b"", "/KW3K60OOB41mX6gcc7zwWUTX3OtDhEhFcCNDuQ/kYfCx/khvczGEQ=="),
    (
        "secretbox",
        KEY_32,
        b"k8s\0hello",
        "G6hYnJfPjNcSTWvhpXghCWyDpuzwIETgVcA2YNxaoMipSqqgavDelhKtvcfHS7/tYQ==",
    ),
    (
        "secretbox",
        KEY_32,
        b"0123456789abcdef",
        "A10Qg1CBcvsePhuJN7Oo49WeDEO+dc3uS3YKwATtu3oKWA3DDTgSfy1INPs0Wt7Tw8vh49nwPuM=",
    ),
];

fn sealed(field: &str, name: &str, sealed: &str) -> Vec<u8> {
    use base64::Engine;
    let sealed = base64::engine::general_purpose::STANDARD.decode(sealed).expect("base64");
    [format!("k8s:enc:{field}:v1:{name}:").as_bytes(), &sealed].concat()
}

async fn put_raw(store: &dyn Store, key: &str, value: Vec<u8>) {
    let change = Change::Put { value: value.into(), ttl: None };
    let expect = match store.get(key).await.expect("a get").0 {
        Some(entry) => Expect::Revision(entry.mod_revision),
        None => Expect::Absent,
    };
    let outcome = store.commit(key, expect, change).await;
    assert!(matches!(outcome, Ok(Outcome::Done(_))), "{outcome:?}");
}

#[tokio::test]
async fn what_upstream_sealed_is_opened() {
    for (field, secret, plain, golden) in UPSTREAM {
        let list = format!("[{}]", provider(field, &[("key1", secret)]));
        let store = Encrypted::new(Memory::new(), providers(&list));
        put_raw(store.inner(), KEY, sealed(field, "key1", golden)).await;
        let entry = read(&store, KEY).await;
        assert_eq!((&entry.value[..], entry.unreadable), (plain, None), "{field} {secret}");
        assert_eq!(store.stale(KEY).await, Ok(false));

        // Only GCM binds a value to where it lies, as upstream's does.
        let elsewhere = "/registry/secrets/default/b";
        put_raw(store.inner(), elsewhere, sealed(field, "key1", golden)).await;
        let moved = read(&store, elsewhere).await;
        assert_eq!(moved.unreadable.is_some(), field == "aesgcm", "{field}");
    }
}

#[tokio::test]
async fn what_is_sealed_has_upstreams_form() {
    for (field, secret, overhead) in
        [("aescbc", KEY_16, 16 + 16), ("aesgcm", KEY_24, 12 + 16), ("secretbox", KEY_32, 24 + 16)]
    {
        let list = format!("[{}, {{identity: {{}}}}]", provider(field, &[("key1", secret)]));
        let store = Encrypted::new(Memory::new(), providers(&list));
        suite::create(&store, KEY, "0123456789abcdef").await;
        let raw = read(store.inner(), KEY).await.value;
        let prefix = format!("k8s:enc:{field}:v1:key1:");
        assert!(raw.starts_with(prefix.as_bytes()), "{raw:?}");
        assert_eq!(raw.len(), prefix.len() + 16 + overhead, "{field}");
        assert!(!raw.windows(6).any(|window| window == b"012345"), "{field} shows the plain text");
        assert_eq!(&read(&store, KEY).await.value[..], b"0123456789abcdef");

        suite::create(&store, "/registry/secrets/default/b", "0123456789abcdef").await;
        let other = read(store.inner(), "/registry/secrets/default/b").await.value;
        assert_ne!(raw, other, "{field}: no nonce is used twice");

        // Other resources, and what lies outside the prefix, stay as they are.
        for key in ["/registry/pods/a/b", "/registry/secretsandmore/a", "compact_rev_key"] {
            suite::create(&store, key, "plain").await;
            assert_eq!(&read(store.inner(), key).await.value[..], b"plain");
        }

        let mut damaged = raw.to_vec();
        let last = damaged.len() - 17;
        damaged[last] ^= 1;
        put_raw(store.inner(), KEY, damaged[..damaged.len() - 1].to_vec()).await;
        let entry = read(&store, KEY).await;
        assert!(entry.unreadable.is_some() && entry.value.is_empty(), "{field}: {entry:?}");
    }
}

#[tokio::test]
async fn what_no_key_opens_is_there_and_unreadable() {
    let list = format!("[{}]", provider("aescbc", &[("key1", KEY_32)]));
    let store = Encrypted::new(Memory::new(), providers(&list));
    let at = suite::create(&store, KEY, "secret").await;
    suite::create(&store, "/registry/secrets/default/b", "secret").await;
    let mut watch = store.watch(at - 1).await.expect("a watch");

    for (list, why) in [
        (
            format!("[{}]", provider("aescbc", &[("key2", KEY_32)])),
            "no matching key was found for the provided AES transformer",
        ),
        (format!("[{}]", provider("secretbox", &[("key1", KEY_32)])), "no matching prefix found"),
        ("[{identity: {}}]".to_owned(), "no matching prefix found"),
    ] {
        store.replace(providers(&list));
        let entry = read(&store, KEY).await;
        assert_eq!((entry.unreadable.as_deref(), entry.mod_revision), (Some(why), at), "{list}");
        assert!(entry.value.is_empty(), "sealed bytes are not handed on");
        let page = suite::list(&store, "/registry/secrets/", None).await;
        assert_eq!(page.entries.len(), 2, "one bad value spoils no range");
        match suite::put(&store, KEY, Expect::Absent, "x").await {
            Outcome::Conflict { current: Some(current) } => assert_eq!(current, entry),
            other => panic!("{other:?}"),
        }
        assert_eq!(store.stale(KEY).await, Ok(false));
    }
    store.replace(Transformers::default());
    let entry = read(&store, KEY).await;
    let why = "identity transformer tried to read encrypted data";
    assert_eq!(entry.unreadable.as_deref(), Some(why), "without any configuration too");
    let batch = futures::StreamExt::next(&mut watch).await.expect("a batch").expect("a batch");
    assert_eq!(batch.events[0].entry, entry, "a watch says so and goes on");

    // The wrong key of the right name shows in the padding, almost always.
    store.replace(providers(&format!("[{}]", provider("aescbc", &[("key1", OTHER)]))));
    let entry = read(&store, KEY).await;
    assert!(entry.unreadable.is_some() || entry.value != "secret");
}

#[tokio::test]
async fn keys_are_changed_one_after_the_other() {
    let one = provider("aescbc", &[("key1", KEY_32)]);
    let store = Encrypted::new(Memory::new(), providers("[{identity: {}}]"));
    let at = suite::create(&store, KEY, "secret").await;

    // Each step reads what the one before wrote, calls it stale, and writes its own.
    let steps = [
        (format!("[{one}, {{identity: {{}}}}]"), "k8s:enc:aescbc:v1:key1:"),
        (
            format!("[{}]", provider("aescbc", &[("key2", OTHER), ("key1", KEY_32)])),
            "k8s:enc:aescbc:v1:key2:",
        ),
        (
            format!(
                "[{}, {}]",
                provider("secretbox", &[("key3", KEY_32)]),
                provider("aescbc", &[("key2", OTHER)])
            ),
            "k8s:enc:secretbox:v1:key3:",
        ),
        (
            format!(
                "[{}, {}]",
                provider("aesgcm", &[("a", KEY_16)]),
                provider("secretbox", &[("key3", KEY_32)])
            ),
            "k8s:enc:aesgcm:v1:a:",
        ),
        (format!("[{{identity: {{}}}}, {}]", provider("aesgcm", &[("a", KEY_16)])), "secret"),
    ];
    let mut at = at;
    for (list, prefix) in steps {
        store.replace(providers(&list));
        assert_eq!(&read(&store, KEY).await.value[..], b"secret", "{list}");
        assert_eq!(store.stale(KEY).await, Ok(true), "{list}");
        at = suite::update(&store, KEY, at, "secret").await;
        assert_eq!(store.stale(KEY).await, Ok(false), "{list}");
        let raw = read(store.inner(), KEY).await.value;
        assert!(raw.starts_with(prefix.as_bytes()), "{list}: {raw:?}");
    }
}

#[tokio::test]
async fn the_narrowest_rule_goes_first() {
    let store = Encrypted::new(
        Memory::new(),
        rules(&format!(
            "- resources: [secrets]\n  providers: [{}]\n\
             - resources: ['*.', things.example.com]\n  providers: [{}]\n\
             - resources: ['*.*']\n  providers: [{}]\n",
            provider("aescbc", &[("own", KEY_32)]),
            provider("aescbc", &[("group", KEY_32)]),
            provider("aescbc", &[("all", KEY_32)]),
        )),
    );
    for (key, name) in [
        (KEY, "own"),
        ("/registry/configmaps/a/b", "group"),
        ("/registry/example.com/things/a/b", "group"),
        ("/registry/pods/a/b", "all"),
    ] {
        suite::create(&store, key, "x").await;
        let raw = read(store.inner(), key).await.value;
        let prefix = format!("k8s:enc:aescbc:v1:{name}:");
        assert!(raw.starts_with(prefix.as_bytes()), "{key}: {raw:?}");
    }
}

#[test]
fn both_generations_are_read() {
    let body = format!(
        "resources:\n  - resources:\n      - secrets\n    providers:\n      - aescbc:\n          \
         keys:\n            - name: key1\n              secret: {KEY_32}\n      - identity: {{}}\n"
    );
    for (head, good) in [
        ("kind: EncryptionConfiguration\napiVersion: apiserver.config.k8s.io/v1\n", true),
        ("kind: EncryptionConfig\napiVersion: v1\n", true),
        ("kind: EncryptionConfig\napiVersion: apiserver.config.k8s.io/v1\n", false),
        ("kind: EncryptionConfiguration\napiVersion: v1\n", false),
        ("apiVersion: v1\n", false),
    ] {
        assert_eq!(Config::parse(&format!("{head}{body}")).is_ok(), good, "{head}");
    }
}

#[test]
fn mistakes_are_told_without_secrets() {
    let key = |secret: &str| {
        let list = provider("aescbc", &[("key1", secret)]);
        format!("- resources: [secrets]\n  providers: [{list}]\n")
    };
    let identity =
        |resources: &str| format!("- resources: {resources}\n  providers: [{{identity: {{}}}}]\n");
    let list = |providers: &str| format!("- resources: [secrets]\n  providers: {providers}\n");
    let short = KEY_24;
    for (text, said) in [
        (
            key("MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMQ=="),
            "resources[0].providers[0].aescbc.keys[0].secret: Invalid value: \"REDACTED\": secret \
             is not of the expected length, got 31, expected one of [16 24 32] (key \"key1\")",
        ),
        (key("'secret!secret!'"), "secrets must be base64 encoded"),
        (key("''"), "secret is a mandatory field for a key"),
        (key("12345678"), "resources[0].providers[0].aescbc.keys[0].secret has to be a string"),
        (
            list(&format!("[{{secretbox: {{keys: [{{name: a, secret: {short}}}]}}}}]")),
            "(key \"a\")",
        ),
        (list("[{aescbc: {keys: [{name: a, secret: x, secrett: y}]}}]"), "unknown field"),
        (list("[{aescbc: {keys: c2VjcmV0}}]"), "aescbc.keys has to be a list, it is a string"),
        (list("[{aescbc: {keys: []}}]"), "at least one keys is required"),
        (list("[{rot13: {}}]"), "unknown field \"resources[0].providers[0].rot13\""),
        (list("[{}]"), "does not contain any of the expected providers"),
        (list("[{identity: {}, aescbc: {keys: []}}]"), "more than one provider"),
        (list("[]"), "at least one resources[0].providers is required"),
        (list("[{kms: {name: a, endpoint: 'unix:///a'}}]"), "KMS providers are not supported"),
        (identity("[]"), "at least one resources[0].resources is required"),
        (identity("[Secrets]"), "should not contain capital letters"),
        (identity("['*']"), "use '*.' to encrypt all the resources"),
        (identity("[events.events.k8s.io]"), "Use 'events' instead"),
        (identity("['secrets.*']"), "across groups is not supported"),
        (identity("[secrets, secrets]"), "cannot be specified multiple times"),
        (identity("[secrets, '*.']"), "overlapping resources"),
        (
            [identity("['*.']"), identity("[secrets]")].concat(),
            "resource \"secrets\" is masked by earlier rule \"*.\"",
        ),
        (
            [identity("['*.*']"), identity("[a.b.c]")].concat(),
            "resource \"a.b.c\" is masked by earlier rule \"*.*\"",
        ),
        ("  bad: [c2VjcmV0".to_owned(), "not valid YAML"),
    ] {
        let error = parse(&text).expect_err(&text);
        assert!(error.contains(said), "{text}\n{error}");
        assert!(!error.contains('\n'), "one line: {error}");
        for secret in ["MTIzNDU2", "secret!", "c2VjcmV0", "12345678", short] {
            assert!(!error.contains(secret), "a secret is in: {error}");
        }
    }
    let transformers = providers(&format!("[{}]", provider("aescbc", &[("key1", KEY_32)])));
    let shown = format!("{transformers:?}");
    assert!(shown.contains("key1") && !shown.contains("AQID"), "{shown}");
}

#[test]
fn a_file_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("encryption-config.yaml");
    let missing = Config::load(&file).expect_err("it is not there").to_string();
    assert!(missing.contains("encryption-config.yaml") && missing.contains("No such file"));
    std::fs::write(&file, "kind: EncryptionConfig\n").expect("a file");
    let wrong = Config::load(&file).expect_err("it is wrong").to_string();
    assert!(wrong.contains("encryption-config.yaml") && wrong.contains("apiVersion"), "{wrong}");
}

/// Everything under the prefix sealed, by a cipher each.
fn everything(field: &str) -> Transformers {
    let list = provider(field, &[("key1", KEY_32)]);
    rules(&format!("- resources: ['*.*']\n  providers: [{list}]\n"))
}

#[tokio::test]
async fn keeps_the_contract_in_memory() {
    for field in ["aescbc", "aesgcm", "secretbox"] {
        suite::run(&Encrypted::new(Memory::new(), everything(field))).await;
    }
}

#[tokio::test]
async fn keeps_the_contract_on_disk() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Embedded::open(directory.path(), "/registry").expect("the store opens");
    let store = Arc::new(Encrypted::new(store, everything("secretbox")));
    suite::run(&*store).await;
    let raw = suite::list(store.inner(), "/registry/", None).await;
    assert!(raw.entries.iter().all(|entry| entry.value.starts_with(b"k8s:enc:secretbox:v1:key1:")));
}
