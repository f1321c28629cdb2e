//! The contract, on etcd; and what only a store at the end of a network can get wrong.

#![allow(clippy::unwrap_used, reason = "a test")]

mod process;

use futures::StreamExt;
use orlop_store::encrypt::{Config, Transformers};
use orlop_store::{Change, Encrypted, Etcd, Expect, Outcome, Store, StoreError, TlsFiles, suite};
use process::{Cluster, Tls};
use std::time::Duration;

#[tokio::test]
async fn keeps_the_contract() {
    suite::run(&Cluster::start(1, false).await.store()).await;
}

#[tokio::test]
async fn keeps_the_contract_over_mtls() {
    let cluster = Cluster::start(1, true).await;
    suite::run(&cluster.store()).await;

    // Without a certificate, or with another CA's, there is no answer.
    let mut files = cluster.tls().expect("it has files").files();
    (files.certificate, files.key) = (None, None);
    let nobody = Etcd::new(&cluster.urls(), files).expect("good files").revision().await;
    assert!(matches!(nobody, Err(StoreError::Unavailable(_))), "{nobody:?}");
    let elsewhere = cluster.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).expect("a directory");
    let foreign = Tls::make(&elsewhere).files();
    let foreign = Etcd::new(&cluster.urls(), foreign).expect("good files").revision().await;
    let Err(StoreError::Unavailable(why)) = foreign else { panic!("answered: {foreign:?}") };
    assert!(why.contains(&cluster.urls()[0]) && why.contains("certificate"), "{why}");
}

#[tokio::test]
async fn keeps_the_contract_encrypted() {
    let text = "kind: EncryptionConfig\napiVersion: v1\nresources: [{resources: ['*.*'], \
                providers: [{aesgcm: {keys: [{name: key1, secret: AQIDBAUGBwgJCgsMDQ4PEA==}]}}]}]";
    let config = Config::parse(text).expect("a right configuration");
    let transformers = Transformers::new(&config, |_, _| vec!["/registry/".to_owned()]);
    let cluster = Cluster::start(1, true).await;
    suite::run(&Encrypted::new(cluster.store(), transformers)).await;
    let raw = suite::list(&cluster.store(), "/registry/", None).await;
    assert!(raw.entries.iter().all(|entry| entry.value.starts_with(b"k8s:enc:aesgcm:v1:key1:")));
}

#[tokio::test]
async fn members_say_how_they_are() {
    let cluster = Cluster::start(1, false).await;
    let status = cluster.store().status().await;
    let [(at, Ok(member))] = &status[..] else { panic!("{status:?}") };
    assert_eq!(*at, cluster.urls()[0]);
    assert!(member.version.starts_with("3.") && member.has_leader && member.alarms.is_empty());
}

#[tokio::test]
async fn a_watch_goes_on_when_etcd_comes_back() {
    let mut cluster = Cluster::start(1, false).await;
    let store = cluster.store();
    let key = "/registry/back/a";
    let mut at = suite::create(&store, key, "0").await;
    let mut watch = store.watch(at).await.expect("a watch");
    for _ in 0..3 {
        at = suite::update(&store, key, at, "before").await;
        assert_eq!(next(&mut watch).await, at);
        cluster.kill(0);
        let away = store.commit(key, Expect::Revision(at), Change::Delete).await;
        assert!(matches!(away, Err(StoreError::Unavailable(_))), "{away:?}");
        cluster.run(0);
        cluster.wait().await;
        // Another writer, so that the watch's own connection is not what wakes it.
        let other = cluster.store();
        for n in 0..5 {
            at = suite::update(&other, key, at, &n.to_string()).await;
            assert_eq!(next(&mut watch).await, at, "nothing missing, nothing twice");
        }
    }
}

