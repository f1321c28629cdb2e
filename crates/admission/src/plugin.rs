//! What a plugin is, and what it is asked.

use async_trait::async_trait;
use auth::UserInfo;
use kinds::Kind;
use object::{ApiError, Result, Value, meta};
use std::fmt;
use std::sync::Mutex;

/// What is being done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants are the API's words")]
pub enum Operation {
    Create,
    Update,
    Delete,
    Connect,
}

/// A write on its way.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What is being done.
    pub operation: Operation,
    /// The kind of the resource that the path names.
    pub kind: &'static Kind,
    /// The subresource, empty for the object itself.
    pub subresource: &'a str,
    /// The namespace, empty for cluster-wide objects.
    pub namespace: &'a str,
    /// The name; empty while `generateName` has not yet been used.
    pub name: &'a str,
    /// The object before an update or a deletion, in its stored version.
    pub old: Option<&'a Value>,
    /// The options of the verb (`CreateOptions`, `DeleteOptions` ...), where a plugin may look.
    pub options: &'a Value,
    /// Who asks.
    pub user: &'a UserInfo,
    /// Nothing will be stored: no side effects.
    pub dry_run: bool,
    /// Sentences for the client, beside the answer.
    pub warnings: &'a Mutex<Vec<String>>,
}

impl Request<'_> {
    /// Whether it is about this resource, or about a part of it.
    pub fn is(&self, group: &str, plural: &str) -> bool {
        self.kind.group == group && self.kind.plural == plural
    }

    /// Whether it is about this resource itself.
    pub fn is_whole(&self, group: &str, plural: &str) -> bool {
        self.is(group, plural) && self.subresource.is_empty()
    }

    /// Warns the client; it is told once, however often the write is tried.
    pub fn warn(&self, sentence: String) {
        let mut warnings = self.warnings.lock().expect("no holder of the lock panics");
        if !warnings.contains(&sentence) {
            warnings.push(sentence);
        }
    }

    /// 403 that names the object, as far as it has a name yet.
    pub fn forbidden(&self, object: Option<&Value>, why: impl fmt::Display) -> ApiError {
        let given = object.map(|object| match meta::name(object) {
            "" => meta::generate_name(object),
            name => name,
        });
        let name = match self.name {
            "" => given.filter(|name| !name.is_empty()).unwrap_or("Unknown"),
            name => name,
        };
        ApiError::forbidden(&self.kind.group_resource(), name, why)
    }
}

/// One admission plugin. Objects are in the kind's stored version, defaults applied.
#[async_trait]
pub trait Plugin: Send + Sync {
    /// Its name in `--enable-admission-plugins`.
    fn name(&self) -> &'static str;

    /// May change the object (absent on delete and connect), or refuse.
    async fn admit(&self, _request: &Request<'_>, _object: Option<&mut Value>) -> Result<()> {
        Ok(())
    }

    /// May refuse what will be stored.
    async fn validate(&self, _request: &Request<'_>, _object: Option<&Value>) -> Result<()> {
        Ok(())
    }
}
