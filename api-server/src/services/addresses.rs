//! The cluster's addresses for services: each one in use is an IPAddress object.
//!
//! An address is taken by creating its object, which succeeds for one writer only, and given back
//! by removing it. Which addresses there are, the ServiceCIDR objects say. Mirrors
//! `pkg/registry/core/service/ipallocator` (`MetaAllocator`).

use super::families::{IPV4, IPV6, family_of};
use super::range::Range;
use cache::{Cache, Query, encode_stored};
use kinds::Kind;
use object::{ApiError, Gvk, Result, Value, json, meta};
use patch::apply::Endpoint;
use registry::store_error;
use std::net::IpAddr;
use std::sync::Arc;
use store::{Change, Expect, Outcome, Store};

const GROUP: &str = "networking.k8s.io";
/// The label of the addresses that the API server manages, and its value.
pub(super) const MANAGED_BY: (&str, &str) =
    ("ipaddress.kubernetes.io/managed-by", "ipallocator.k8s.io");
pub(super) const FAMILY_LABEL: &str = "ipaddress.kubernetes.io/ip-family";

/// Why there is no address.
#[derive(Debug, thiserror::Error)]
pub(super) enum AddressError {
    #[error("range is full")]
    Full,
    #[error("provided IP is already allocated")]
    Taken,
    #[error("the provided network does not match the current range")]
    NoRange,
    #[error("allocator not ready")]
    NotReady,
    #[error("{0}")]
    Failed(ApiError),
}

/// Takes and gives back addresses.
pub(super) struct Addresses {
    store: Arc<dyn Store>,
    cache: Arc<Cache>,
    prefix: String,
}

impl Addresses {
    pub(crate) fn new(store: Arc<dyn Store>, cache: Arc<Cache>, prefix: &str) -> Self {
        Self { store, cache, prefix: prefix.to_owned() }
    }

    /// Takes this very address for a service.
    pub(crate) async fn take(
        &self,
        service: &Value,
        address: IpAddr,
        dry_run: bool,
    ) -> std::result::Result<(), AddressError> {
        if !self.ranges().iter().any(|range| range.gives(address)) {
            return Err(AddressError::NoRange);
        }
        if dry_run || self.claim(service, address).await? {
            return Ok(());
        }
        Err(AddressError::Taken)
    }

    /// Takes any address of a family for a service.
    pub(crate) async fn take_any(
        &self,
        service: &Value,
        family: &str,
        dry_run: bool,
    ) -> std::result::Result<IpAddr, AddressError> {
        let ranges: Vec<Range> =
            self.ranges().into_iter().filter(|r| family_of(r.base()) == family).collect();
        if dry_run {
            return ranges.first().map(Range::base).ok_or(AddressError::NotReady);
        }
        let shelf = self.cache.shelf(kind("ipaddresses")?).ok_or(AddressError::NotReady)?;
        for range in ranges {
            let below = runtime::entropy::below;
            let mut search = range.search(&below);
            loop {
                let known =
                    |address: &IpAddr| matches!(shelf.get("", &address.to_string()), Ok(None));
                let Some(address) = search.find(known) else { break };
                if self.claim(service, address).await? {
                    return Ok(address);
                }
            }
        }
        Err(AddressError::Full)
    }

    /// Gives an address back; one that nobody had is no error.
    pub(crate) async fn release(&self, address: IpAddr) -> Result<()> {
        self.remove(&self.key("ipaddresses", "", &address.to_string())?).await
    }

    /// Removes what is stored at a key, if anything.
    pub(crate) async fn remove(&self, key: &str) -> Result<()> {
        let mut seen = self.store.get(key).await.map_err(store_error)?.0;
        while let Some(entry) = seen {
            let expect = Expect::Revision(entry.mod_revision);
            match self.store.commit(key, expect, Change::Delete).await.map_err(store_error)? {
                Outcome::Done(_) => return Ok(()),
                Outcome::Conflict { current } => seen = current,
            }
        }
        Ok(())
    }

    /// Removes the object of an address as it was seen; one that was made anew meanwhile stays.
    pub(super) async fn discard(&self, object: &Value) -> Result<()> {
        let name = meta::name(object);
        let shelf = self.cache.shelf(kind("ipaddresses")?);
        let Some(item) = shelf.map(|shelf| shelf.get("", name)).transpose()?.flatten() else {
            return Ok(());
        };
        if meta::uid(&item.stored_value()?) != meta::uid(object) {
            return Ok(());
        }
        let (key, expect) = (self.key("ipaddresses", "", name)?, Expect::Revision(item.revision));
        self.store.commit(&key, expect, Change::Delete).await.map(drop).map_err(store_error)
    }

