//! `kill -9` at any instant loses no acknowledged write.
//!
//! The test runs itself as a child that writes without rest and prints each write when it is
//! acknowledged; kills it, now at a random moment, opening included, now at a random number of
//! acknowledgements, however long the machine takes for them; and compares what the directory then
//! holds with what was printed. Fifty times over on one directory.

use orlop_store::{Change, Embedded, Expect, Outcome, Revision, Store, suite};
use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const DIRECTORY: &str = "ORLOP_CRASH_TEST_DIRECTORY";
const ROUNDS: usize = 50;
const WRITERS: usize = 12;
const LONGEST_MILLIS: u64 = 150;
const FEWEST_ACKS: u64 = 25;
const MOST_ACKS: u64 = 150;

/// Not a check of its own: what the child does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let store = Embedded::open(Path::new(&directory), "/registry").expect("the store opens");
    let compactions = async {
        loop {
            let newest = store.revision().await.expect("a revision");
            let _ = store.compact(newest).await;
            runtime::clock::sleep(Duration::from_millis(20)).await;
        }
    };
    futures::join!(futures::future::join_all((0..WRITERS).map(|n| write(&store, n))), compactions);
}

/// Puts numbers that only grow under one key, and removes it now and then.
async fn write(store: &Embedded, writer: usize) {
    let resource = ["pods", "events", "leases"][writer % 3];
    let key = format!("/registry/{resource}/{writer}");
    let (entry, revision) = store.get(&key).await.expect("a get");
    let mut expect = entry.map_or(Expect::Absent, |entry| Expect::Revision(entry.mod_revision));
    for step in 1.. {
        let number = revision * 1_000_000 + step;
        let remove = removal_follows(number - 1) && expect != Expect::Absent;
        let change = match remove {
            true => Change::Delete,
            false => Change::Put { value: value(number).into(), ttl: None },
        };
        match store.commit(&key, expect, change).await {
            Ok(Outcome::Done(at)) => {
                let line = format!("ack {key} {at} {}\n", if remove { 0 } else { number });
                std::io::stdout().write_all(line.as_bytes()).expect("the parent listens");
                expect = if remove { Expect::Absent } else { Expect::Revision(at) };
            }
            other => panic!("{key} was refused: {other:?}"),
        }
    }
}

fn removal_follows(number: i64) -> bool {
    number % 5 == 4
}

/// A number that fills some blocks, so that a torn write shows.
fn value(number: i64) -> Vec<u8> {
    format!("{number} ").repeat(200).into_bytes()
}

fn number(value: &[u8]) -> i64 {
    let text = std::str::from_utf8(value).expect("a whole value is text");
    let first = text.split(' ').next().expect("a split has a first part");
    let number = first.parse().expect("a number");
    assert_eq!(value, self::value(number), "a value is whole");
    number
}

#[tokio::test]
async fn no_acknowledged_write_is_lost() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut acknowledged: HashMap<String, (Revision, i64)> = HashMap::new();
    let mut newest = 1;
    let mut writes = 0;
    for round in 0..ROUNDS {
        let end = if round % 2 == 0 {
            End::After(Duration::from_millis(runtime::entropy::below(LONGEST_MILLIS)))
        } else {
            End::Acks(FEWEST_ACKS + runtime::entropy::below(MOST_ACKS - FEWEST_ACKS))
        };
        let acks = run_child(directory.path(), end);
        writes += acks.len();
        for (revision, (key, number)) in acks {
            assert!(revision > newest, "round {round}: revision {revision} was given before");
            acknowledged.insert(key, (revision, number));
        }
        let store = Embedded::open(directory.path(), "/registry").expect("it opens after a crash");
        newest = check(&store, &acknowledged, round).await.max(newest);
        store.close().await;
    }
    assert!(writes > ROUNDS * 10, "the child hardly wrote: {writes}");
}

/// When a child is killed.
enum End {
    After(Duration),
    Acks(u64),
}

/// Lets the child write until its end; what it acknowledged, in order of the revisions.
fn run_child(directory: &Path, end: End) -> BTreeMap<Revision, (String, i64)> {
    let test = std::env::current_exe().expect("a test has a file");
    let mut child = Command::new(test)
        .args(["--exact", "child", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the child starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    let (told, ack) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            stdout.read_line(&mut line).expect("text");
            // What was cut off is no acknowledgement.
            if !line.ends_with('\n') {
                return lines;
            }
            // The harness' own words may stand before the first.
            if let Some(at) = line.find("ack ") {
                lines.push(line.split_off(at));
                let _nobody_counts = told.send(());
            }
        }
    });
    match end {
        End::After(time) => std::thread::sleep(time),
        End::Acks(count) => {
            (0..count).for_each(|_| ack.recv().expect("the child writes until it is killed"));
        }
    }
    child.kill().expect("it runs until it is killed");
    child.wait().expect("a killed child ends");
    let mut acks = BTreeMap::new();
    for line in reader.join().expect("the reader ends") {
        let [_, key, revision, number] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("not an acknowledgement: {line}");
        };
        let revision = revision.parse().expect("a revision");
        let number = number.parse().expect("a number");
        let twice = acks.insert(revision, (key.to_owned(), number));
        assert!(twice.is_none(), "revision {revision} was given twice");
    }
    acks
}

/// Compares the store with what was acknowledged; returns its newest revision.
async fn check(
    store: &Embedded,
    acknowledged: &HashMap<String, (Revision, i64)>,
    round: usize,
) -> Revision {
    let newest = store.revision().await.expect("a revision");
    let page = suite::list(store, "/registry/", None).await;
    let found: HashMap<_, _> = page.entries.iter().map(|e| (e.key.as_str(), e)).collect();
    for (key, (revision, written)) in acknowledged {
        assert!(newest >= *revision, "round {round}: {key} at {revision} is beyond {newest}");
        match found.get(key.as_str()) {
            Some(entry) if entry.mod_revision == *revision => {
                assert_eq!(number(&entry.value), *written, "round {round}: {key}");
            }
            // A write that was on the disk before its acknowledgement was printed.
            Some(entry) => {
                assert!(entry.mod_revision > *revision, "round {round}: {key} went back");
                assert!(number(&entry.value) > *written, "round {round}: {key} went back");
            }
            // Removed: either that was acknowledged, or it was the next write to come.
            None => assert!(
                *written == 0 || (newest > *revision && removal_follows(*written)),
                "round {round}: {key} is lost"
            ),
        }
    }
    for entry in &page.entries {
        assert!(entry.create_revision <= entry.mod_revision && entry.mod_revision <= newest);
    }
    newest
}
