//! What every controller is started with.

use crate::Options;
use client::{Clients, Pace};
use control::{EventType, Informers, Recorder};
use kube::{Client, Resource};
use runtime::Shutdown;
use std::sync::Arc;

/// The shared part: clients, informers, flags, the way to stop.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) clients: Clients,
    pub(crate) informers: Informers,
    pub(crate) options: Arc<Options>,
    pub(crate) shutdown: Shutdown,
    /// Whether each service account gets a Secret with a token.
    pub(crate) token_secrets: bool,
    /// The service account of the controller that this context was made for.
    account: &'static str,
}

impl Context {
    /// A context for nobody yet; see [`Context::of`].
    pub(crate) fn new(
        clients: Clients,
        options: Arc<Options>,
        shutdown: Shutdown,
        token_secrets: bool,
    ) -> Self {
        let informers = Informers::new(clients.own(), shutdown.clone());
        Self { clients, informers, options, shutdown, token_secrets, account: "" }
    }

    /// The same, for the controller with the service account `account`.
    pub(crate) fn of(&self, account: &'static str) -> Self {
        Self { account, ..self.clone() }
    }

    /// The client that this controller writes with.
    pub(crate) fn client(&self) -> Client {
        match self.account {
            "" => self.clients.own(),
            account => self.clients.of(account),
        }
    }

    /// The same for a controller that sends more than others.
    pub(crate) fn paced_client(&self, pace: Pace) -> Client {
        match self.account {
            "" => self.clients.own(),
            account => self.clients.paced(account, pace),
        }
    }

    /// What this controller tells people with, in its own name.
    pub(crate) fn recorder(&self) -> Recorder {
        self.recorder_as(self.account)
    }

    /// The same under the name `component`, where upstream's events have another than the account.
    pub(crate) fn recorder_as(&self, component: &'static str) -> Recorder {
        Recorder::new(self.client(), component, &self.shutdown)
    }
}

/// An event that a plan asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Telling {
    pub(crate) kind: EventType,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

impl Telling {
    pub(crate) fn normal(reason: &'static str, message: String) -> Self {
        Self { kind: EventType::Normal, reason, message }
    }

    pub(crate) fn tell<K: Resource<DynamicType = ()>>(self, recorder: &Recorder, object: &K) {
        recorder.tell(object, self.kind, self.reason, self.message);
    }
}
