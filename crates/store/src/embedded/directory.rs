//! The directory: whose it is, and which layout it has.
//!
//! `LOCK` is held by the process that has the store open, and the kernel lets go of it when that
//! process dies, however it dies. `FORMAT` says what the rest is. `data` is fjall's.

use crate::StoreError;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// What `FORMAT` has to say.
pub(super) const FORMAT: &str = "orlop store 1\n";

const LOCK_FILE: &str = "LOCK";
const FORMAT_FILE: &str = "FORMAT";
const DATA: &str = "data";
/// Where `data` is made: it gets its name when it is complete, so that a process killed while
/// making it leaves nothing that looks done.
const DATA_NEW: &str = "data.new";
/// What a freshly made file system has at its top.
const LOST_AND_FOUND: &str = "lost+found";

/// A directory that is locked for this process, for as long as this lives.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Locks the directory, which is made if it is missing (for its owner only, as etcd's is),
    /// and checks its format.
    pub(super) fn claim(path: &Path) -> Result<Self, StoreError> {
        let failed = |error: io::Error| failed(path, &error);
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        let lock = File::create(path.join(LOCK_FILE)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let path = path.display();
                return Err(StoreError::Failed(format!(
                    "the directory {path} is in use by another process"
                )));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let directory = Self { path: path.to_owned(), _lock: lock };
        directory.check_format()?;
        Ok(directory)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the data is, once it has been made.
    pub(super) fn data(&self) -> Option<PathBuf> {
        let data = self.path.join(DATA);
        data.is_dir().then_some(data)
    }

    /// An empty place to make the data in.
    pub(super) fn make_data(&self) -> Result<PathBuf, StoreError> {
        let new = self.path.join(DATA_NEW);
        match fs::remove_dir_all(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(&self.path, &error)),
            _ => Ok(new),
        }
    }

    /// Gives the data that was made its name, durably.
    pub(super) fn keep_data(&self) -> Result<PathBuf, StoreError> {
        let data = self.path.join(DATA);
        fs::rename(self.path.join(DATA_NEW), &data)
            .and_then(|()| File::open(&self.path)?.sync_all())
            .map_err(|error| failed(&self.path, &error))?;
        Ok(data)
    }

    fn check_format(&self) -> Result<(), StoreError> {
        match fs::read_to_string(self.path.join(FORMAT_FILE)) {
            Ok(format) if format == FORMAT => Ok(()),
            Ok(format) => Err(self.refuse(&format!(
                "holds files of the format {:?}, this is {:?}",
                format.trim(),
                FORMAT.trim()
            ))),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.check_empty()?;
                self.write_format().map_err(|error| failed(&self.path, &error))
            }
            Err(error) => Err(failed(&self.path, &error)),
        }
    }

    fn check_empty(&self) -> Result<(), StoreError> {
        let temporary = format!("{FORMAT_FILE}.new");
        for file in fs::read_dir(&self.path).map_err(|error| failed(&self.path, &error))? {
            let name = file.map_err(|error| failed(&self.path, &error))?.file_name();
            if name != LOCK_FILE && name != LOST_AND_FOUND && name != temporary.as_str() {
                let name = name.display();
                return Err(self.refuse(&format!("is not a store and not empty: it has {name}")));
            }
        }
        Ok(())
    }

    fn write_format(&self) -> io::Result<()> {
        let temporary = self.path.join(format!("{FORMAT_FILE}.new"));
        let mut file = File::create(&temporary)?;
        file.write_all(FORMAT.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, self.path.join(FORMAT_FILE))?;
        File::open(&self.path)?.sync_all()
    }

    fn refuse(&self, why: &str) -> StoreError {
        StoreError::Failed(format!("the directory {} {why}", self.path.display()))
    }
}

fn failed(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Failed(format!("the directory {}: {error}", path.display()))
}
