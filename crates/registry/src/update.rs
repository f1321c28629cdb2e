//! Update: a change of what is there, tried again until nobody else was faster.
//!
//! PUT, every kind of patch, and the subresources that write are all a [`Change`]: a pure function
//! from the object as it is to the object as it should be. Mirrors `Store.Update` and
//! `GuaranteedUpdate`.

use crate::limits::SWAP_ATTEMPTS;
use crate::prepare::before_update;
use crate::write::{Swap, settle};
use crate::{Call, Registry, Target, fields, prepare};
use admission::{Operation, Request};
use cache::Item;
use object::{ApiError, GroupKind, Result, Value, meta};
use std::sync::Arc;

/// From the object as it is (`None`: it is not there) to the object as it should be, both in the
/// stored version. It may be called several times, and looks only at what it is given. `None` out
/// of `None` means that nothing is to be created: 404.
pub type Change<'a> = &'a (dyn Fn(Option<&Value>) -> Result<Option<Value>> + Send + Sync);

impl Registry {
    /// The refusal of a change that is meant for another object of the same name, or for another
    /// state of it: `what` is `UID` or `ResourceVersion`.
    pub fn unmet(&self, target: &Target<'_>, what: &str, wanted: &str, found: &str) -> ApiError {
        let key = match self.key(target, target.name) {
            Ok(key) => key,
            Err(error) => return error,
        };
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, \
             AdditionalErrorMsg: Precondition failed: {what} in precondition: {wanted}, {what} in \
             object meta: {found}"
        );
        ApiError::conflict(&target.kind.group_resource(), target.name, why)
    }

    /// Applies a change. The flag says whether the object is new.
    pub async fn update(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        change: Change<'_>,
    ) -> Result<(Arc<Item>, bool)> {
        // The cache may lag: a refusal, or a change that changes nothing, counts only when the
        // store has confirmed what it rests on. A dry run has no swap that would find out.
        let (mut current, mut confirmed) = match self.cached(target) {
            Ok(current) if !call.dry_run => (current, false),
            _ => (self.stored(target).await?, true),
        };
        for _ in 0..SWAP_ATTEMPTS {
            let tried = match &current {
                Some(item) => self.update_once(call, target, item, confirmed, change).await,
                None => self.create_by_change(call, target, change).await,
            };
            match tried {
                Ok(Tried::Done(item, new)) => return Ok((item, new)),
                Ok(Tried::Lost(found)) => {
                    current = found;
                    confirmed = true;
                }
                Err(error) if confirmed => return Err(error),
                Err(error) => {
                    let stored = self.stored(target).await?;
                    confirmed = true;
                    let revision = |item: &Option<Arc<Item>>| item.as_ref().map(|i| i.revision);
                    if revision(&stored) == revision(&current) {
                        return Err(error);
                    }
                    current = stored;
                }
            }
        }
        Err(ApiError::modified(&target.kind.group_resource(), target.name))
    }

    async fn create_by_change(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        change: Change<'_>,
    ) -> Result<Tried> {
        let missing = || ApiError::not_found(&target.kind.group_resource(), target.name);
        let mut object = change(None)?.ok_or_else(missing)?;
        let uid = meta::uid(&object);
        if !uid.is_empty() {
            return Err(self.unmet(target, "UID", uid, ""));
        }
        // The version of an object that is gone says nothing of the new one.
        meta::of(&mut object).remove("resourceVersion");
        prepare::begin(target, &mut object)?;
        match self.create_once(call, target, object).await {
            Ok(item) => Ok(Tried::Done(item, true)),
            Err(error) if error.reason == object::Reason::AlreadyExists => {
                Ok(Tried::Lost(self.stored(target).await?))
            }
            Err(error) => Err(error),
        }
    }

    async fn update_once(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        item: &Arc<Item>,
        confirmed: bool,
        change: Change<'_>,
    ) -> Result<Tried> {
        let old = item.stored_value()?;
        let missing = || ApiError::not_found(&target.kind.group_resource(), target.name);
        let mut object = change(Some(&old))?.ok_or_else(missing)?;
        same_object(target, &mut object)?;
        let uid = meta::uid(&object);
        if call.uid_is_precondition && !uid.is_empty() && uid != meta::uid(&old) {
            return Err(self.unmet(target, "UID", uid, meta::uid(&old)));
        }

        let request = Request {
            operation: Operation::Update,
            kind: target.kind,
            subresource: target.subresource,
            namespace: target.namespace,
            name: target.name,
            old: Some(&old),
            options: &call.options,
            user: call.user,
            dry_run: call.dry_run,
            warnings: &call.warnings,
        };
        fields::track(call, target, Some(&old), &mut object)?;
        self.admission.admit(&request, Some(&mut object)).await?;
        same_version(target, &object, &old)?;
        let taken = self.allocate(target, &mut object, Some(&old), call.dry_run).await?;
        let tried =
            self.update_allocated(call, target, &request, &mut object, item, confirmed).await;
        settle(taken, matches!(tried, Ok((_, true)))).await;
        tried.map(|(tried, _)| tried)
    }

    /// What may still fail once the object has what it needs from the allocators. The flag says
    /// whether it stays as it is now.
    async fn update_allocated(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        request: &Request<'_>,
        object: &mut Value,
        item: &Arc<Item>,
        confirmed: bool,
    ) -> Result<(Tried, bool)> {
        let Some(old) = request.old else { return Err(ApiError::internal("an update of nothing")) };
        before_update(call, target, object, old)?;
        self.admission.validate(request, Some(object)).await?;
        if may_go(target, object) {
            return Ok(match self.remove(call, target, item).await? {
                // The caller sees what it sent, though that was never stored.
                Swap::Done(_) => {
                    let sent = self.unwritten(target, object, item.revision)?;
                    (Tried::Done(sent, false), false)
                }
                Swap::Lost(current) => (Tried::Lost(current), false),
            });
        }
        if object == old {
            if !confirmed {
                let stored = self.stored(target).await?;
                if stored.as_ref().is_none_or(|stored| stored.revision != item.revision) {
                    return Ok((Tried::Lost(stored), false));
                }
            }
            // What is sealed with an old key is written anew even where nothing else changes.
            if !self.is_stale(target).await? {
                return Ok((Tried::Done(item.clone(), false), true));
            }
        }
        Ok(match self.put(call, target, object, item.revision).await? {
            Swap::Done(item) => (Tried::Done(item, false), true),
            Swap::Lost(current) => (Tried::Lost(current), false),
        })
    }
}

