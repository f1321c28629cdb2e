//! The node ports of the cluster: one bitmap in the store, which all servers share.
//!
//! It lies at `<prefix>/ranges/servicenodeports` as upstream keeps it: a `RangeAllocation` whose
//! data are the bits as Go's `big.Int` prints them. Every change is a compare-and-swap. Mirrors
//! `pkg/registry/core/service/{portallocator,allocator}`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use object::{ApiError, Gvk, Result, Value, json};
use registry::store_error;
use std::collections::BTreeSet;
use std::sync::Arc;
use store::{Change, Entry, Expect, Outcome, Store};

/// How often a change is tried before the server gives up.
const SWAP_ATTEMPTS: usize = 64;

/// The share of the range that only people who name a port get, until the rest is full.
const STATIC_SHARE: u32 = 32;
const STATIC_MIN: u32 = 16;
const STATIC_MAX: u32 = 128;

/// What a dry run shows in place of a random port, less one.
const DRY_PORT: u16 = 32768;

/// Why a port can't be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PortError {
    #[error("provided port is already allocated")]
    Taken,
    #[error("provided port is not in the valid range. The range of valid ports is {0}-{1}")]
    OutOfRange(u16, u16),
    #[error("range is full")]
    Full,
}

/// The ports in use, and those that this write takes and gives back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Desk {
    first: u16,
    last: u16,
    used: BTreeSet<u16>,
    taken: Vec<u16>,
    dry_run: bool,
}

impl Desk {
    pub(crate) fn new(range: (u16, u16), used: BTreeSet<u16>, dry_run: bool) -> Self {
        Self { first: range.0, last: range.1, used, taken: Vec::new(), dry_run }
    }

    /// Takes this very port.
    pub(crate) fn take(&mut self, port: u16) -> std::result::Result<(), PortError> {
        if !self.dry_run && !(self.first..=self.last).contains(&port) {
            return Err(PortError::OutOfRange(self.first, self.last));
        }
        if !self.used.insert(port) {
            return Err(PortError::Taken);
        }
        self.taken.push(port);
        Ok(())
    }

    /// Takes any port: a random one, above those that are kept for people who name one.
    pub(crate) fn take_any(&mut self) -> std::result::Result<u16, PortError> {
        if self.dry_run {
            let port = self.taken.iter().max().map_or(DRY_PORT, |port| *port).saturating_add(1);
            self.taken.push(port);
            return Ok(port);
        }
        let first = u32::from(self.first);
        let size = u32::from(self.last) + 1 - first;
        let lower = lower_part(size);
        let from = |start: u32, length: u32| {
            let begin = u32::try_from(runtime::entropy::below(length.into())).unwrap_or(0);
            (0..length).filter_map(move |step| u16::try_from(start + (begin + step) % length).ok())
        };
        let free = from(first + lower, size - lower)
            .chain(from(first, lower))
            .find(|port| !self.used.contains(port))
            .ok_or(PortError::Full)?;
        self.used.insert(free);
        self.taken.push(free);
        Ok(free)
    }

    /// What was taken.
    pub(crate) fn taken(&self) -> &[u16] {
        &self.taken
    }
}

fn lower_part(size: u32) -> u32 {
    if size <= STATIC_MIN { 0 } else { (size / STATIC_SHARE).clamp(STATIC_MIN, STATIC_MAX) }
}

/// The bitmap in the store.
pub(super) struct NodePorts {
    store: Arc<dyn Store>,
    key: String,
    first: u16,
    last: u16,
}

impl NodePorts {
    pub(crate) fn new(store: Arc<dyn Store>, prefix: &str, first: u16, last: u16) -> Self {
        Self { store, key: format!("{prefix}/ranges/servicenodeports"), first, last }
    }

    /// The first and the last port.
    pub(crate) fn range(&self) -> (u16, u16) {
        (self.first, self.last)
    }

    /// Lets `work` take ports, and stores that it did. `work` may be called several times.
    pub(crate) async fn take<T>(
        &self,
        dry_run: bool,
        work: impl Fn(&mut Desk) -> Result<T> + Send + Sync,
    ) -> Result<T> {
        for _ in 0..SWAP_ATTEMPTS {
            let entry = self.read().await?.ok_or_else(|| {
                let resource = "servicenodeportallocations";
                ApiError::internal(format!(
                    "cannot allocate resources of type {resource} at this time"
                ))
            })?;
            let stored = self.decode(&entry)?;
            if stored.range != self.range_text() {
                let why = "the provided range does not match the current range";
                return Err(ApiError::internal(why));
            }
            let mut desk = Desk::new(self.range(), stored.used, dry_run);
            let outcome = work(&mut desk)?;
            if dry_run || desk.taken.is_empty() || self.write(&desk.used, Some(&entry)).await? {
                return Ok(outcome);
            }
        }
        Err(ApiError::internal("the node ports are changed too often by others"))
    }

    /// Gives ports back; one that nobody had is no error.
    pub(crate) async fn release(&self, ports: &[u16]) -> Result<()> {
        for _ in 0..SWAP_ATTEMPTS {
            let Some(entry) = self.read().await? else { return Ok(()) };
            let stored = self.decode(&entry)?;
            let mut used = stored.used.clone();
            used.retain(|port| !ports.contains(port));
            if used == stored.used || self.write(&used, Some(&entry)).await? {
                return Ok(());
            }
        }
        Err(ApiError::internal("the node ports are changed too often by others"))
    }

