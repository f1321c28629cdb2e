//! Delete: now, after a grace period, or when the last finalizer is gone.
//!
//! Mirrors `Store.Delete` and `BeforeDelete`.

use crate::limits::SWAP_ATTEMPTS;
use crate::write::Swap;
use crate::{Call, Registry, Target};
use admission::{Operation, Request};
use cache::{At, Item, Query};
use object::{ApiError, GroupResource, Result, Value, meta};
use jiff::SignedDuration;
use std::sync::Arc;

const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

/// What becomes of the objects that the deleted one owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants are the API's words")]
pub enum Propagation {
    Orphan,
    Background,
    Foreground,
}

/// `metav1.DeleteOptions`, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    /// How long the deletion waits for somebody else to finish it.
    pub grace_seconds: Option<i64>,
    /// Only if the object has this UID.
    pub uid: Option<String>,
    /// Only if the object has this resource version.
    pub resource_version: Option<String>,
    /// What becomes of dependents; `None`: the kind's default.
    pub propagation: Option<Propagation>,
}

/// What became of a deletion.
#[derive(Clone, Debug)]
pub struct Deleted {
    /// The object as it last was, or as it waits to go.
    pub item: Arc<Item>,
    /// Whether it is gone.
    pub gone: bool,
}

impl Registry {
    /// Deletes an object.
    pub async fn delete(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        options: &DeleteOptions,
    ) -> Result<Deleted> {
        let missing = || ApiError::not_found(&target.kind.group_resource(), target.name);
        let mut current = self.stored(target).await?;
        for _ in 0..SWAP_ATTEMPTS {
            let item = current.take().ok_or_else(missing)?;
            match self.delete_once(call, target, options, &item).await? {
                Tried::Done(deleted) => return Ok(deleted),
                Tried::Lost(found) => current = found,
            }
        }
        Err(ApiError::modified(&target.kind.group_resource(), target.name))
    }

