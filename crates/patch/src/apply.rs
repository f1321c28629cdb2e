//! Server-side apply: who owns which fields of an object, and how a configuration is applied.
//!
//! Every write runs through [`Endpoint::update`] or [`Endpoint::apply`], which keep
//! `metadata.managedFields`. Mirrors `k8s.io/apimachinery/pkg/util/managedfields` and
//! `sigs.k8s.io/structured-merge-diff/v6`, through the schema of the `schema` crate. Times come
//! from the caller, as RFC 3339.

mod compare;
mod conflict;
mod fields;
mod last_applied;
mod merge;
mod owners;
pub mod scale;
mod set;
mod shown;
mod types;
mod updater;
mod validate;

pub use set::{Path, Set};

use object::{ApiError, Gvk, Reason, Value, meta};
use owners::{Owner, Owners};
use schema::{Schema, TypeId};
use types::Ty;
use updater::Failure;

/// Gives an object in another `apiVersion`, none where it has no such version.
pub type Convert<'a> = dyn Fn(&Value, &str) -> Option<Value> + Sync + 'a;

/// Where objects of a kind are written: the main resource, or a subresource of it.
#[derive(Clone, Copy)]
pub struct Endpoint<'a> {
    /// Where the kind's type is from.
    pub schema: &'a Schema,
    /// The kind's type in this version.
    pub root: TypeId,
    /// The kind, in the version of the request.
    pub gvk: &'a Gvk,
    /// `status` and the like; empty for the main resource.
    pub subresource: &'a str,
    /// The fields that this endpoint doesn't own, such as `status` for the main resource:
    /// upstream's `resetFields`.
    pub reset: Option<&'a Set>,
    /// How an object gets into the versions of other managers. Without it, versions are taken to
    /// differ in nothing but their name.
    pub convert: Option<&'a Convert<'a>>,
}

impl<'a> Endpoint<'a> {
    /// The main resource of a kind; none where the schema doesn't have it.
    pub fn new(schema: &'a Schema, gvk: &'a Gvk) -> Option<Self> {
        let root = schema.root(gvk)?;
        Some(Self { schema, root, gvk, subresource: "", reset: None, convert: None })
    }

    fn api_version(&self) -> String {
        self.gvk.group_version().to_string()
    }

    fn owner(&self, name: &str, applied: bool, time: &str) -> Owner {
        Owner {
            name: if name.is_empty() { "unknown".to_owned() } else { name.to_owned() },
            subresource: self.subresource.to_owned(),
            api_version: self.api_version(),
            applied,
            time: Some(time.to_owned()),
            set: Set::new(),
        }
    }

    /// Sets `metadata.managedFields` of an object that a create (`live` is none), an update, or
    /// another kind of patch made: `manager` owns what differs from the live object.
    ///
    /// What can't be tracked is not tracked: nothing fails for the sake of managed fields.
    pub fn update(&self, live: Option<&Value>, new: &mut Value, manager: &str, time: &str) {
        let owners = self.owners_for_update(live, new);
        owners::clear(new);
        let is_old_and_untracked =
            owners.is_empty() && live.is_some_and(|live| !meta::uid(live).is_empty());
        if is_old_and_untracked {
            return;
        }
        if let Ok(owners) = self.tracked(live, new, owners, manager, time) {
            owners::write(new, &owners);
        }
    }

    fn owners_for_update(&self, live: Option<&Value>, new: &Value) -> Owners {
        let of_live = || live.and_then(|live| owners::read(live).ok()).unwrap_or_default();
        if !self.subresource.is_empty() {
            return of_live();
        }
        if owners::is_reset(new) {
            return Owners::new();
        }
        match owners::read(new) {
            Ok(owners) if !owners.is_empty() => owners,
            _ => of_live(),
        }
    }

    fn tracked(
        &self,
        live: Option<&Value>,
        new: &Value,
        owners: Owners,
        manager: &str,
        time: &str,
    ) -> Result<Owners, String> {
        let ty = Ty::root(self.schema, self.root);
        let live = self.live(live);
        let new = shown::shown(self.schema, self.root, new);
        validate::validate(ty, &new, true)?;
        validate::validate(ty, &live, true)?;
        let owner = self.owner(manager, false, time);
        let mut owners = self.updated(&live, &new, owners, &owner);
        owners::cap(&mut owners);
        Ok(owners)
    }

    /// The live object as upstream shows it, without managed fields; or what stands for none.
    fn live(&self, live: Option<&Value>) -> Value {
        let mut live = match live {
            Some(live) => shown::shown(self.schema, self.root, live),
            None => shown::nothing(self.schema, self.root, self.gvk),
        };
        owners::clear(&mut live);
        live
    }