    /// Replaces what is stored by what `work` makes of it, in the range of this server.
    pub(crate) async fn rebuild(
        &self,
        work: impl FnOnce(&BTreeSet<u16>) -> BTreeSet<u16>,
    ) -> Result<()> {
        let entry = self.read().await?;
        let stored = entry.as_ref().map(|entry| self.decode(entry)).transpose()?;
        let used = stored.as_ref().map(|stored| stored.used.clone()).unwrap_or_default();
        let rebuilt = work(&used);
        let same = stored.is_some_and(|s| s.range == self.range_text() && s.used == rebuilt);
        if same || self.write(&rebuilt, entry.as_ref()).await? {
            return Ok(());
        }
        Err(ApiError::internal("the node ports were changed by another server"))
    }

    async fn read(&self) -> Result<Option<Entry>> {
        Ok(self.store.get(&self.key).await.map_err(store_error)?.0)
    }

    async fn write(&self, used: &BTreeSet<u16>, seen: Option<&Entry>) -> Result<bool> {
        let object = json!({
            "metadata": {},
            "range": self.range_text(),
            "data": STANDARD.encode(bits(used, self.first)),
        });
        let value = super::raw::encode(&gvk(), &object)?;
        let expect = seen.map_or(Expect::Absent, |entry| Expect::Revision(entry.mod_revision));
        let change = Change::Put { value: value.into(), ttl: None };
        let outcome = self.store.commit(&self.key, expect, change).await.map_err(store_error)?;
        Ok(matches!(outcome, Outcome::Done(_)))
    }

    fn decode(&self, entry: &Entry) -> Result<Stored> {
        let wrong = |why: &str| ApiError::store_read(&self.key, why);
        let object: Value = super::raw::decode(&gvk(), entry)?;
        let range = object["range"].as_str().unwrap_or_default().to_owned();
        let base = range.split_once('-').and_then(|(first, _)| first.parse().ok());
        let base = base.ok_or_else(|| wrong("its range is no range of ports"))?;
        let data = STANDARD.decode(object["data"].as_str().unwrap_or_default());
        let data = data.map_err(|_| wrong("its data are not base64"))?;
        Ok(Stored { range, used: ports(&data, base) })
    }

    fn range_text(&self) -> String {
        format!("{}-{}", self.first, self.last)
    }
}

struct Stored {
    range: String,
    used: BTreeSet<u16>,
}

fn gvk() -> Gvk {
    Gvk::new("", "v1", "RangeAllocation")
}

/// The bits of a big integer, its highest byte first, without leading zeros.
fn bits(used: &BTreeSet<u16>, base: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    for offset in used.iter().filter_map(|port| port.checked_sub(base)).map(usize::from) {
        if bytes.len() <= offset / 8 {
            bytes.resize(offset / 8 + 1, 0u8);
        }
        bytes[offset / 8] |= 1 << (offset % 8);
    }
    bytes.reverse();
    bytes
}

fn ports(data: &[u8], base: u16) -> BTreeSet<u16> {
    let mut used = BTreeSet::new();
    for (index, byte) in data.iter().rev().enumerate() {
        for bit in (0..8).filter(|bit| byte & (1 << bit) != 0) {
            let port = usize::from(base) + index * 8 + bit;
            used.extend(u16::try_from(port).ok());
        }
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_those_of_a_big_integer() {
        let cases: [(&[u16], &[u8]); 4] = [
            (&[], &[]),
            (&[30000], &[1]),
            (&[30008], &[1, 0]),
            (&[30001, 30009, 30015], &[0x82, 2]),
        ];
        for (used, data) in cases {
            let used: BTreeSet<u16> = used.iter().copied().collect();
            assert_eq!(bits(&used, 30000), data);
            assert_eq!(ports(data, 30000), used);
        }
    }

    #[test]
    fn ports_are_taken_once_and_the_lower_part_last() {
        let mut desk = Desk::new((30000, 30063), BTreeSet::new(), false);
        for _ in 0..48 {
            assert!(desk.take_any().expect("a port") >= 30016);
        }
        for _ in 0..16 {
            assert!(desk.take_any().expect("a port") < 30016);
        }
        assert_eq!(desk.take_any(), Err(PortError::Full));
        assert_eq!(desk.take(30020), Err(PortError::Taken));
        assert_eq!(
            desk.take(80).expect_err("a refusal").to_string(),
            "provided port is not in the valid range. The range of valid ports is 30000-30063"
        );
    }

    #[test]
    fn a_range_is_of_one_port_or_of_all() {
        for range in [(30000, 30000), (65535, 65535), (0, 65535)] {
            let mut desk = Desk::new(range, BTreeSet::new(), false);
            let size = u32::from(range.1) + 1 - u32::from(range.0);
            for _ in 0..size.min(9) {
                let port = desk.take_any().expect("a port");
                assert!((range.0..=range.1).contains(&port), "{range:?}: {port}");
            }
            assert_eq!(desk.take_any().is_err(), size == 1, "{range:?}");
        }
    }

    #[test]
    fn a_dry_run_shows_what_could_be() {
        let mut desk = Desk::new((30000, 32767), BTreeSet::from([30001]), true);
        assert_eq!(desk.take(30001), Err(PortError::Taken));
        assert_eq!((desk.take_any(), desk.take_any()), (Ok(32769), Ok(32770)));
    }

    #[tokio::test]
    async fn the_store_keeps_what_was_taken() {
        let store: Arc<dyn Store> = Arc::new(store::Memory::new());
        let ports = NodePorts::new(store, "/registry", 30000, 30063);
        let take =
            |port| ports.take(false, move |desk| desk.take(port).map_err(ApiError::internal));
        assert!(take(30001).await.is_err(), "nothing is given out before the first repair");
        ports.rebuild(BTreeSet::clone).await.expect("a first bitmap");
        take(30001).await.expect("a port");
        assert!(take(30001).await.is_err());
        ports.release(&[30001]).await.expect("given back");
        take(30001).await.expect("the port again");
    }
}
