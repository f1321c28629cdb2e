//! The store in etcd, 3.4 to 3.6: what upstream's kube-apiserver writes there, and how.
//!
//! A write is one transaction that compares the key's mod revision and, when that fails, reads
//! the key. Reads are linearizable. It keeps nothing of its own: several API servers, of ours or
//! upstream's, share an etcd. Mirrors `apiserver/pkg/storage/etcd3` and
//! `etcd/client/v3/kubernetes`.

mod lease;
mod members;
mod proto;
mod transport;
mod watch;

pub use transport::TlsFiles;

use crate::{
    Change, Entry, Expect, Outcome, Page, Range, Revision, Store, StoreError, Watch, key, limits,
};
use async_trait::async_trait;
use bytes::Bytes;
use lease::Leases;
use members::{Members, Repeat, describe, lost, unavailable};
use std::sync::Arc;
use tonic::{Code, Status};
use transport::Address;

/// As a key: before all keys. As a range's end: beyond all keys.
const WHOLE: Bytes = Bytes::from_static(b"\0");

const RANGE: &str = "/etcdserverpb.KV/Range";
const TXN: &str = "/etcdserverpb.KV/Txn";
const COMPACT: &str = "/etcdserverpb.KV/Compact";

/// A cluster of etcd.
#[derive(Debug)]
pub struct Etcd {
    members: Arc<Members>,
    leases: Leases,
}

/// What a member says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberStatus {
    /// Its version, such as `3.4.23`.
    pub version: String,
    /// The size of its database file.
    pub size_bytes: i64,
    /// Whether it knows a leader.
    pub has_leader: bool,
    /// Its alarms, such as a database out of space.
    pub alarms: Vec<String>,
}

impl Etcd {
    /// A client for the members at `servers` (`--etcd-servers`). Connects when first asked; the
    /// addresses and files are checked now.
    ///
    /// # Errors
    /// [`StoreError::Failed`] in one line with the address or the file that is wrong.
    pub fn new(servers: &[String], files: TlsFiles) -> Result<Self, StoreError> {
        if servers.is_empty() {
            return Err(StoreError::Failed("there is no etcd server to ask".into()));
        }
        let files = Arc::new(files);
        let addresses: Result<Vec<_>, _> =
            servers.iter().map(|server| Address::parse(server, &files)).collect();
        Ok(Self { members: Arc::new(Members::new(addresses?)), leases: Leases::default() })
    }

    /// Asks each member how it is, in the order of `--etcd-servers`.
    pub async fn status(&self) -> Vec<(String, Result<MemberStatus, StoreError>)> {
        let answers = self.members.status().await.into_iter();
        let told = |answer: proto::StatusResponse| MemberStatus {
            version: answer.version,
            size_bytes: answer.size_bytes,
            has_leader: answer.leader != 0,
            alarms: answer.errors,
        };
        answers.map(|(at, answer)| (at, answer.map(told).map_err(|s| unavailable(&s)))).collect()
    }

    async fn read(&self, request: proto::RangeRequest) -> Result<proto::RangeResponse, StoreError> {
        let asked = request.revision;
        match self.members.call(RANGE, request, Repeat::Safe).await {
            Ok(answer) => Ok(answer),
            Err(status) => Err(self.failure(&status, asked).await),
        }
    }

    /// What a refusal means; `asked` is the revision in question.
    async fn failure(&self, status: &Status, asked: Revision) -> StoreError {
        match failure(status, asked) {
            // etcd doesn't say how far it is.
            StoreError::Future { asked, .. } => match Box::pin(self.revision()).await {
                Ok(newest) => StoreError::Future { asked, newest },
                Err(error) => error,
            },
            error => error,
        }
    }

    /// One compare-and-swap, as upstream's client writes it.
    async fn transact(
        &self,
        key: &Bytes,
        expect: Expect,
        change: &Change,
    ) -> Result<proto::TxnResponse, Refused> {
        let refused = |status| Refused { status, lease: None };
        let mut lease = 0;
        let write = match change {
            Change::Delete => {
                proto::Operation::Delete(proto::DeleteRangeRequest { key: key.clone() })
            }
            Change::Put { value, ttl } => {
                if let Some(ttl) = ttl {
                    lease = self.leases.lease(&self.members, *ttl).await.map_err(refused)?;
                }
                let (key, value) = (key.clone(), value.clone());
                proto::Operation::Put(proto::PutRequest { key, value, lease })
            }
        };
        let read = proto::RangeRequest { key: key.clone(), ..Default::default() };
        let compare = proto::Compare {
            result: 0,
            target: proto::COMPARE_MOD,
            key: key.clone(),
            mod_revision: Some(match expect {
                Expect::Absent => 0,
                Expect::Revision(revision) => revision,
            }),
        };
        let request = proto::TxnRequest {
            compare: vec![compare],
            success: vec![proto::RequestOp { request: Some(write) }],
            failure: vec![proto::RequestOp { request: Some(proto::Operation::Range(read)) }],
        };
        self.members.call(TXN, request, Repeat::Never).await.map_err(|status: Status| {
            let gone = lease != 0 && status.code() == Code::NotFound;
            Refused { lease: gone.then_some(lease), status }
        })
    }
}

