//! The members of an etcd cluster: which one is asked, and what happens when it doesn't answer.
//!
//! One member is preferred until it fails, then the next. A call that may be repeated is; one
//! that writes is repeated only when it surely never left this process, so that no write happens
//! twice. Mirrors `client/v3/retry_interceptor`.

use super::proto;
use super::transport::Address;
use crate::{StoreError, limits};
use futures::StreamExt;
use http::uri::PathAndQuery;
use runtime::clock;
use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use tonic::client::Grpc;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Code, ConnectError, Request, Status, Streaming};
use tonic_prost::ProstCodec;

/// Whether a call may be sent twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It only reads, or its second time changes nothing.
    Safe,
    /// It writes.
    Never,
}

/// The members, of which any one will do.
#[derive(Debug)]
pub(super) struct Members {
    members: Vec<Member>,
    preferred: AtomicUsize,
}

#[derive(Debug)]
struct Member {
    address: Address,
    calls: Channel,
    /// Apart from the calls, so that neither waits for the other's window.
    watches: Channel,
}

impl Members {
    pub(super) fn new(addresses: Vec<Address>) -> Self {
        let members = addresses
            .into_iter()
            .map(|address| Member { calls: address.channel(), watches: address.channel(), address })
            .collect();
        Self { members, preferred: AtomicUsize::new(0) }
    }

    /// Calls the preferred member, and the others when it can't be reached.
    pub(super) async fn call<Q, A>(
        &self,
        path: &'static str,
        message: Q,
        repeat: Repeat,
    ) -> Result<A, Status>
    where
        Q: prost::Message + Clone + 'static,
        A: prost::Message + Default + 'static,
    {
        let deadline = clock::monotonic() + limits::ETCD_CALL_TIMEOUT;
        let attempts = self.members.len() * limits::ETCD_ROUNDS_PER_CALL;
        let mut attempt = 1;
        loop {
            let at = self.preferred.load(Ordering::Relaxed);
            let left = deadline.saturating_duration_since(clock::monotonic());
            let call = unary(self.members[at].calls.clone(), path, message.clone());
            let status = match clock::timeout(left, call).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(status)) => status,
                Err(_) => Status::deadline_exceeded(format!(
                    "{} did not answer in time",
                    self.members[at].address.text()
                )),
            };
            if !elsewhere(&status) {
                return Err(status);
            }
            self.leave(at);
            let may = repeat == Repeat::Safe || unsent(&status);
            if !may || attempt >= attempts || clock::monotonic() >= deadline {
                return Err(status);
            }
            if attempt % self.members.len() == 0 {
                clock::sleep(limits::ETCD_ROUND_PAUSE).await;
            }
            attempt += 1;
        }
    }

    /// Opens a watch stream on the preferred member. The one who gives up on it calls
    /// [`Members::leave`] with the number that is returned.
    pub(super) async fn watch(
        &self,
        create: proto::WatchCreateRequest,
    ) -> (usize, Result<Streaming<proto::WatchResponse>, Status>) {
        let at = self.preferred.load(Ordering::Relaxed);
        let opening = open_watch(self.members[at].watches.clone(), create);
        let opened = match clock::timeout(limits::ETCD_CALL_TIMEOUT, opening).await {
            Ok(opened) => opened,
            Err(_) => Err(Status::deadline_exceeded("the watch was not opened in time")),
        };
        (at, opened)
    }

    /// Prefers the member after `at`, unless another caller has done so already.
    pub(super) fn leave(&self, at: usize) {
        let next = (at + 1) % self.members.len();
        // Failing means that another one was faster.
        let _ = self.preferred.compare_exchange(at, next, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Asks each member by itself, in the order of `--etcd-servers`.
    pub(super) async fn status(&self) -> Vec<(String, Result<proto::StatusResponse, Status>)> {
        let asks = self.members.iter().map(|member| async {
            let path = "/etcdserverpb.Maintenance/Status";
            let call = unary(member.calls.clone(), path, proto::StatusRequest {});
            let answer = match clock::timeout(limits::ETCD_STATUS_TIMEOUT, call).await {
                Ok(answer) => answer,
                Err(_) => Err(Status::deadline_exceeded("no answer in time")),
            };
            (member.address.text().to_owned(), answer)
        });
        futures::future::join_all(asks).await
    }
}

/// What went wrong, down to its cause, in one line.
pub(super) fn describe(status: &Status) -> String {
    let mut text = match status.message() {
        "" => status.code().to_string(),
        message => message.to_owned(),
    };
    let mut cause = status.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    if text.contains(ALERT) {
        text += ": etcd does not trust the client certificate of --etcd-certfile";
    } else if ENDED.iter().any(|end| text.contains(end)) {
        text += "; an etcd that goes away says no more, nor does one that does not trust the \
                 client certificate of --etcd-certfile";
    }
    text
}

/// How the library calls a refusal of the other end.
const ALERT: &str = "received fatal alert";
/// How the libraries and the system call the end of a connection on which an answer was awaited.
/// With TLS 1.3 a server looks at the client's certificate only once the client is through with
/// its handshake; what the client has written by then may be refused before the alert is read.
const ENDED: [&str; 4] =
    ["connection closed", "a broken pipe", "Broken pipe", "Connection reset by peer"];

pub(super) fn unavailable(status: &Status) -> StoreError {
    StoreError::Unavailable(describe(status))
}

/// Whether the answer was lost on the way: what a server says itself has no cause behind it.
pub(super) fn lost(status: &Status) -> bool {
    status.source().is_some()
}

/// Whether another member could do better.
fn elsewhere(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled)
        || lost(status)
}

