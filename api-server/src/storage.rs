//! Which store the server is over, and what is encrypted in it.

mod measured;

use crate::settings::Options;
use anyhow::{Context, Result};
use measured::Measured;
use runtime::flags::Parsed;
use std::path::PathBuf;
use std::sync::Arc;
use store::encrypt::{Config, Transformers};
use store::{Encrypted, Etcd, Store, TlsFiles};

/// A store whose requests `/metrics` counts.
pub fn measured<S: Store>(store: S, options: &Options) -> impl Store {
    Measured::new(store, &options.etcd_prefix)
}

/// A client of the etcd that the flags name.
pub fn etcd(given: &Parsed) -> Result<Etcd> {
    if given.list("etcd-servers").is_empty() {
        anyhow::bail!("--etcd-servers must be specified");
    }
    let file = |name| Some(given.text(name)).filter(|text| !text.is_empty()).map(PathBuf::from);
    let files = TlsFiles {
        ca: file("etcd-cafile"),
        certificate: file("etcd-certfile"),
        key: file("etcd-keyfile"),
    };
    Etcd::new(given.list("etcd-servers"), files)
        .context("--etcd-servers, --etcd-cafile, --etcd-certfile, --etcd-keyfile")
}

/// The store, behind the encryption of `--encryption-provider-config`.
pub fn encrypted<S: Store>(store: S, options: &Options) -> Result<Arc<dyn Store>> {
    let Some(file) = &options.encryption_provider_config else { return Ok(Arc::new(store)) };
    let config = Config::load(file)?;
    let prefix = options.etcd_prefix.trim_end_matches('/');
    let transformers =
        Transformers::new(&config, |group, resource| prefixes(prefix, group, resource));
    Ok(Arc::new(Encrypted::new(store, transformers)))
}

/// The beginnings of the keys of a group's resource; `*` is every one.
fn prefixes(prefix: &str, group: &str, resource: &str) -> Vec<String> {
    if group == "*" {
        return vec![format!("{prefix}/")];
    }
    kinds::all()
        .iter()
        .filter(|kind| kind.group == group && (resource == "*" || kind.plural == resource))
        .filter_map(|kind| Some(format!("{prefix}/{}/", kind.storage?.key)))
        .collect()
}