#[tokio::test]
async fn one_member_of_three_may_die() {
    let mut cluster = Cluster::start(3, false).await;
    let store = cluster.store();
    let key = "/registry/three/a";
    let first = suite::create(&store, key, "0").await;
    let mut watch = store.watch(first).await.expect("a watch");
    let mut at = first;
    for n in 0..3 {
        cluster.kill(n);
        for step in 0..5 {
            at = insist(&store, key, at, &format!("{n}-{step}")).await;
        }
        cluster.run(n);
        cluster.wait().await;
    }
    let mut seen = first;
    while seen < at {
        let revision = next(&mut watch).await;
        assert_eq!(revision, seen + 1);
        seen = revision;
    }
}

/// Updates until it is done; a write whose fate is unknown is looked up.
async fn insist(store: &Etcd, key: &str, mut at: i64, value: &str) -> i64 {
    loop {
        let put = Change::Put { value: value.to_owned().into(), ttl: None };
        match store.commit(key, Expect::Revision(at), put).await {
            Ok(Outcome::Done(revision)) => return revision,
            Ok(Outcome::Conflict { current: Some(entry) }) => {
                if entry.value == value.as_bytes() {
                    return entry.mod_revision;
                }
                at = entry.mod_revision;
            }
            Err(StoreError::Unavailable(_)) => {
                runtime::clock::sleep(Duration::from_millis(50)).await;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn many_short_lived_values_share_a_lease() {
    let cluster = Cluster::start(1, false).await;
    let store = cluster.store();
    for n in 0..20 {
        let ttl = Some(Duration::from_secs(3600));
        let change = Change::Put { value: "x".into(), ttl };
        let key = format!("/registry/events/a/{n}");
        store.commit(&key, Expect::Absent, change).await.expect("a put");
    }
    let text = etcdctl(&cluster, &["lease", "list"]);
    assert!(text.contains("found 1 leases"), "{text}");

    // A lease that somebody has revoked is no reason to refuse a write.
    let lease = text.lines().last().expect("a line for the lease");
    etcdctl(&cluster, &["lease", "revoke", lease]);
    assert_eq!(suite::list(&store, "/registry/events/", None).await.count, 0);
    let change = Change::Put { value: "x".into(), ttl: Some(Duration::from_secs(3600)) };
    let outcome = store.commit("/registry/events/a/1", Expect::Absent, change).await;
    assert!(matches!(outcome, Ok(Outcome::Done(_))), "{outcome:?}");
    let text = etcdctl(&cluster, &["lease", "list"]);
    assert!(text.contains("found 1 leases") && !text.contains(lease), "{text}");
}

fn etcdctl(cluster: &Cluster, arguments: &[&str]) -> String {
    let output = std::process::Command::new("/usr/bin/etcdctl")
        .args(["--endpoints", &cluster.urls()[0]])
        .args(arguments)
        .env("ETCDCTL_API", "3")
        .output()
        .expect("this test needs /usr/bin/etcdctl");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[tokio::test]
async fn wrong_addresses_and_files_are_named() {
    let files = || TlsFiles { ca: Some("/nonexistent/ca.pem".into()), ..TlsFiles::default() };
    for (server, said) in [
        ("10.0.0.1:2379", "http:// or https://"),
        ("ftp://10.0.0.1", "http:// or https://"),
        ("https://10.0.0.1:2379", "/nonexistent/ca.pem"),
    ] {
        let error = Etcd::new(&[server.to_owned()], files()).expect_err("it is wrong").to_string();
        assert!(error.contains(said) && error.contains(server), "{error}");
    }
    assert!(Etcd::new(&[], files()).is_err());
}

#[tokio::test]
async fn nobody_there_is_said_with_the_address() {
    let store = Etcd::new(&["http://127.0.0.1:1".to_owned()], TlsFiles::default());
    let answer = store.expect("a good address").revision().await;
    let Err(StoreError::Unavailable(why)) = answer else { panic!("answered: {answer:?}") };
    assert!(why.contains("http://127.0.0.1:1") && why.contains("refused"), "{why}");
}

async fn next(watch: &mut orlop_store::Watch) -> i64 {
    loop {
        let wait = runtime::clock::timeout(Duration::from_secs(60), watch.next()).await;
        let batch = wait.expect("a batch in time").expect("the watch goes on").expect("a batch");
        if !batch.events.is_empty() {
            return batch.revision;
        }
    }
}