    /// Deletes everything that a query selects, and gives what it deleted.
    pub async fn delete_collection(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        query: &Query,
        options: &DeleteOptions,
    ) -> Result<Vec<Deleted>> {
        let shelf = self.cache.shelf(target.kind).ok_or_else(ApiError::no_such_resource)?;
        let list = self.cache.list(shelf, query, At::Newest, 0, None).await?;
        let mut deleted = Vec::with_capacity(list.items.len());
        for item in list.items {
            let each = Target {
                namespace: &item.header.namespace,
                name: &item.header.name,
                ..*target
            };
            match self.delete(call, &each, options).await {
                Ok(one) => deleted.push(one),
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(deleted)
    }

    async fn delete_once(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        options: &DeleteOptions,
        item: &Arc<Item>,
    ) -> Result<Tried> {
        let old = item.stored_value()?;
        preconditions(target, options, &old)?;
        let request = Request {
            operation: Operation::Delete,
            kind: target.kind,
            subresource: target.subresource,
            namespace: target.namespace,
            name: target.name,
            old: Some(&old),
            options: &call.options,
            user: call.user,
            dry_run: call.dry_run,
        };
        self.admission.admit(&request, None).await?;
        self.admission.validate(&request, None).await?;

        let mut object = old.clone();
        set_propagation(target, options, &mut object);
        let grace = target.kind.strategy.grace_seconds(&old, options.grace_seconds);
        let finalized = meta::finalizers(&object).next().is_none();
        if finalized && grace.unwrap_or(0) == 0 && !target.kind.strategy.is_held(&object) {
            return Ok(match self.remove(call, target, item).await? {
                Swap::Done(_) if grace.is_some() => {
                    begin_deletion(call, target, &mut object, 0)?;
                    let item = self.unwritten(target, &mut object, item.revision)?;
                    Tried::Done(Deleted { item, gone: true })
                }
                Swap::Done(item) => Tried::Done(Deleted { item, gone: true }),
                Swap::Lost(current) => Tried::Lost(current),
            });
        }
        begin_deletion(call, target, &mut object, grace.unwrap_or(0))?;
        if object == old {
            return Ok(Tried::Done(Deleted { item: item.clone(), gone: false }));
        }
        Ok(match self.put(call, target, &mut object, item.revision).await? {
            Swap::Done(item) => Tried::Done(Deleted { item, gone: false }),
            Swap::Lost(current) => Tried::Lost(current),
        })
    }
}

enum Tried {
    Done(Deleted),
    Lost(Option<Arc<Item>>),
}

fn preconditions(target: &Target<'_>, options: &DeleteOptions, object: &Value) -> Result<()> {
    let is_held = target.kind.strategy.is_held(object);
    let refuse = |what: &str, wanted: &str, found: &str, guess: &str| {
        if is_held {
            // Namespaces go a way of their own, with the store's words.
            let why = format!(
                "Precondition failed: {what} in precondition: {wanted}, {what} in object meta: \
                 {found}"
            );
            return Err(ApiError::conflict(&target.kind.group_resource(), target.name, why));
        }
        let why = format!(
            "the {what} in the precondition ({wanted}) does not match the {what} in record \
             ({found}). The object might have been {guess}"
        );
        // Upstream names the kind where other refusals name the resource.
        let kind = GroupResource::new(target.kind.group, target.kind.kind);
        Err(ApiError::conflict(&kind, target.name, why))
    };
    match (&options.uid, &options.resource_version) {
        (Some(uid), _) if uid != meta::uid(object) => {
            refuse("UID", uid, meta::uid(object), "deleted and then recreated")
        }
        (_, Some(version)) if version != meta::resource_version(object) => {
            refuse("ResourceVersion", version, meta::resource_version(object), "modified")
        }
        _ => Ok(()),
    }
}

/// Adds or removes the two finalizers that the garbage collector works by.
fn set_propagation(target: &Target<'_>, options: &DeleteOptions, object: &mut Value) {
    let has = |name| meta::finalizers(object).any(|finalizer| finalizer == name);
    let (orphan, foreground) = match options.propagation {
        Some(propagation) => (
            propagation == Propagation::Orphan,
            propagation == Propagation::Foreground,
        ),
        None if has(ORPHAN) => (true, false),
        None if has(FOREGROUND) => (false, true),
        None => (target.kind.strategy.orphans_by_default(), false),
    };
    let mut finalizers: Vec<Value> = meta::finalizers(object)
        .filter(|finalizer| *finalizer != ORPHAN && *finalizer != FOREGROUND)
        .map(Value::from)
        .collect();
    if orphan {
        finalizers.push(ORPHAN.into());
    }
    if foreground {
        finalizers.push(FOREGROUND.into());
    }
    let metadata = meta::of(object);
    if finalizers.is_empty() {
        metadata.remove("finalizers");
    } else {
        metadata.insert("finalizers".into(), finalizers.into());
    }
}

/// Says when the object is to go; a second deletion can only bring that forward.
fn begin_deletion(
    call: &Call<'_>,
    target: &Target<'_>,
    object: &mut Value,
    grace_seconds: i64,
) -> Result<()> {
    let begun = object["metadata"]["deletionGracePeriodSeconds"].as_i64();
    let again = meta::deletion_timestamp(object).is_some();
    if again && begun.is_none_or(|b| b <= grace_seconds) {
        return Ok(());
    }
    let now = object::time::parse(&call.now).map_err(ApiError::internal)?;
    let when = now + SignedDuration::from_secs(grace_seconds);
    meta::set(object, "deletionTimestamp", &object::time::print(when));
    let generation = meta::generation(object);
    let is_held = target.kind.strategy.is_held(object);
    let metadata = meta::of(object);
    if !is_held {
        metadata.insert("deletionGracePeriodSeconds".into(), grace_seconds.into());
    }
    if generation > 0 && !again {
        metadata.insert("generation".into(), (generation + 1).into());
    }
    target.kind.strategy.prepare_delete(object);
    Ok(())
}
