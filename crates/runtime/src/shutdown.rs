//! How a process stops: asked once it drains, asked twice it is gone.
//!
//! One [`Shutdown`] is made in `main` and cloned down. It is a signal ("begin"), and a count of
//! the tasks that want to finish first. Mirrors `k8s.io/apiserver/pkg/server/signal.go`; the
//! order of the steps of an API server's drain is not here.

use crate::spawn::guarded;
use futures::future::BoxFuture;
use std::future::Future;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The exit code of a process that is asked to stop a second time: upstream's.
const SECOND_SIGNAL_EXIT_CODE: i32 = 1;

/// The handle that everything long-lived holds. Clones are the same shutdown.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tasks: TaskTracker,
}

/// Some tasks did not finish within the drain's deadline.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{left} tasks were still running {waited:?} after the shutdown began")]
pub struct DrainTimeout {
    /// How many tasks were left.
    pub left: usize,
    /// How long they were waited for.
    pub waited: Duration,
}

impl Shutdown {
    /// A shutdown that only [`Shutdown::begin`] begins.
    pub fn new() -> Self {
        Self::default()
    }

    /// A shutdown that SIGINT or SIGTERM begins; a second signal ends the process at once.
    ///
    /// # Errors
    /// When the process may not listen to signals.
    pub fn on_signals() -> std::io::Result<Self> {
        let shutdown = Self::new();
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let begun = shutdown.clone();
        crate::spawn("signals", async move {
            for first in [true, false] {
                let name = tokio::select! {
                    _ = interrupt.recv() => "SIGINT",
                    _ = terminate.recv() => "SIGTERM",
                };
                if !first {
                    tracing::warn!(signal = name, "asked to stop a second time, leaving now");
                    std::process::exit(SECOND_SIGNAL_EXIT_CODE);
                }
                tracing::info!(signal = name, "shutting down");
                begun.begin();
            }
        })
        .detach();
        Ok(shutdown)
    }

    /// Begins the shutdown. Calling it again changes nothing.
    pub fn begin(&self) {
        self.token.cancel();
    }

    /// Whether the shutdown has begun.
    pub fn has_begun(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Returns when the shutdown begins.
    pub async fn begun(&self) {
        self.token.cancelled().await;
    }

    /// The signal alone, for libraries that take a token.
    pub fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// A shutdown that begins with this one, or alone before it. Its tasks are its own.
    pub fn child(&self) -> Self {
        Self { token: self.token.child_token(), tasks: TaskTracker::new() }
    }

    /// Starts a task that the drain waits for. It has to watch [`Shutdown::begun`] by itself.
    pub fn spawn<F>(&self, name: &'static str, work: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.spawn_boxed(name, Box::pin(work));
    }

    /// Starts a task that is dropped at its next await once the shutdown begins.
    pub fn spawn_until_begun<F>(&self, name: &'static str, work: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.spawn_boxed_until_begun(name, Box::pin(work));
    }

    // Boxed, so that what tokio compiles for each type of future is compiled once.
    fn spawn_boxed(&self, name: &'static str, work: BoxFuture<'static, ()>) {
        self.tasks.spawn(guarded(name, work));
    }

    fn spawn_boxed_until_begun(&self, name: &'static str, work: BoxFuture<'static, ()>) {
        let token = self.token.clone();
        self.tasks.spawn(guarded(name, async move {
            token.run_until_cancelled(work).await;
        }));
    }

    /// Waits until every task of this shutdown is done, for at most `deadline` after the call.
    ///
    /// # Errors
    /// [`DrainTimeout`] when some are not; they are left running.
    pub async fn drain(&self, deadline: Duration) -> Result<(), DrainTimeout> {
        self.tasks.close();
        crate::clock::timeout(deadline, self.tasks.wait())
            .await
            .map_err(|_| DrainTimeout { left: self.tasks.len(), waited: deadline })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn drain_waits_for_tasks_and_names_how_many_are_late() {
        let shutdown = Shutdown::new();
        let token = shutdown.token();
        shutdown.spawn("finishes", async move { token.cancelled().await });
        shutdown.spawn_until_begun("is cut", std::future::pending());
        assert!(!shutdown.has_begun());
        shutdown.begin();
        shutdown.begun().await;
        assert_eq!(shutdown.drain(Duration::from_secs(5)).await, Ok(()));

        let stuck = Shutdown::new();
        stuck.spawn("never ends", std::future::pending());
        stuck.begin();
        let waited = Duration::from_secs(5);
        assert_eq!(stuck.drain(waited).await, Err(DrainTimeout { left: 1, waited }));
    }

    #[tokio::test]
    async fn a_child_ends_alone_but_not_after_its_parent() {
        let parent = Shutdown::new();
        let (alone, with) = (parent.child(), parent.child());
        alone.begin();
        assert!(alone.has_begun() && !parent.has_begun());
        parent.begin();
        assert!(with.has_begun());
    }
}
