//! Writing files that only their owner may read, whole or not at all.

use anyhow::{Context, Result};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Makes a folder, and those above it, for its owner alone; one that is there stays as it is.
pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| folder.display().to_string())
}

/// The text of a file.
pub(crate) fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))
}

/// Writes beside the file and renames, so that nobody ever finds half of one.
pub(crate) fn write(file: &Path, text: &str) -> Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let beside = Path::new(&beside);
    let context = || format!("{} can't be written", file.display());
    if let Err(error) = fs::remove_file(beside)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(error).with_context(context);
    }
    let mut out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(beside)
        .with_context(context)?;
    out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).with_context(context)?;
    fs::rename(beside, file).with_context(context)
}
