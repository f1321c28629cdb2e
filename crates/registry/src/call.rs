//! Who asks for a write, of what, and how.

use auth::{Authorized, UserInfo};
use kinds::Kind;
use object::{Gvk, Value};
use std::sync::Mutex;

/// The object that a request is about.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Its kind.
    pub kind: &'static Kind,
    /// The subresource, empty for the object itself.
    pub subresource: &'a str,
    /// Its namespace, empty for cluster-wide kinds.
    pub namespace: &'a str,
    /// Its name; empty for a create through the collection.
    pub name: &'a str,
}

/// One authorized call.
#[derive(Debug)]
pub struct Call<'a> {
    /// Who asks.
    pub user: &'a UserInfo,
    /// The proof that they may.
    pub authorized: &'a Authorized,
    /// The verb's options object, for admission.
    pub options: Value,
    /// Nothing is stored.
    pub dry_run: bool,
    /// A UID in what the caller wants says for which object it is meant (PUT); else it is a change
    /// like others, and refused as one.
    pub uid_is_precondition: bool,
    /// The type that the caller speaks of, in its version.
    pub gvk: Gvk,
    /// Who will own the fields that the call sets; `None`: the change tracks them itself (apply).
    pub manager: Option<String>,
    /// The time of the request, RFC 3339 with whole seconds.
    pub now: String,
    /// Sentences for the client's `Warning` headers.
    pub warnings: Mutex<Vec<String>>,
}

impl Call<'_> {
    /// Adds sentences for the client, each once, however often a write is tried.
    pub(crate) fn warn(&self, warnings: Vec<String>) {
        let mut known = self.warnings.lock().expect("no holder of the lock panics");
        for warning in warnings {
            if !known.contains(&warning) {
                known.push(warning);
            }
        }
    }

    /// What strategies may know of it.
    pub(crate) fn context(&self, subresource: &str) -> kinds::Context {
        kinds::Context {
            username: self.user.name.clone(),
            uid: self.user.uid.clone(),
            groups: self.user.groups.clone(),
            extra: self.user.extra.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
            now: self.now.clone(),
            subresource: subresource.to_owned(),
            api_version: self.gvk.group_version().to_string(),
        }
    }
}
