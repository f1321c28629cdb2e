//! The embedded store: one directory, durable, no second process.
//!
//! Every value and its recent history is served from memory (see [`crate::history`]); the disk
//! is a log of changes by revision, kept by fjall, that is read once at start and otherwise only
//! written. One thread writes: it takes all writes that have queued up while the disk was busy,
//! decides them in order, syncs them together, and only then shows and acknowledges them. So
//! what any reader has seen survives `kill -9`, and many writers share one sync.
//!
//! The directory is one process's: a second one is refused with a message that names it.

mod directory;
mod disk;
mod record;
mod writer;

use crate::engine::{self, Engine, Request};
use crate::expiry;
use crate::{Change, Entry, Expect, Outcome, Page, Range, Revision, Store, StoreError, Watch};
use async_trait::async_trait;
use disk::Disk;
use runtime::Task;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use writer::Command;

/// A durable store in a directory.
#[derive(Debug)]
pub struct Embedded {
    engine: Arc<Engine>,
    commands: mpsc::Sender<Command>,
    sweep: Task<()>,
    writer: Task<()>,
}

impl Embedded {
    /// Opens the store in `directory`, and creates it if it's not there. Of the keys that
    /// [`crate::key::without_history`] names under `prefix`, the disk keeps the newest version
    /// only. Has to be called on a tokio runtime.
    ///
    /// # Errors
    /// [`StoreError::Failed`], in one line that names the directory: it is in use by another
    /// process, holds something else or another version's files, or can't be read.
    pub fn open(directory: &Path, prefix: &str) -> Result<Self, StoreError> {
        let lanes = crate::key::without_history(prefix);
        let (disk, history) = Disk::open(directory, lanes)?;
        let engine = Arc::new(Engine::new(history));
        let (commands, queue) = mpsc::channel(crate::limits::QUEUED_WRITES);
        let written = engine.clone();
        let writer =
            runtime::spawn_blocking("store-writer", move || writer::run(disk, &written, queue));
        let removals = commands.downgrade();
        let sweep = expiry::sweep(engine.clone(), move |requests| {
            writer::remove(removals.clone(), requests)
        });
        let sweep = runtime::spawn("store-expiry", sweep);
        Ok(Self { engine, commands, sweep, writer })
    }

    /// Ends the store when all writes that were queued are on the disk, and gives the directory
    /// free. Dropping does the same, without waiting for it.
    pub async fn close(self) {
        let Self { commands, sweep, writer, .. } = self;
        drop((commands, sweep));
        // Stopped can only mean that the runtime itself is ending, which waits for the thread.
        let _ = writer.await;
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Command,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let closed = || StoreError::Unavailable("the embedded store is closed".into());
        self.commands.send(command(answer)).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

#[async_trait]
impl Store for Embedded {
    async fn get(&self, key: &str) -> Result<(Option<Entry>, Revision), StoreError> {
        Ok(self.engine.get(key))
    }

    async fn range(&self, range: Range) -> Result<Page, StoreError> {
        self.engine.range(&range)
    }

    async fn commit(
        &self,
        key: &str,
        expect: Expect,
        change: Change,
    ) -> Result<Outcome, StoreError> {
        engine::check_size(&change)?;
        let request = Request { key: Arc::from(key), expect, change };
        self.ask(|answer| Command::Write(request, answer)).await
    }

    async fn watch(&self, after: Revision) -> Result<Watch, StoreError> {
        self.engine.watch(after)
    }

    async fn revision(&self) -> Result<Revision, StoreError> {
        Ok(self.engine.revision())
    }

    async fn compact(&self, revision: Revision) -> Result<(), StoreError> {
        self.ask(|answer| Command::Compact(revision, answer)).await
    }
}
