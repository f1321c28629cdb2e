//! Gives services their addresses and ports while they are written.
//!
//! Mirrors `beginCreate`, `beginUpdate` and `afterDelete` of `pkg/registry/core/service/storage`.

use super::ServiceNetwork;
use super::addresses::{AddressError, Addresses};
use super::families::{self, family_of};
use super::ports::NodePorts;
use super::spec::{Spec, refusal};
use super::{carried, node_ports};
use async_trait::async_trait;
use cache::Cache;
use kinds::Kind;
use object::{ApiError, FieldErrors, Result, Value, json, meta};
use registry::{Allocation, Allocator};
use std::net::IpAddr;
use std::sync::Arc;
use store::Store;

/// The addresses and ports of services.
pub(crate) struct Services {
    pub(super) addresses: Addresses,
    pub(super) ports: NodePorts,
    families: Vec<&'static str>,
}

impl Services {
    pub(crate) fn new(
        network: &ServiceNetwork,
        store: &Arc<dyn Store>,
        cache: &Arc<Cache>,
        prefix: &str,
    ) -> Arc<Self> {
        let prefix = prefix.trim_end_matches('/');
        Arc::new(Self {
            addresses: Addresses::new(store.clone(), cache.clone(), prefix),
            ports: NodePorts::new(store.clone(), prefix, network.first_port, network.last_port),
            families: network.ranges.iter().map(|(base, _)| family_of(*base)).collect(),
        })
    }

    /// The addresses that a service is to have from now on, and those that it loses.
    async fn addresses(
        &self,
        service: &mut Value,
        old: Option<&Value>,
        dry_run: bool,
        taken: &mut Vec<IpAddr>,
    ) -> Result<Vec<IpAddr>> {
        let Some(old) = old else {
            self.take_addresses(service, 0, dry_run, taken).await?;
            return Ok(Vec::new());
        };
        let (new, was) = (Spec(service), Spec(old));
        if families::is_settled(service, Some(old)) {
            return Ok(Vec::new());
        }
        if !was.needs_address() && new.needs_address() {
            self.take_addresses(service, 0, dry_run, taken).await?;
            return Ok(Vec::new());
        }
        if was.list("clusterIPs").first() == Some(&"None") {
            return Ok(Vec::new());
        }
        let had: Vec<IpAddr> = addresses_of(old);
        if was.needs_address() && !new.needs_address() {
            return Ok(had);
        }
        match (was.list("ipFamilies").len(), new.list("ipFamilies").len()) {
            (1, 2) => {
                self.take_addresses(service, 1, dry_run, taken).await?;
                Ok(Vec::new())
            }
            (2, 1) => Ok(had.into_iter().skip(1).collect()),
            _ => Ok(Vec::new()),
        }
    }

    /// Takes the addresses of a service, from the one of this index on.
    async fn take_addresses(
        &self,
        service: &mut Value,
        from: usize,
        dry_run: bool,
        taken: &mut Vec<IpAddr>,
    ) -> Result<()> {
        let spec = Spec(service);
        let mut texts: Vec<String> =
            spec.list("clusterIPs").into_iter().map(str::to_owned).collect();
        if !spec.needs_address() || texts.first().is_some_and(|text| text == "None") {
            return Ok(());
        }
        let families: Vec<String> =
            spec.list("ipFamilies").into_iter().map(str::to_owned).collect();
        texts.resize(families.len().max(texts.len()), String::new());
        for (index, family) in families.iter().enumerate().skip(from) {
            let asked = texts[index].clone();
            let got = if asked.is_empty() {
                let got = self.addresses.take_any(service, family, dry_run).await;
                got.map_err(|error| none(service, &texts, error))?
            } else {
                let unreadable =
                    |_| ApiError::internal(format!("failed to parse service IP {asked:?}"));
                let address: IpAddr = asked.parse().map_err(unreadable)?;
                let got = self.addresses.take(service, address, dry_run).await;
                got.map_err(|error| not_that(service, &texts, &asked, &error))?;
                address
            };
            if !dry_run {
                taken.push(got);
            }
            if asked.is_empty() {
                texts[index] = got.to_string();
            }
        }
        if from == 0 {
            service["spec"]["clusterIP"] = texts.first().cloned().unwrap_or_default().into();
        }
        service["spec"]["clusterIPs"] = json!(texts);
        Ok(())
    }

    async fn give_back(&self, addresses: &[IpAddr], ports: &[u16]) {
        for address in addresses {
            if let Err(error) = self.addresses.release(*address).await {
                tracing::warn!("the service address {address} was not given back: {error}");
            }
        }
        if let Err(error) = self.release_ports(ports).await {
            tracing::warn!("the node ports {ports:?} were not given back: {error}");
        }
    }