    /// Applies a configuration to an object, or makes the object. `force` takes fields from other
    /// managers.
    ///
    /// The result holds values as the configuration wrote them, so that it has to be read through
    /// the schema and defaulted as any request's body.
    ///
    /// # Errors
    /// 409 with each conflict; 400 for a configuration of another kind, or with managed fields;
    /// 500 for one that doesn't fit the schema, as upstream has it.
    pub fn apply(
        &self,
        live: Option<&Value>,
        config: &Value,
        manager: &str,
        force: bool,
        time: &str,
    ) -> Result<Value, ApiError> {
        let owners = owners::read(live.unwrap_or(&Value::Null))
            .map_err(|e| failed(format!("failed to decode managed fields: {e}")))?;
        self.check_kind(config)?;
        let live_object = self.live(live);
        let owners = if owners.is_empty() {
            self.tracked(None, &live_object, owners, "before-first-apply", time)
                .map_err(|e| failed(format!("failed to create manager for existing fields: {e}")))?
        } else {
            owners
        };
        self.check_fit(&live_object, config)?;
        let own = self.owner(manager, true, time);
        let outcome = match self.applied(&live_object, config, owners.clone(), &own, force) {
            Err(Failure::Conflicts(conflicts)) if own.name == last_applied::MANAGER => {
                let ty = Ty::root(self.schema, self.root);
                let own_fields = last_applied::uncontested(ty, &live_object, &self.api_version());
                let mut rest = conflicts;
                if let Some(own_fields) = own_fields {
                    rest.retain(|conflict| !own_fields.has(&conflict.path.0));
                }
                if rest.is_empty() {
                    self.applied(&live_object, config, owners, &own, true)
                } else {
                    Err(Failure::Conflicts(rest))
                }
            }
            outcome => outcome,
        };
        let (changed, mut owners) = outcome.map_err(|failure| match failure {
            Failure::Conflicts(conflicts) => conflict::refusal(&conflicts),
            Failure::Other(message) => failed(message),
        })?;
        let result = match changed {
            Some(changed) => {
                if let Some(owner) = owners.get_mut(&own.identifier()) {
                    owner.time = own.time.clone();
                }
                changed
            }
            None => live_object,
        };
        let mut result = shown::without_nulls(self.schema, self.root, result);
        if own.name == last_applied::MANAGER {
            last_applied::renew(&mut result, config);
        }
        owners::write(&mut result, &owners);
        Ok(result)
    }

    /// Gives managed fields back their old times where nothing else differs, so that an apply
    /// without effect writes nothing.
    pub fn ignore_timestamps(&self, old: &Value, new: &mut Value) {
        let entries = |object: &Value| {
            object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default()
        };
        let (old_entries, mut new_entries) = (entries(old), entries(new));
        if old_entries.len() != new_entries.len() || old_entries.is_empty() {
            return;
        }
        for (old, new) in old_entries.iter().zip(&mut new_entries) {
            match (old.get("time"), new.as_object_mut()) {
                (Some(time), Some(new)) => {
                    new.insert("time".to_owned(), time.clone());
                }
                (None, Some(new)) => {
                    new.remove("time");
                }
                _ => return,
            }
        }
        if old_entries != new_entries {
            return;
        }
        if self.live(Some(old)) == self.live(Some(new)) {
            new["metadata"]["managedFields"] = Value::Array(new_entries);
        }
    }

    fn check_kind(&self, config: &Value) -> Result<(), ApiError> {
        let text = |field: &str| config[field].as_str().unwrap_or_default().to_owned();
        let (group, version) = match text("apiVersion").split_once('/') {
            Some((group, version)) => (group.to_owned(), version.to_owned()),
            None => (String::new(), text("apiVersion")),
        };
        let gvk = Gvk::new(group, version, text("kind"));
        if gvk != *self.gvk {
            return Err(ApiError::bad_request(format!("invalid object type: {gvk}")));
        }
        Ok(())
    }

    fn check_fit(&self, live: &Value, config: &Value) -> Result<(), ApiError> {
        if !config["metadata"]["managedFields"].is_null() {
            return Err(ApiError::bad_request("metadata.managedFields must be nil"));
        }
        let ty = Ty::root(self.schema, self.root);
        let (namespace, name) = (meta::namespace(config), meta::name(config));
        let about = format!("{namespace}/{name}; {}", self.gvk);
        validate::validate(ty, config, false)
            .map_err(|e| failed(format!("failed to create typed patch object ({about}): {e}")))?;
        validate::validate(ty, live, true)
            .map_err(|e| failed(format!("failed to create typed live object ({about}): {e}")))
    }
}

fn failed(message: String) -> ApiError {
    ApiError::new(500, Reason::Unknown, message)
}

/// Checks an object's `metadata.managedFields`, as they must be after admission.
///
/// # Errors
/// Names the first entry that isn't one.
pub fn validate_managed_fields(object: &Value) -> Result<(), String> {
    owners::read(object).map(|_| ())
}

/// The manager of a request that doesn't name one: the start of its user agent.
pub fn manager_of_user_agent(user_agent: &str) -> String {
    const NAME_BYTES_MAX: usize = 128;
    let start = user_agent.split('/').next().unwrap_or_default();
    let mut name = String::new();
    for c in start.chars().filter(|c| !c.is_control() && (*c == ' ' || !c.is_whitespace())) {
        if name.len() + c.len_utf8() > NAME_BYTES_MAX {
            break;
        }
        name.push(c);
    }
    name
}

#[cfg(test)]
mod tests;
