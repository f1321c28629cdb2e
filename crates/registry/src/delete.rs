//! Delete: now, after a grace period, or when the last finalizer is gone.
//!
//! Mirrors `Store.Delete` and `BeforeDelete`.

use crate::limits::SWAP_ATTEMPTS;
use crate::write::Swap;
use crate::{Call, Registry, Target};
use admission::{Operation, Request};
use cache::{Item, List};
use jiff::{SignedDuration, Timestamp};
use object::{ApiError, GroupResource, Result, Value, meta};
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

    /// Deletes all of a list, and gives what it deleted: as it was, as upstream does, not what
    /// became of it.
    pub async fn delete_collection(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        list: List,
        options: &DeleteOptions,
    ) -> Result<List> {
        let mut deleted = Vec::with_capacity(list.items.len());
        for item in &list.items {
            let each =
                Target { namespace: &item.header.namespace, name: &item.header.name, ..*target };
            match self.delete(call, &each, options).await {
                Ok(_) => deleted.push(item.clone()),
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(List { items: deleted, ..list })
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
        let strategy = target.kind.strategy;
        let held = strategy.is_held(&old);
        let begun = meta::deletion_timestamp(&old).is_some();
        let mut object = old.clone();
        let grace = before_delete(call, target, options, &mut object)?;
        if matches!(grace, Grace::Pending) || (held && begun) {
            return Ok(Tried::Done(Deleted { item: item.clone(), gone: false }));
        }
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
            warnings: &call.warnings,
        };
        self.admission.admit(&request, None).await?;
        self.admission.validate(&request, None).await?;

        set_propagation(target, options, &mut object);
        let finalized = meta::finalizers(&object).next().is_none();
        match grace {
            _ if held => mark(call, &mut object, false)?,
            Grace::None if finalized => return self.removed(call, target, item, None).await,
            Grace::None => mark(call, &mut object, true)?,
            Grace::Seconds(_) | Grace::Pending => {}
        }
        strategy.prepare_delete(&mut object);
        if object == old {
            return Ok(Tried::Done(Deleted { item: item.clone(), gone: false }));
        }
        match self.put(call, target, &mut object, item.revision).await? {
            // Whoever watches has seen that there is no time left before it is gone.
            Swap::Done(item) if finalized && matches!(grace, Grace::Seconds(0)) => {
                self.removed(call, target, &item, Some(&item)).await
            }
            Swap::Done(item) => Ok(Tried::Done(Deleted { item, gone: false })),
            Swap::Lost(current) => Ok(Tried::Lost(current)),
        }
    }

    /// Removes what nothing holds. `marked`: what to answer with when somebody else was faster.
    async fn removed(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        item: &Arc<Item>,
        marked: Option<&Arc<Item>>,
    ) -> Result<Tried> {
        Ok(match (self.remove(call, target, item).await?, marked) {
            (Swap::Done(item), _) => Tried::Done(Deleted { item, gone: true }),
            (Swap::Lost(None), Some(marked)) => {
                Tried::Done(Deleted { item: marked.clone(), gone: true })
            }
            (Swap::Lost(current), _) => Tried::Lost(current),
        })
    }
}

/// How much time a deletion gives.
#[derive(Clone, Copy)]
enum Grace {
    /// Objects of this kind go at once, or its time is over.
    None,
    /// So much, in seconds, from this deletion on.
    Seconds(i64),
    /// An earlier deletion waits, and this one changes nothing.
    Pending,
}

enum Tried {
    Done(Deleted),
    Lost(Option<Arc<Item>>),
}

fn preconditions(target: &Target<'_>, options: &DeleteOptions, object: &Value) -> Result<()> {
    let as_store = target.kind.strategy.refuses_deletion_as_store(object);
    let refuse = |what: &str, wanted: &str, found: &str, guess: &str| {
        if as_store {
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
    let strategy = target.kind.strategy;
    let has = |name| meta::finalizers(object).any(|finalizer| finalizer == name);
    let (orphan, foreground) = match options.propagation {
        _ if !strategy.may_have_dependents() => (false, false),
        Some(propagation) => {
            (propagation == Propagation::Orphan, propagation == Propagation::Foreground)
        }
        None => match meta::finalizers(object).find(|f| [ORPHAN, FOREGROUND].contains(f)) {
            Some(earlier) => (earlier == ORPHAN, earlier == FOREGROUND),
            None => (strategy.orphans_by_default(), false),
        },
    };
    if has(ORPHAN) == orphan && has(FOREGROUND) == foreground {
        return;
    }
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

/// Gives an object of a kind that is deleted gracefully its time; a second deletion can only
/// bring the end forward, counted from the first.
fn before_delete(
    call: &Call<'_>,
    target: &Target<'_>,
    options: &DeleteOptions,
    object: &mut Value,
) -> Result<Grace> {
    let asked = options.grace_seconds.map(at_least_one_if_negative);
    let Some(seconds) = target.kind.strategy.grace_seconds(object, asked) else {
        return Ok(Grace::None);
    };
    let now = object::time::parse(&call.now).map_err(ApiError::internal)?;
    let begun = object["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or_default();
    let begun = at_least_one_if_negative(begun);
    let Some(end) = meta::deletion_timestamp(object) else {
        end_at(object, now + SignedDuration::from_secs(seconds), seconds);
        raise_generation(object);
        return Ok(Grace::Seconds(seconds));
    };
    if begun == 0 {
        return Ok(Grace::None);
    }
    let Some(seconds) = asked.filter(|asked| *asked < begun) else { return Ok(Grace::Pending) };
    let end = object::time::parse(end).map_err(ApiError::internal)?;
    let end = end + SignedDuration::from_secs(seconds - begun);
    // Who asked for some time is given some, though all of it has passed by now.
    let left = if end < now && seconds > 0 { 1 } else { seconds };
    end_at(object, end.max(now), left);
    Ok(Grace::Seconds(seconds))
}

/// Marks an object that something holds as going; `ends` unless its end is up to a controller.
fn mark(call: &Call<'_>, object: &mut Value, ends: bool) -> Result<()> {
    let now = object::time::parse(&call.now).map_err(ApiError::internal)?;
    let end = meta::deletion_timestamp(object).map(str::to_owned);
    if end.is_none() {
        raise_generation(object);
    }
    let later = match &end {
        Some(end) => object::time::parse(end).map_err(ApiError::internal)? > now,
        None => true,
    };
    if later {
        meta::set(object, "deletionTimestamp", &object::time::print(now));
    }
    if ends {
        meta::of(object).insert("deletionGracePeriodSeconds".into(), 0.into());
    }
    Ok(())
}

fn at_least_one_if_negative(seconds: i64) -> i64 {
    if seconds < 0 { 1 } else { seconds }
}

fn end_at(object: &mut Value, end: Timestamp, seconds: i64) {
    meta::set(object, "deletionTimestamp", &object::time::print(end));
    meta::of(object).insert("deletionGracePeriodSeconds".into(), seconds.into());
}

fn raise_generation(object: &mut Value) {
    let generation = meta::generation(object);
    if generation > 0 {
        meta::of(object).insert("generation".into(), (generation + 1).into());
    }
}