/// Whether the call surely never left this process.
fn unsent(status: &Status) -> bool {
    causes(status).any(|cause| cause.is::<ConnectError>())
}

fn causes(status: &Status) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(status.source(), |cause| (**cause).source())
}

fn grpc(channel: Channel) -> Grpc<Channel> {
    Grpc::new(channel).max_decoding_message_size(limits::ETCD_ANSWER_BYTES)
}

/// The time limit is the caller's.
async fn unary<Q, A>(channel: Channel, path: &'static str, message: Q) -> Result<A, Status>
where
    Q: prost::Message + 'static,
    A: prost::Message + Default + 'static,
{
    let mut grpc = grpc(channel);
    grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
    let path = PathAndQuery::from_static(path);
    let answer = grpc.unary(Request::new(message), path, ProstCodec::<Q, A>::default()).await?;
    Ok(answer.into_inner())
}

async fn open_watch(
    channel: Channel,
    create: proto::WatchCreateRequest,
) -> Result<Streaming<proto::WatchResponse>, Status> {
    let mut grpc = grpc(channel);
    grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
    let create = proto::WatchRequest { create: Some(create) };
    let requests = futures::stream::once(async { create }).chain(futures::stream::pending());
    let mut request = Request::new(requests);
    // A member that has lost its leader ends the stream then, instead of falling silent.
    request.metadata_mut().insert("hasleader", MetadataValue::from_static("true"));
    let path = PathAndQuery::from_static("/etcdserverpb.Watch/Watch");
    let codec = ProstCodec::<proto::WatchRequest, proto::WatchResponse>::default();
    Ok(grpc.streaming(request, path, codec).await?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_ends_says_what_that_may_mean() {
        for ended in [
            "connection error: connection closed",
            "connection error: stream closed because of a broken pipe",
            "connection error: Broken pipe (os error 32)",
            "connection error: Connection reset by peer (os error 104)",
            "connection error: received fatal alert: BadCertificate",
        ] {
            let said = describe(&Status::from_error(ended.into()));
            assert_eq!(said.matches("does not trust the client certificate").count(), 1, "{said}");
        }
        let refused = Status::from_error("connecting to https://a:2379: refused".into());
        assert!(!describe(&refused).contains("trust"), "{refused}");
    }
}
