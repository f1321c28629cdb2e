//! The keys and certificates of a control plane in one process, made at its first start. Those of
//! a cluster of many machines are `orlop pki`'s.

use crate::authority::{Authority, CA_DAYS, LEAF_DAYS, Pair, Subject, ensure_key};
use crate::files;
use anyhow::Result;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// The files of a control plane's PKI.
#[derive(Clone, Debug)]
pub(super) struct Pki {
    folder: PathBuf,
    authority: Authority,
}

impl Pki {
    /// The PKI in a folder; what is missing is made. The serving certificate is for these names
    /// and addresses.
    pub(super) fn ensure(folder: &Path, names: &[String], addresses: &[IpAddr]) -> Result<Self> {
        files::make_folder(folder)?;
        let (authority, _) = Authority::ensure(pair(folder, "ca"), "orlop-ca", CA_DAYS)?;
        let mut hosts = names.to_vec();
        hosts.extend(addresses.iter().map(ToString::to_string));
        let leaves = [
            ("apiserver", subject("kube-apiserver", "", hosts)),
            ("admin", subject("kubernetes-admin", "system:masters", vec![])),
        ];
        for (file, subject) in leaves {
            authority.ensure_leaf(&pair(folder, file), &subject, LEAF_DAYS)?;
        }
        let (key, public) = (folder.join("sa.key"), folder.join("sa.pub"));
        if !key.exists() || !public.exists() {
            // Upstream's server checks tokens by a public key only where keys are P-256.
            files::write(&public, &ensure_key(&key)?.public_key_pem())?;
        }
        Ok(Self { folder: folder.to_owned(), authority })
    }

    /// A file of it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The CA's certificate, as PEM.
    pub(super) fn ca_pem(&self) -> Result<String> {
        self.authority.certificate_pem()
    }

    /// Where a certificate and its key lie.
    pub(super) fn pair(&self, name: &str) -> Pair {
        pair(&self.folder, name)
    }
}

fn pair(folder: &Path, name: &str) -> Pair {
    Pair {
        certificate: folder.join(format!("{name}.crt")),
        key: folder.join(format!("{name}.key")),
    }
}

fn subject(name: &str, group: &str, hosts: Vec<String>) -> Subject {
    Subject { name: name.to_owned(), group: group.to_owned(), hosts }
}
