//! The clients of one process: its own, and one for each controller.

use crate::connect::{anonymous_transport, transport};
use crate::rate::limited;
use crate::{ClientError, ConnectOptions, from_service, identity};
use kube::Client;
use std::sync::Arc;

/// From the name of an account, and how many times the limits of others it has.
type Maker = dyn Fn(&str, Pace) -> Client + Send + Sync;

/// How many times the usual limits a client has.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Of requests a second.
    pub qps: f64,
    /// Of requests at once.
    pub burst: u32,
}

impl Pace {
    /// That of most.
    pub const USUAL: Self = Self { qps: 1.0, burst: 1 };
}

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

    /// `maker` makes the client of the controller that it is given the name of, without limits.
    pub fn with_maker(own: Client, maker: impl Fn(&str) -> Client + Send + Sync + 'static) -> Self {
        Self { own, maker: Some(Arc::new(move |account, _| maker(account))) }
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
        let transport = transport(options).await?;
        let own = from_service(transport.clone());
        let (root, qps, burst) = (own.clone(), options.qps, options.burst);
        let paced = move |transport, pace: Pace| {
            from_service(limited(transport, qps * pace.qps, burst.saturating_mul(pace.burst)))
        };
        let maker: Arc<Maker> = if per_controller {
            let anonymous = anonymous_transport(options).await?;
            Arc::new(move |account, pace| {
                paced(identity::as_account(root.clone(), anonymous.clone(), account), pace)
            })
        } else {
            Arc::new(move |_, pace| paced(transport.clone(), pace))
        };
        Ok(Self { own, maker: Some(maker) })
    }

    /// The process's own client: informers, leases, discovery. No limit is put on it.
    pub fn own(&self) -> Client {
        self.own.clone()
    }

    /// The client that the controller with the service account `account` writes with.
    pub fn of(&self, account: &str) -> Client {
        self.paced(account, Pace::USUAL)
    }

    /// The same for one that sends more than others.
    pub fn paced(&self, account: &str, pace: Pace) -> Client {
        self.maker.as_ref().map_or_else(|| self.own.clone(), |make| make(account, pace))
    }
}

impl std::fmt::Debug for Clients {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clients").field("per_controller", &self.maker.is_some()).finish()
    }
}