    /// Whether any range has this address to give.
    pub(super) fn is_in_range(&self, address: IpAddr) -> bool {
        let kind = kind("servicecidrs").ok();
        let Some(shelf) = kind.and_then(|kind| self.cache.shelf(kind)) else { return false };
        let items = self.cache.list_now(shelf, &Query::everything()).items;
        items.iter().filter_map(|item| item.stored_value().ok()).any(|object| {
            let texts = object["spec"]["cidrs"].as_array().into_iter().flatten();
            let mut ranges = texts.filter_map(Value::as_str).filter_map(Range::parse);
            ranges.any(|range| range.gives(address))
        })
    }

    /// Where an object of a built-in kind is stored.
    pub(crate) fn key(&self, plural: &str, namespace: &str, name: &str) -> Result<String> {
        let place = kind(plural)?.storage.ok_or_else(ApiError::no_such_resource)?.key;
        let slash = if namespace.is_empty() { "" } else { "/" };
        Ok(format!("{}/{place}/{namespace}{slash}{name}", self.prefix))
    }

    /// Creates the object of an address; false when somebody else has it.
    pub(crate) async fn claim(&self, service: &Value, address: IpAddr) -> Result<bool> {
        let name = address.to_string();
        let object = claim(service, address);
        let value = encode_stored(kind("ipaddresses")?, &object)?;
        let key = self.key("ipaddresses", "", &name)?;
        let change = Change::Put { value, ttl: None };
        let outcome = self.store.commit(&key, Expect::Absent, change).await.map_err(store_error)?;
        Ok(matches!(outcome, Outcome::Done(_)))
    }

    /// The ranges that addresses are given out of: those of every ServiceCIDR that is ready.
    fn ranges(&self) -> Vec<Range> {
        let Ok(kind) = kind("servicecidrs") else { return Vec::new() };
        let Some(shelf) = self.cache.shelf(kind) else { return Vec::new() };
        let mut ranges = Vec::new();
        for item in self.cache.list_now(shelf, &Query::everything()).items {
            let Ok(object) = item.stored_value() else { continue };
            if !is_ready(&object) || meta::deletion_timestamp(&object).is_some() {
                continue;
            }
            let texts = object["spec"]["cidrs"].as_array().into_iter().flatten();
            for range in texts.filter_map(Value::as_str).filter_map(Range::parse) {
                if !ranges.contains(&range) {
                    ranges.push(range);
                }
            }
        }
        ranges
    }
}

impl From<ApiError> for AddressError {
    fn from(error: ApiError) -> Self {
        Self::Failed(error)
    }
}

pub(super) fn kind(plural: &str) -> Result<&'static Kind> {
    let mut all = kinds::all().iter().copied();
    all.find(|kind| matches!(kind.group, "" | GROUP) && kind.plural == plural)
        .ok_or_else(ApiError::no_such_resource)
}

/// One without the condition is ready: nobody may be there to say so.
fn is_ready(object: &Value) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    let ready = conditions.into_iter().flatten().find(|c| c["type"] == "Ready");
    ready.is_none_or(|condition| condition["status"] == "True")
}

/// The object that says that a service has an address.
fn claim(service: &Value, address: IpAddr) -> Value {
    let now = object::time::print(runtime::clock::now());
    let family = if address.is_ipv4() { IPV4 } else { IPV6 };
    let mut object = json!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": "IPAddress",
        "metadata": {
            "name": address.to_string(),
            "uid": runtime::entropy::uuid_v4(),
            "creationTimestamp": now,
            "labels": {FAMILY_LABEL: family, MANAGED_BY.0: MANAGED_BY.1},
        },
        "spec": {"parentRef": {
            "resource": "services",
            "namespace": meta::namespace(service),
            "name": meta::name(service),
        }},
    });
    let gvk = Gvk::new(GROUP, "v1", "IPAddress");
    if let Some(endpoint) = Endpoint::new(schema::builtin(), &gvk) {
        endpoint.update(None, &mut object, "kube-apiserver", &now);
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_names_its_service_and_its_family() {
        let service = json!({"metadata": {"name": "web", "namespace": "shop"}});
        let object = claim(&service, "fd00::7".parse().expect("an address"));
        assert_eq!(meta::name(&object), "fd00::7");
        assert_eq!(object["metadata"]["labels"][FAMILY_LABEL], "IPv6");
        let parent = &object["spec"]["parentRef"];
        assert_eq!(parent, &json!({"resource": "services", "namespace": "shop", "name": "web"}));
        assert_eq!(object["metadata"]["managedFields"][0]["manager"], "kube-apiserver");
    }

    #[test]
    fn a_range_is_ready_unless_it_says_otherwise() {
        let with =
            |status: &str| json!({"status": {"conditions": [{"type": "Ready", "status": status}]}});
        assert!(is_ready(&json!({})) && is_ready(&with("True")));
        assert!(!is_ready(&with("False")) && !is_ready(&with("Unknown")));
    }
}