/// What became of one try.
enum Tried {
    Done(Arc<Item>, bool),
    Lost(Option<Arc<Item>>),
}

/// Whether the change is meant for this very object.
fn same_object(target: &Target<'_>, object: &mut Value) -> Result<()> {
    if meta::name(object) != target.name {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({}) does not match the name on the URL ({})",
            meta::name(object),
            target.name
        )));
    }
    let said = meta::namespace(object);
    if !said.is_empty() && said != target.namespace {
        return Err(ApiError::bad_request(
            "the namespace of the provided object does not match the namespace sent on the \
             request",
        ));
    }
    meta::set(object, "namespace", target.namespace);
    Ok(())
}

/// Whether the change is meant for this state of the object, or for any.
fn same_version(target: &Target<'_>, object: &Value, old: &Value) -> Result<()> {
    match meta::resource_version(object) {
        version if version.parse::<u64>().is_err() && !version.is_empty() => {
            let why = format!("strconv.ParseUint: parsing {version:?}: invalid syntax");
            Err(ApiError::new(500, object::Reason::Unknown, why))
        }
        "" | "0" if !target.kind.strategy.allow_unconditional_update() => {
            let mut errors = object::FieldErrors::new();
            errors.invalid("metadata.resourceVersion", 0, "must be specified for an update");
            // Upstream names the resource here, not the kind.
            let named = GroupKind::new(target.kind.group, target.kind.plural);
            Err(ApiError::invalid(&named, target.name, errors))
        }
        "" | "0" => Ok(()),
        version if version == meta::resource_version(old) => Ok(()),
        _ => Err(ApiError::modified(&target.kind.group_resource(), target.name)),
    }
}

/// Whether nothing holds a deleted object any longer.
pub(crate) fn may_go(target: &Target<'_>, object: &Value) -> bool {
    meta::deletion_timestamp(object).is_some()
        && meta::finalizers(object).next().is_none()
        && object["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or_default() == 0
        && !target.kind.strategy.is_held(object)
}
