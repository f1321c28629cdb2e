//! What `cargo xtask` does: it reads upstream's Go modules and asks upstream's programs, and writes
//! the tables and goldens that are committed. Builds and tests of the product need none of it.

pub mod bench;
pub mod check;
pub mod compare;
pub mod hardway;
pub mod modules;
pub mod prepare;
pub mod record;
pub mod schema;
pub mod tidy;
pub mod tools;
pub mod upstream;

use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("this crate lies two folders below the root").to_path_buf()
}
