//! The clients of one process: its own, and one for each controller.

use crate::connect::connect_anonymously;
use crate::rate::limited;
use crate::{ClientError, ConnectOptions, connect, identity};
use kube::Client;
use std::sync::Arc;

type Maker = dyn Fn(&str) -> Client + Send + Sync;

/// Hands out clients. Clones hand out the same.
#[derive(Clone)]
pub struct Clients {
    own: Client,
    maker: Option<Arc<Maker>>,
}

impl Clients {
    /// Every controller speaks as the process itself.
    pub fn shared(own: Client) -> Self {
        Self { own, maker: None }
    }

    /// `maker` makes the client of the controller that it is given the name of.
    pub fn with_maker(own: Client, maker: impl Fn(&str) -> Client + Send + Sync + 'static) -> Self {
        Self { own, maker: Some(Arc::new(maker)) }
    }

    /// Clients over the network. With `per_controller` (`--use-service-account-credentials`) each
    /// controller has a service account of its own in `kube-system`.
    ///
    /// # Errors
    /// As [`connect`].
    pub async fn connect(
        options: &ConnectOptions,
        per_controller: bool,
    ) -> Result<Self, ClientError> {
        let own = connect(options).await?;
        let (root, qps, burst) = (own.clone(), options.qps, options.burst);
        if !per_controller {
            return Ok(Self::with_maker(own, move |_| limited(root.clone(), qps, burst)));
        }
        let anonymous = connect_anonymously(options).await?;
        Ok(Self::with_maker(own, move |account| {
            let client = identity::as_account(root.clone(), anonymous.clone(), account);
            limited(client, qps, burst)
        }))
    }

    /// The process's own client: informers, leases, discovery. No limit is put on it.
    pub fn own(&self) -> Client {
        self.own.clone()
    }

    /// The client that the controller with the service account `account` writes with.
    pub fn of(&self, account: &str) -> Client {
        self.maker.as_ref().map_or_else(|| self.own.clone(), |make| make(account))
    }
}

impl std::fmt::Debug for Clients {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clients").field("per_controller", &self.maker.is_some()).finish()
    }
}