/// A transaction that etcd did not carry out, or not for sure.
struct Refused {
    status: Status,
    /// The lease that was the reason.
    lease: Option<i64>,
}

#[async_trait]
impl Store for Etcd {
    async fn get(&self, key: &str) -> Result<(Option<Entry>, Revision), StoreError> {
        let request = proto::RangeRequest { key: bytes(key), ..Default::default() };
        let answer = self.read(request).await?;
        let revision = revision(answer.header)?;
        Ok((answer.kvs.into_iter().next().map(entry), revision))
    }

    async fn range(&self, range: Range) -> Result<Page, StoreError> {
        let request = proto::RangeRequest {
            key: or_whole(&range.start),
            range_end: or_whole(&range.end),
            limit: i64::try_from(range.limit).unwrap_or(i64::MAX),
            revision: range.revision.unwrap_or(0).max(0),
            count_only: false,
        };
        let answer = self.read(request).await?;
        let asked = range.revision.filter(|asked| *asked > 0);
        Ok(Page {
            revision: asked.map_or_else(|| revision(answer.header), Ok)?,
            entries: answer.kvs.into_iter().map(entry).collect(),
            more: answer.more,
            count: answer.count,
        })
    }

    async fn commit(
        &self,
        key: &str,
        expect: Expect,
        change: Change,
    ) -> Result<Outcome, StoreError> {
        let key = bytes(key);
        let mut attempt = self.transact(&key, expect, &change).await;
        if let Err(Refused { lease: Some(lease), .. }) = &attempt {
            // etcd knows the lease no more, so nothing was written; a new one will do.
            self.leases.forget(*lease).await;
            attempt = self.transact(&key, expect, &change).await;
        }
        let answer = attempt.map_err(|Refused { status, .. }| {
            oversized(&status, &change).unwrap_or_else(|| failure(&status, 0))
        })?;
        if answer.succeeded {
            return revision(answer.header).map(Outcome::Done);
        }
        let found = answer.responses.into_iter().find_map(|response| response.range);
        let current = found.and_then(|range| range.kvs.into_iter().next()).map(entry);
        Ok(Outcome::Conflict { current })
    }

    async fn watch(&self, after: Revision) -> Result<Watch, StoreError> {
        let reader = watch::Reader::new(self.members.clone(), after);
        Ok(Box::pin(futures::stream::unfold(reader, watch::Reader::next)))
    }

    async fn revision(&self) -> Result<Revision, StoreError> {
        let key = bytes(key::COMPACTION);
        let request = proto::RangeRequest { key, count_only: true, ..Default::default() };
        revision(self.read(request).await?.header)
    }

    async fn compact(&self, revision: Revision) -> Result<(), StoreError> {
        let request = proto::CompactionRequest { revision };
        let answer: Result<proto::CompactionResponse, Status> =
            self.members.call(COMPACT, request, Repeat::Never).await;
        match answer {
            Ok(_) => Ok(()),
            Err(status) => Err(self.failure(&status, revision).await),
        }
    }
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn or_whole(key: &str) -> Bytes {
    if key.is_empty() { WHOLE } else { bytes(key) }
}

fn revision(header: Option<proto::ResponseHeader>) -> Result<Revision, StoreError> {
    let header = header.ok_or_else(|| StoreError::Failed("etcd answered without a header".into()));
    header.map(|header| header.revision)
}

/// A key that is no text is nothing of ours; it has its place in the history all the same.
fn entry(kv: proto::KeyValue) -> Entry {
    let key = String::from_utf8(kv.key)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    Entry {
        key,
        value: Bytes::from(kv.value),
        create_revision: kv.create_revision,
        mod_revision: kv.mod_revision,
        unreadable: None,
    }
}

/// etcd tells its errors apart by their text (`api/v3/v3rpc/rpctypes`).
fn failure(status: &Status, asked: Revision) -> StoreError {
    let text = status.message();
    match status.code() {
        _ if lost(status) => unavailable(status),
        Code::OutOfRange if text.contains("has been compacted") => {
            StoreError::Compacted { asked, oldest: 0 }
        }
        Code::OutOfRange if text.contains("future revision") => {
            StoreError::Future { asked, newest: 0 }
        }
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown => {
            unavailable(status)
        }
        // The alarm "out of space", and its kin: reads still work, writes may do so later.
        Code::ResourceExhausted => unavailable(status),
        _ => StoreError::Failed(describe(status)),
    }
}

/// The refusal of a value that is too large, by etcd or by its gRPC server.
fn oversized(status: &Status, change: &Change) -> Option<StoreError> {
    let text = status.message();
    let refused = text.contains("request is too large") || text.contains("message larger than max");
    match change {
        Change::Put { value, .. } if refused => {
            Some(StoreError::TooLarge { bytes: value.len(), limit_bytes: limits::VALUE_BYTES })
        }
        _ => None,
    }
}
