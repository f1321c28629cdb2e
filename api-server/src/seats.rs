//! How many requests may be under way at once, and how long each may take.
//!
//! Reads and writes have seats of their own (`--max-requests-inflight`,
//! `--max-mutating-requests-inflight`); what goes on for long (watches, logs, exec) takes none, and
//! members of `system:masters` find one when all are taken. Mirrors `maxinflight.go` and
//! `timeout.go` of `k8s.io/apiserver/pkg/server/filters`; flow schemas are kept, but not followed.

use crate::query::Query;
use crate::request_info::RequestInfo;
use crate::settings::Options;
use auth::UserInfo;
use object::{ApiError, Result};
use runtime::flags::duration;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

/// Subresources that go on until somebody hangs up.
const LONG: &[&str] = &["attach", "exec", "log", "portforward", "proxy"];

/// Paths that must answer whatever the load: who asks decides over our life.
const PROBES: &[&str] = &["/healthz", "/livez", "/readyz"];

/// The seats of a server.
#[derive(Debug)]
pub(crate) struct Seats {
    reads: Option<Arc<Semaphore>>,
    writes: Option<Arc<Semaphore>>,
    patience: Option<Duration>,
}

/// A seat, or the right to do without; given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat(#[allow(dead_code, reason = "held, not read")] Option<OwnedSemaphorePermit>);

/// All seats are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Seats {
    /// As the options say; 0 is no limit.
    pub(crate) fn new(options: &Options) -> Self {
        Self::of(options.reads_max, options.writes_max, options.request_timeout)
    }

    fn of(reads_max: usize, writes_max: usize, patience: Duration) -> Self {
        let seats = |max: usize| {
            (max > 0).then(|| Arc::new(Semaphore::new(max.min(Semaphore::MAX_PERMITS))))
        };
        Self {
            reads: seats(reads_max),
            writes: seats(writes_max),
            patience: (patience > Duration::ZERO).then_some(patience),
        }
    }

    /// A seat for this request.
    pub(crate) fn take(
        &self,
        info: &RequestInfo,
        user: &UserInfo,
    ) -> std::result::Result<Seat, Full> {
        let seats = if info.is_read() { &self.reads } else { &self.writes };
        let Some(seats) = seats.as_ref().filter(|_| !is_long(info) && !is_probe(info)) else {
            return Ok(Seat(None));
        };
        match seats.clone().try_acquire_owned() {
            Ok(permit) => Ok(Seat(Some(permit))),
            Err(TryAcquireError::NoPermits) if user.in_group("system:masters") => Ok(Seat(None)),
            Err(_) => Err(Full),
        }
    }

    /// How long this request may take until its answer begins, which `?timeout=` may shorten;
    /// `None`: as long as it likes.
    ///
    /// # Errors
    /// 400 for a `timeout` that is no duration.
    pub(crate) fn patience(&self, info: &RequestInfo, query: &Query) -> Result<Option<Duration>> {
        if is_long(info) {
            return Ok(None);
        }
        let asked = match query.get("timeout") {
            // Less than nothing is no limit.
            Some(text) => duration::parse(text.trim_start_matches('-')).map_err(|why| {
                let why = format!("invalid timeout specified in the request URL - {why}");
                ApiError::bad_request(why)
            })?,
            None => Duration::ZERO,
        };
        let is_short = |text: &str| !text.starts_with('-') && asked > Duration::ZERO;
        let shorter = query.get("timeout").filter(|text| is_short(text)).map(|_| asked);
        Ok(self.patience.map(|most| shorter.map_or(most, |asked| asked.min(most))))
    }
}

/// Whether a request goes on for long: a watch, or a stream to a node or a pod.
pub(crate) fn is_long(info: &RequestInfo) -> bool {
    let subresource = info.resource.as_ref().map_or("", |about| about.subresource.as_str());
    info.verb == "watch" || LONG.contains(&subresource)
}

fn is_probe(info: &RequestInfo) -> bool {
    PROBES.iter().any(|probe| info.path.starts_with(probe))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;

    fn info(method: Method, path: &str) -> RequestInfo {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        RequestInfo::read(&method, path, &Query::parse(query)).unwrap()
    }

    #[test]
    fn a_full_house_refuses_all_but_the_privileged_and_the_patient() {
        let seats = Seats::of(1, 1, Duration::from_secs(60));
        let (joe, admin) = (UserInfo::new("joe", &[]), UserInfo::new("a", &["system:masters"]));
        let list = info(Method::GET, "/api/v1/pods");
        let first = seats.take(&list, &joe).unwrap();
        assert_eq!(seats.take(&list, &joe).err(), Some(Full));
        assert!(seats.take(&list, &admin).is_ok());
        for path in ["/api/v1/pods?watch=1", "/api/v1/namespaces/a/pods/b/log", "/readyz"] {
            assert!(seats.take(&info(Method::GET, path), &joe).is_ok(), "{path}");
        }
        let create = info(Method::POST, "/api/v1/namespaces/a/pods");
        let writes = seats.take(&create, &joe).unwrap();
        assert_eq!(seats.take(&create, &joe).err(), Some(Full));
        drop((first, writes));
        assert!(seats.take(&list, &joe).is_ok() && seats.take(&create, &joe).is_ok());
    }

    #[test]
    fn only_what_is_no_stream_has_to_hurry() {
        let seats = Seats::of(0, 0, Duration::from_secs(60));
        let patience = |path: &str| {
            let query = Query::parse(path.split_once('?').unwrap_or_default().1);
            seats.patience(&info(Method::GET, path), &query).unwrap().map(|p| p.as_secs())
        };
        assert_eq!(patience("/api/v1/pods"), Some(60));
        for (asked, seconds) in [("5s", 5), ("5m", 60), ("0s", 60), ("-1s", 60), ("", 60)] {
            assert_eq!(
                patience(&format!("/api/v1/pods?timeout={asked}")),
                Some(seconds),
                "{asked}"
            );
        }
        let wrong = seats.patience(&info(Method::GET, "/livez"), &Query::parse("timeout=1"));
        assert_eq!(
            wrong.unwrap_err().message,
            "invalid timeout specified in the request URL - time: missing unit in duration \"1\""
        );
        assert_eq!(patience("/api/v1/pods?watch=1"), None);
        assert_eq!(patience("/api/v1/namespaces/a/pods/b/exec"), None);
    }
}
