//! The log of changes on the disk, in fjall: read once, then only written.
//!
//! A group of writes is one fjall batch, which is atomic: after a crash it is there as a whole
//! or not at all. It counts as written after `fdatasync` of fjall's journal.

use super::directory::Directory;
use super::record;
use crate::history::{History, Written};
use crate::{Revision, StoreError, limits};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

const KEYSPACE: &str = "changes";

/// The open files.
pub(super) struct Disk {
    // Fields are dropped in this order: the lock goes last.
    changes: Keyspace,
    database: Database,
    directory: Directory,
}

impl Disk {
    /// Opens or makes the files, and reads the history.
    pub(super) fn open(path: &Path, lanes: Vec<String>) -> Result<(Self, History), StoreError> {
        let directory = Directory::claim(path)?;
        let data = match directory.data() {
            Some(data) => data,
            None => {
                let new = directory.make_data()?;
                drop(open(&new).map_err(|error| failed(path, &error))?);
                directory.keep_data()?
            }
        };
        let (database, changes) = open(&data).map_err(|error| failed(path, &error))?;
        let disk = Self { changes, database, directory };
        let history = disk.load(lanes)?;
        Ok((disk, history))
    }

    /// What has to be written for these changes, which come after `history`.
    pub(super) fn batch(&self, history: &History, written: &[Written]) -> Option<OwnedWriteBatch> {
        let newest = written.last()?.revision;
        let mut rows: BTreeMap<Revision, Option<&Written>> = BTreeMap::new();
        let mut newest_in_lane: HashMap<Arc<str>, Revision> = HashMap::new();
        for change in written {
            rows.insert(change.revision, Some(change));
            if !history.in_lane(&change.key) {
                continue;
            }
            // In a lane the newest version replaces the one before, and a removal all of it.
            let before = newest_in_lane
                .insert(change.key.clone(), change.revision)
                .or_else(|| history.standing(&change.key).map(|(_, revision)| revision));
            if let Some(before) = before {
                rows.insert(before, None);
            }
            if change.value.is_none() {
                rows.insert(change.revision, None);
            }
        }
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        for (revision, row) in rows {
            match row {
                Some(change) => {
                    batch.insert(&self.changes, record::row(revision), record::encode(change));
                }
                None if revision <= history.newest() => {
                    batch.remove(&self.changes, record::row(revision));
                }
                // It never reached the disk.
                None => {}
            }
        }
        batch.insert(&self.changes, record::NEWEST, newest.to_be_bytes());
        Some(batch)
    }

    /// Writes and syncs.
    pub(super) fn commit(&self, batch: OwnedWriteBatch) -> Result<(), StoreError> {
        batch.commit().map_err(|error| failed(self.directory.path(), &error))
    }

    /// Forgets the changes at `dropped`, and remembers that it did.
    pub(super) fn compact(
        &self,
        revision: Revision,
        dropped: &[Revision],
    ) -> Result<(), StoreError> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        for revision in dropped {
            batch.remove(&self.changes, record::row(*revision));
        }
        batch.insert(&self.changes, record::COMPACTED, revision.to_be_bytes());
        self.commit(batch)
    }

    fn load(&self, lanes: Vec<String>) -> Result<History, StoreError> {
        let mut history = History::new(lanes);
        for row in self.changes.prefix(record::CHANGES) {
            let (key, value) = row.into_inner().map_err(|error| self.failed(&error))?;
            let written = record::decode(&key, &value).ok_or_else(|| {
                self.damaged(&format!("the row {:02x?} cannot be read", key.as_ref()))
            })?;
            history.apply(written);
        }
        let newest = self.revision(record::NEWEST)?.unwrap_or(history.newest());
        if newest < history.newest() {
            let found = history.newest();
            return Err(self.damaged(&format!("a change {found} beyond the newest, {newest}")));
        }
        history.loaded(newest, self.revision(record::COMPACTED)?.unwrap_or(0));
        Ok(history)
    }

    fn revision(&self, row: &[u8]) -> Result<Option<Revision>, StoreError> {
        match self.changes.get(row).map_err(|error| self.failed(&error))? {
            None => Ok(None),
            Some(value) => match record::decode_revision(&value) {
                Some(revision) => Ok(Some(revision)),
                None => Err(self.damaged("a revision cannot be read")),
            },
        }
    }

    fn failed(&self, error: &fjall::Error) -> StoreError {
        failed(self.directory.path(), error)
    }

    fn damaged(&self, what: &str) -> StoreError {
        let path = self.directory.path().display();
        StoreError::Failed(format!("the directory {path} is damaged: {what}"))
    }
}

fn open(path: &Path) -> fjall::Result<(Database, Keyspace)> {
    let database = Database::builder(path)
        .worker_threads(1)
        .cache_size(limits::DISK_CACHE_BYTES)
        .max_journaling_size(limits::JOURNAL_BYTES)
        .open()?;
    let changes = database.keyspace(KEYSPACE, || {
        KeyspaceCreateOptions::default().max_memtable_size(limits::MEMTABLE_BYTES)
    })?;
    Ok((database, changes))
}

fn failed(path: &Path, error: &fjall::Error) -> StoreError {
    StoreError::Failed(format!("the directory {}: {error}", path.display()))
}
