//! The only place that starts tasks. Each has a name, and none can die unnoticed.
//!
//! A panic in a task is a bug whose effects we can't bound (a half-updated cache would lie to
//! every reader), so it is logged with the task's name and the process ends, to be started again
//! on the state in the store. Upstream does the same with `runtime.HandleCrash` and its default
//! `ReallyCrash`. For tasks that a shutdown waits for, see [`crate::Shutdown::spawn`].

use futures::FutureExt;
use futures::future::BoxFuture;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::task::JoinHandle;

/// The exit code after a panic: Go's.
const PANIC_EXIT_CODE: i32 = 2;

/// A running task. Dropping it stops the task; [`Task::detach`] lets it run on.
///
/// As a future it gives what the task returned.
#[must_use = "dropping a Task stops it; call detach() to let it run on"]
#[derive(Debug)]
pub struct Task<T> {
    handle: JoinHandle<T>,
    detached: bool,
}

impl<T> Task<T> {
    /// Lets the task run until it is done or the process ends.
    pub fn detach(mut self) {
        self.detached = true;
    }

    /// Asks the task to stop at its next await.
    pub fn abort(&self) {
        self.handle.abort();
    }

    /// Whether the task has returned or was stopped.
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if !self.detached {
            self.handle.abort();
        }
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, Stopped>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.handle).poll(context).map_err(|_| Stopped)
    }
}

/// The task was stopped before it returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the task was stopped before it was done")]
pub struct Stopped;

/// Starts `work` on the runtime under `name`.
///
/// The work is boxed: what tokio compiles for each type of future, some kilobytes, then is compiled
/// once for each type of output.
pub fn spawn<F>(name: &'static str, work: F) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    Task { handle: spawn_boxed(name, Box::pin(work)), detached: false }
}

fn spawn_boxed<T: Send + 'static>(
    name: &'static str,
    work: BoxFuture<'static, T>,
) -> JoinHandle<T> {
    tokio::spawn(guarded(name, work))
}

/// Runs `work`, which may block, on a thread kept for such. It can't be stopped once it runs.
pub fn spawn_blocking<F, T>(name: &'static str, work: F) -> Task<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let handle = tokio::task::spawn_blocking(move || {
        match std::panic::catch_unwind(AssertUnwindSafe(work)) {
            Ok(value) => value,
            Err(panic) => end_process(name, &*panic),
        }
    });
    Task { handle, detached: false }
}

/// `work`, with its panics made the end of the process.
pub(crate) async fn guarded<F: Future>(name: &'static str, work: F) -> F::Output {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(value) => value,
        Err(panic) => end_process(name, &*panic),
    }
}

fn end_process(name: &'static str, panic: &(dyn std::any::Any + Send)) -> ! {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    tracing::error!(task = name, panic = message, "a task panicked, the process ends");
    std::process::exit(PANIC_EXIT_CODE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn gives_back_what_the_task_returned() {
        assert_eq!(spawn("adds", async { 1 + 1 }).await, Ok(2));
        assert_eq!(spawn_blocking("adds", || 1 + 1).await, Ok(2));
    }

    #[tokio::test]
    async fn a_dropped_task_stops_and_a_detached_one_does_not() {
        let (sender, mut receiver) = tokio::sync::mpsc::channel::<u8>(1);
        drop(spawn("held", async move {
            let _sender = sender;
            std::future::pending::<()>().await;
        }));
        assert_eq!(receiver.recv().await, None);

        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        spawn("sends", async move {
            crate::clock::sleep(Duration::from_millis(1)).await;
            sender.send(7u8).await.expect("the receiver waits");
        })
        .detach();
        assert_eq!(receiver.recv().await, Some(7));
    }
}
