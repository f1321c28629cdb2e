//! Brings the given-out ports and addresses back in line with the services.
//!
//! Ports that nobody has are given back after they were seen so a few times, for a service may
//! be on its way. Addresses of services that lost their object get it again, and objects of
//! addresses that no service has go. Mirrors `portallocator/controller` and
//! `ipallocator/controller` of `pkg/registry/core/service`, whose events are lines of the log here.

use super::allocator::{Services, addresses_of};
use super::spec::Spec;
use super::strays::{self, Claim, stray};
use crate::objects::Cached;
use auth::Objects;
use object::{GroupResource, Result, Value, meta};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How often it is done (upstream's number).
const INTERVAL: Duration = Duration::from_secs(3 * 60);

/// How often a port must be seen without a service before it is given back (upstream's number).
const LEAK_TURNS: u8 = 3;

/// Repairs what is given out.
pub(crate) struct Repair {
    services: Arc<Services>,
    objects: Cached,
    leaks: Mutex<BTreeMap<u16, u8>>,
}

impl Repair {
    pub(crate) fn new(services: Arc<Services>, objects: Cached) -> Self {
        Self { services, objects, leaks: Mutex::default() }
    }

    /// Repairs once.
    pub(crate) async fn turn(&self) -> Result<()> {
        let services = self.objects.list(&GroupResource::new("", "services"), None);
        let mut leaks = self.leaks.lock().await;
        let (first, last) = self.services.ports.range();
        let in_use: BTreeSet<u16> = services
            .iter()
            .flat_map(|service| ports_of(service))
            .filter(|port| (first..=last).contains(port))
            .collect();
        self.services.ports.rebuild(|stored| rebuilt(stored, &in_use, &mut leaks)).await?;
        let ending = |service: &&Arc<Value>| meta::deletion_timestamp(service).is_some();
        for service in services.iter().filter(|service| !ending(service)) {
            self.mend(service).await?;
        }
        self.sweep().await
    }

    /// Repairs for ever.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut tick = runtime::clock::every(INTERVAL);
        loop {
            tick.tick().await;
            if let Err(error) = self.turn().await {
                tracing::warn!("the ports and addresses of services were not repaired: {error}");
            }
        }
    }

    /// Sees to it that each address of a service is its own.
    async fn mend(&self, service: &Value) -> Result<()> {
        let given = &self.services.addresses;
        for address in addresses_of(service) {
            let (namespace, name) = (meta::namespace(service), meta::name(service));
            if !given.is_in_range(address) {
                tracing::warn!(
                    "the address {address} of the service {namespace}/{name} is not within any \
                     service CIDR; please recreate"
                );
                continue;
            }
            if let Some(object) = self.objects.get(&known(), "", &address.to_string()) {
                match strays::claim(&object, service, self.named(&object).as_deref()) {
                    Claim::Right => continue,
                    Claim::Shared => {
                        tracing::warn!(
                            "the address {address} of the service {namespace}/{name} was assigned \
                             to other services; please recreate"
                        );
                        continue;
                    }
                    Claim::Wrong => given.discard(&object).await?,
                }
            }
            if given.claim(service, address).await? {
                tracing::warn!(
                    "the address {address} of the service {namespace}/{name} was not allocated; repaired"
                );
            }
        }
        Ok(())
    }

    /// Takes back addresses that no service has.
    async fn sweep(&self) -> Result<()> {
        for object in self.objects.list(&known(), None) {
            let created = object["metadata"]["creationTimestamp"].as_str().unwrap_or_default();
            let Ok(created) = object::time::parse(created) else { continue };
            let age = Duration::try_from(runtime::clock::now().duration_since(created));
            let service = self.named(&object);
            if let Some(why) = stray(&object, service.as_deref(), age.unwrap_or_default()) {
                let (namespace, name) = strays::parent(&object);
                tracing::warn!(
                    "the address {} of the service {namespace}/{name} {why}: cleaning up",
                    meta::name(&object)
                );
                self.services.addresses.discard(&object).await?;
            }
        }
        Ok(())
    }

    /// The service that the object of an address names.
    fn named(&self, object: &Value) -> Option<Arc<Value>> {
        let (namespace, name) = strays::parent(object);
        self.objects.get(&GroupResource::new("", "services"), namespace, name)
    }
}

fn known() -> GroupResource {
    GroupResource::new("networking.k8s.io", "ipaddresses")
}

fn ports_of(service: &Value) -> Vec<u16> {
    let mut ports = Spec(service).node_ports();
    ports.extend(Some(Spec(service).health_check_port()).filter(|port| *port != 0));
    ports
}

/// What is in use, and what may be because it has only just been seen without a service.
fn rebuilt(
    stored: &BTreeSet<u16>,
    in_use: &BTreeSet<u16>,
    leaks: &mut BTreeMap<u16, u8>,
) -> BTreeSet<u16> {
    let mut all = in_use.clone();
    leaks.retain(|port, _| !in_use.contains(port) && stored.contains(port));
    for port in stored.difference(in_use) {
        let left = leaks.entry(*port).or_insert(LEAK_TURNS - 1);
        if *left > 0 {
            *left -= 1;
            all.insert(*port);
        } else {
            tracing::warn!("the node port {port} appears to have leaked: cleaning up");
            leaks.remove(port);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leak_is_cleaned_up_when_it_was_seen_often_enough() {
        let mut leaks = BTreeMap::new();
        let in_use = BTreeSet::from([30001]);
        let mut stored = BTreeSet::from([30001, 30002]);
        for turn in 1..=LEAK_TURNS {
            stored = rebuilt(&stored, &in_use, &mut leaks);
            assert_eq!(stored.contains(&30002), turn < LEAK_TURNS, "turn {turn}");
        }
        let missing = BTreeSet::new();
        assert_eq!(rebuilt(&missing, &in_use, &mut leaks), in_use, "what is missing is put back");
    }
}
