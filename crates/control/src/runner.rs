//! Workers: take a key, work on it, put it back when it failed or wants another look.

use crate::Queue;
use client::is_conflict;
use futures::future::BoxFuture;
use runtime::Shutdown;
use std::fmt::Display;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

/// What becomes of a key whose work went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing more, until something changes.
    Done,
    /// Another look after this time.
    Again(Duration),
}

/// Why the work on a key failed.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The API server's answer.
    #[error("{}", client::message(.0))]
    Api(#[from] kube::Error),
    /// What the object asks for can't be done.
    #[error("{0}")]
    Other(String),
}

/// Runs `workers` workers of the controller `name` until `shutdown` begins.
pub fn run_workers<K, S, F>(
    name: &'static str,
    workers: usize,
    queue: Queue<K>,
    shutdown: &Shutdown,
    sync: S,
) where
    K: Clone + Eq + Hash + Ord + Display + Send + 'static,
    S: Fn(K) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Outcome, SyncError>> + Send + 'static,
{
    start(name, workers, &queue, shutdown, Arc::new(move |key| Box::pin(sync(key))));
}

/// A controller's work on a key, boxed: the loop around it is compiled once for each type of key.
type Work<K> = Arc<dyn Fn(K) -> BoxFuture<'static, Result<Outcome, SyncError>> + Send + Sync>;

fn start<K>(
    name: &'static str,
    workers: usize,
    queue: &Queue<K>,
    shutdown: &Shutdown,
    sync: Work<K>,
) where
    K: Clone + Eq + Hash + Ord + Display + Send + 'static,
{
    for _ in 0..workers {
        let (queue, sync) = (queue.clone(), sync.clone());
        shutdown.spawn_until_begun(name, async move {
            loop {
                let key = queue.next().await;
                let result = sync(key.clone()).await;
                settle(name, &queue, key, result);
            }
        });
    }
}

fn settle<K>(name: &str, queue: &Queue<K>, key: K, result: Result<Outcome, SyncError>)
where
    K: Clone + Eq + Hash + Ord + Display,
{
    match result {
        Ok(outcome) => {
            queue.forget(&key);
            if let Outcome::Again(delay) = outcome {
                queue.add_after(key.clone(), delay);
            }
        }
        Err(error) => {
            match &error {
                // A newer revision is on its way to the informer; this is no trouble.
                SyncError::Api(api) if is_conflict(api) => {
                    tracing::debug!(controller = name, %key, %error, "conflict, trying again");
                }
                _ => tracing::warn!(controller = name, %key, %error, "failed, trying again"),
            }
            queue.add_failed(key.clone());
        }
    }
    queue.done(&key);
}
