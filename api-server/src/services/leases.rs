//! The servers that are alive: one key each in the store, which goes away by itself.
//!
//! `<prefix>/masterleases/<address>` holds an Endpoints object with the address. Mirrors
//! `storageLeases` of `pkg/controlplane/reconcilers`.

use super::raw;
use object::{ApiError, Gvk, Result, json, meta};
use registry::store_error;
use std::sync::Arc;
use std::time::Duration;
use store::{Change, Expect, Outcome, Range, Store, prefix_end};

/// How long a server counts after it was last heard of (upstream's number).
const TTL: Duration = Duration::from_secs(15);

/// How often a renewal is tried.
const SWAP_ATTEMPTS: usize = 16;

/// The leases of all servers on one store.
pub(super) struct Leases {
    store: Arc<dyn Store>,
    prefix: String,
}

impl Leases {
    pub(crate) fn new(store: Arc<dyn Store>, prefix: &str) -> Self {
        Self { store, prefix: format!("{}/masterleases/", prefix.trim_end_matches('/')) }
    }

    /// The addresses of the servers that are alive.
    pub(crate) async fn list(&self) -> Result<Vec<String>> {
        let (start, end) = (self.prefix.clone(), prefix_end(&self.prefix));
        let range = Range { start, end, limit: 0, revision: None };
        let page = self.store.range(range).await.map_err(store_error)?;
        let mut addresses = Vec::with_capacity(page.entries.len());
        for entry in &page.entries {
            let object = raw::decode(&gvk(), entry)?;
            let address = object["subsets"][0]["addresses"][0]["ip"].as_str();
            addresses.extend(address.filter(|text| !text.is_empty()).map(str::to_owned));
        }
        Ok(addresses)
    }

    /// Says that the server at this address is alive.
    pub(crate) async fn renew(&self, address: &str) -> Result<()> {
        let key = format!("{}{address}", self.prefix);
        let mut seen = self.store.get(&key).await.map_err(store_error)?.0;
        for _ in 0..SWAP_ATTEMPTS {
            let mut object = match &seen {
                Some(entry) => raw::decode(&gvk(), entry)?,
                None => json!({"metadata": {}}),
            };
            object["subsets"] = json!([{"addresses": [{"ip": address}]}]);
            // Something has to change, or upstream would not write it.
            let generation = meta::generation(&object) + 1;
            meta::of(&mut object).insert("generation".into(), generation.into());
            let value = raw::encode(&gvk(), &object)?.into();
            let expect =
                seen.as_ref().map_or(Expect::Absent, |entry| Expect::Revision(entry.mod_revision));
            let change = Change::Put { value, ttl: Some(TTL) };
            match self.store.commit(&key, expect, change).await.map_err(store_error)? {
                Outcome::Done(_) => return Ok(()),
                Outcome::Conflict { current } => seen = current,
            }
        }
        Err(ApiError::internal(format!("{key} is changed too often by others")))
    }

    /// Says that the server at this address is gone; whether it was there.
    pub(crate) async fn remove(&self, address: &str) -> Result<bool> {
        let key = format!("{}{address}", self.prefix);
        let mut seen = self.store.get(&key).await.map_err(store_error)?.0;
        while let Some(entry) = seen {
            let expect = Expect::Revision(entry.mod_revision);
            match self.store.commit(&key, expect, Change::Delete).await.map_err(store_error)? {
                Outcome::Done(_) => return Ok(true),
                Outcome::Conflict { current } => seen = current,
            }
        }
        Ok(false)
    }
}

fn gvk() -> Gvk {
    Gvk::new("", "v1", "Endpoints")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_is_listed_from_its_first_renewal_until_it_leaves() {
        let leases = Leases::new(Arc::new(store::Memory::new()), "/registry");
        for address in ["10.1.0.2", "10.1.0.1", "10.1.0.2"] {
            leases.renew(address).await.expect("a lease");
        }
        assert_eq!(leases.list().await.expect("a list"), ["10.1.0.1", "10.1.0.2"]);
        assert!(leases.remove("10.1.0.2").await.expect("removed"));
        assert!(!leases.remove("10.1.0.2").await.expect("nothing to remove"));
        assert_eq!(leases.list().await.expect("a list"), ["10.1.0.1"]);
    }
}