    async fn release_ports(&self, ports: &[u16]) -> Result<()> {
        if ports.is_empty() { Ok(()) } else { self.ports.release(ports).await }
    }
}

/// What was taken for a write, and what it loses.
struct Taken {
    services: Arc<Services>,
    addresses: Vec<IpAddr>,
    ports: Vec<u16>,
    lost_addresses: Vec<IpAddr>,
    lost_ports: Vec<u16>,
}

#[async_trait]
impl Allocation for Taken {
    async fn keep(self: Box<Self>) {
        self.services.give_back(&self.lost_addresses, &self.lost_ports).await;
    }

    async fn undo(self: Box<Self>) {
        self.services.give_back(&self.addresses, &self.ports).await;
    }
}

/// The allocator that the registry holds.
pub(crate) struct Desk(pub(crate) Arc<Services>);

#[async_trait]
impl Allocator for Desk {
    fn serves(&self, kind: &'static Kind) -> bool {
        kind.group.is_empty() && kind.plural == "services"
    }

    async fn allocate(
        &self,
        object: &mut Value,
        old: Option<&Value>,
        dry_run: bool,
    ) -> Result<Box<dyn Allocation>> {
        let services = &self.0;
        match old {
            None => carried::normalize_new(object),
            Some(old) => carried::carry(object, old),
        }
        families::init(object, old, &services.families)?;
        if !Spec(object).needs_address()
            && let Some(spec) = object["spec"].as_object_mut()
        {
            // It was once defaulted where it means nothing; upstream hides it when it is read.
            spec.remove("internalTrafficPolicy");
        }

        let mut addresses = Vec::new();
        let lost = services.addresses(object, old, dry_run, &mut addresses).await;
        let outcome = match lost {
            Ok(lost) => ports(services, object, old, dry_run).await.map(|ports| (lost, ports)),
            Err(error) => Err(error),
        };
        let (lost_addresses, ports) = match outcome {
            Ok(both) => both,
            Err(error) => {
                services.give_back(&addresses, &[]).await;
                return Err(error);
            }
        };
        let lost_ports = old.map(|old| node_ports::lost(object, old)).unwrap_or_default();
        let nothing = dry_run;
        Ok(Box::new(Taken {
            services: services.clone(),
            addresses,
            ports: if nothing { Vec::new() } else { ports },
            lost_addresses: if nothing { Vec::new() } else { lost_addresses },
            lost_ports: if nothing { Vec::new() } else { lost_ports },
        }))
    }

    async fn release(&self, object: &Value) {
        let services = &self.0;
        // So that a service that is made anew does not begin with the endpoints of this one.
        let place =
            services.addresses.key("endpoints", meta::namespace(object), meta::name(object));
        let removed = match place {
            Ok(key) => services.addresses.remove(&key).await,
            Err(error) => Err(error),
        };
        if let Err(error) = removed {
            tracing::warn!("the endpoints of a removed service were not removed: {error}");
        }
        services.give_back(&addresses_of(object), &node_ports::all(object)).await;
    }
}

/// Takes the node ports, in one write of the bitmap.
async fn ports(
    services: &Services,
    object: &mut Value,
    old: Option<&Value>,
    dry_run: bool,
) -> Result<Vec<u16>> {
    let spec = Spec(object);
    if !spec.may_have_node_ports() {
        return Ok(Vec::new());
    }
    let before = object.clone();
    let work = |desk: &mut super::ports::Desk| {
        let mut service = before.clone();
        match old {
            None => node_ports::create(&mut service, desk)?,
            Some(old) => node_ports::update(&mut service, old, desk)?,
        }
        Ok((service, desk.taken().to_vec()))
    };
    let (service, taken) = services.ports.take(dry_run, work).await?;
    *object = service;
    Ok(taken)
}

/// The addresses that a service has claimed.
pub(super) fn addresses_of(service: &Value) -> Vec<IpAddr> {
    let spec = Spec(service);
    if !spec.needs_address() {
        return Vec::new();
    }
    spec.list("clusterIPs").into_iter().filter_map(|text| text.parse().ok()).collect()
}

fn none(service: &Value, shown: &[String], error: AddressError) -> ApiError {
    if matches!(error, AddressError::Full) {
        let name = meta::name(service);
        let why = format!("failed to allocate a serviceIP for Service {name:?}: {error}");
        return ApiError::internal(why);
    }
    let mut errors = FieldErrors::new();
    errors.invalid("spec.clusterIPs", json!(shown), format!("failed to allocate IP: {error}"));
    refusal(service, errors)
}

fn not_that(service: &Value, shown: &[String], asked: &str, error: &AddressError) -> ApiError {
    let mut errors = FieldErrors::new();
    let why = format!("failed to allocate IP {asked}: {error}");
    errors.invalid("spec.clusterIPs", json!(shown), why);
    refusal(service, errors)
}
