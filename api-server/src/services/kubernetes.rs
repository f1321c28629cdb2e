//! The service `kubernetes` in the namespace `default`, and this server's place behind it.
//!
//! Mirrors `pkg/controlplane/controller/kubernetesservice`.

use super::leases::Leases;
use super::{ServiceNetwork, endpoints};
use crate::objects::Cached;
use crate::own::Own;
use auth::Objects;
use object::{ApiError, GroupResource, Result, json};
use runtime::Shutdown;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;
use store::Store;

/// How often the service and this server's lease are looked after (upstream's number).
const INTERVAL: Duration = Duration::from_secs(10);

/// The port of the service.
const SERVICE_PORT: u16 = 443;

/// Keeps the `kubernetes` service.
pub(crate) struct Kubernetes {
    own: Own,
    objects: Cached,
    leases: Option<Leases>,
    address: IpAddr,
    service_address: IpAddr,
    port: u16,
}

impl Kubernetes {
    /// For the server that others reach at `public`. `reconciler` is
    /// `--endpoint-reconciler-type`: `none` leaves the endpoints to somebody else.
    pub(crate) fn new(
        own: Own,
        objects: Cached,
        store: Arc<dyn Store>,
        prefix: &str,
        network: &ServiceNetwork,
        public: SocketAddr,
        reconciler: &str,
    ) -> Self {
        Self {
            own,
            objects,
            leases: (reconciler != "none").then(|| Leases::new(store, prefix)),
            address: public.ip(),
            service_address: network.kubernetes_address(),
            port: public.port(),
        }
    }

    /// Takes back what this server left behind when it did not end by itself.
    pub(crate) async fn forget_earlier_self(&self) -> Result<()> {
        self.leave(false).await
    }

    /// Looks after the service until the shutdown begins, then leaves.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        loop {
            if let Err(error) = self.turn().await {
                tracing::warn!("unable to sync kubernetes service: {error}");
            }
            let waited = runtime::clock::timeout(INTERVAL, shutdown.begun()).await;
            if waited.is_ok() {
                break;
            }
        }
        if let Err(error) = self.leave(true).await {
            tracing::warn!("unable to remove endpoints from kubernetes service: {error}");
        }
    }

    async fn turn(&self) -> Result<()> {
        let services = GroupResource::new("", "services");
        if self.objects.get(&services, "default", "kubernetes").is_none() {
            self.own.ensure(&self.service()).await?;
        }
        let Some(leases) = &self.leases else { return Ok(()) };
        leases.renew(&self.address.to_string()).await?;
        let alive = leases.list().await?;
        if alive.is_empty() {
            return Err(ApiError::internal(
                "no API server IP addresses were listed in storage, refusing to erase all \
                 endpoints for the kubernetes Service",
            ));
        }
        endpoints::reconcile(&self.own, &self.objects, &alive, self.port, false).await
    }

    /// `last`: this may be the last server, so that nothing may be left.
    async fn leave(&self, last: bool) -> Result<()> {
        let Some(leases) = &self.leases else { return Ok(()) };
        if !leases.remove(&self.address.to_string()).await? {
            return Ok(());
        }
        let alive = leases.list().await?;
        if alive.is_empty() && !last {
            return Ok(());
        }
        endpoints::reconcile(&self.own, &self.objects, &alive, self.port, true).await
    }

    fn service(&self) -> object::Value {
        json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": "kubernetes",
                "namespace": "default",
                "labels": {"component": "apiserver", "provider": "kubernetes"},
            },
            "spec": {
                "clusterIP": self.service_address.to_string(),
                "ipFamilyPolicy": "SingleStack",
                "ports": [{
                    "name": "https",
                    "port": SERVICE_PORT,
                    "protocol": "TCP",
                    "targetPort": self.port,
                }],
                "sessionAffinity": "None",
                "type": "ClusterIP",
            },
        })
    }
}

/// The address at which others reach this server: the advertised one, the one that it listens
/// on, or that of the interface that leads out of this machine.
pub(crate) fn public_address(advertised: Option<IpAddr>, bound: IpAddr) -> IpAddr {
    if let Some(address) = advertised {
        return address;
    }
    if !bound.is_unspecified() && !bound.is_loopback() {
        return bound;
    }
    // Connecting a UDP socket sends nothing; it asks the routing table.
    let outward = || {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
        Some(socket.local_addr().ok()?.ip())
    };
    outward().unwrap_or(bound)
}
