//! What an update or an apply does to the owners of fields, and an apply to the object.
//!
//! Mirrors `merge.Updater` of structured-merge-diff.

use super::Endpoint;
use super::compare::{Comparison, compare};
use super::fields::{field_set, reconcile, remove, with_named_fields};
use super::merge::merge;
use super::owners::{Owner, Owners};
use super::set::{Path, Set};
use super::types::Ty;
use object::fields_v1::compare as compare_values;
use object::{GroupVersion, Gvk, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A field that an applier wants otherwise than its owner.
#[derive(Clone, Debug)]
pub(super) struct Conflict {
    pub(super) owner: Owner,
    pub(super) path: Path,
}

/// Why an apply failed.
pub(super) enum Failure {
    /// Other managers own what it would change.
    Conflicts(Vec<Conflict>),
    /// The objects don't fit; in upstream's words.
    Other(String),
}

impl Endpoint<'_> {
    /// An object in another version, none where there is no such version.
    fn at<'v>(&self, object: &'v Value, api_version: &str) -> Option<(Ty<'_>, Cow<'v, Value>)> {
        let version = GroupVersion::parse(api_version)?;
        let gvk =
            Gvk { group: version.group, version: version.version, kind: self.gvk.kind.clone() };
        let root = if gvk == *self.gvk { self.root } else { self.schema.root(&gvk)? };
        let ty = Ty::root(self.schema, root);
        if object["apiVersion"].as_str() == Some(api_version) {
            return Some((ty, Cow::Borrowed(object)));
        }
        let converted = match self.convert {
            Some(convert) => convert(object, api_version)?,
            None => {
                let mut converted = object.clone();
                converted["apiVersion"] = api_version.into();
                converted
            }
        };
        Some((ty, Cow::Owned(converted)))
    }

    fn ty(&self) -> Ty<'_> {
        Ty::root(self.schema, self.root)
    }

    fn owned(&self, mut set: Set) -> Set {
        if let Some(reset) = self.reset {
            set.subtract_below(reset);
        }
        set
    }

    fn reconciled(&self, live: &Value, owners: Owners) -> Owners {
        owners
            .into_iter()
            .filter_map(|(identifier, mut owner)| {
                let (ty, _) = self.at(live, &owner.api_version)?;
                if let Some(set) = reconcile(ty, &owner.set) {
                    owner.set = set;
                }
                Some((identifier, owner))
            })
            .collect()
    }

    /// Takes from all but one owner what changes and what goes, and says what that is.
    fn disown(
        &self,
        old: &Value,
        new: &Value,
        owners: &mut Owners,
        own: &str,
        force: bool,
    ) -> Result<Comparison, Vec<Conflict>> {
        let compared = |ty: Ty<'_>, old: &Value, new: &Value| {
            let comparison = compare(ty, old, new);
            match self.reset {
                Some(reset) => comparison.without(reset),
                None => comparison,
            }
        };
        let version = self.api_version();
        let mut by_version = BTreeMap::from([(version.clone(), compared(self.ty(), old, new))]);
        let mut conflicts = Vec::new();
        let mut taken: Vec<(String, Set)> = Vec::new();
        let mut forgotten = Vec::new();
        for (identifier, owner) in owners.iter().filter(|(identifier, _)| *identifier != own) {
            if !by_version.contains_key(&owner.api_version) {
                let at = |object| self.at(object, &owner.api_version);
                let (Some((ty, old)), Some((_, new))) = (at(old), at(new)) else {
                    forgotten.push(identifier.clone());
                    continue;
                };
                by_version.insert(owner.api_version.clone(), compared(ty, &old, &new));
            }
            let Some(comparison) = by_version.get(&owner.api_version) else {
                continue;
            };
            let mut contested = owner.set.intersection(&comparison.modified);
            contested.absorb(owner.set.intersection(&comparison.added));
            contested.for_each(&mut |path| {
                conflicts.push(Conflict { owner: owner.clone(), path: path.clone() });
            });
            taken.push((identifier.clone(), contested.union(&comparison.removed)));
        }
        if !force && !conflicts.is_empty() {
            return Err(conflicts);
        }
        for identifier in forgotten {
            owners.remove(&identifier);
        }
        for (identifier, gone) in taken {
            if let Some(owner) = owners.get_mut(&identifier) {
                owner.set.subtract(&gone);
            }
        }
        owners.retain(|_, owner| !owner.set.is_empty());
        Ok(by_version.remove(&version).unwrap_or_default())
    }

    /// An update: the manager owns all that it changed.
    pub(super) fn updated(&self, live: &Value, new: &Value, owners: Owners, own: &Owner) -> Owners {
        const SELF: &str = "current-operation";
        let mut owners = self.reconciled(live, owners);
        // Forced, so that there are no conflicts.
        let comparison = self.disown(live, new, &mut owners, SELF, true).unwrap_or_default();
        let mut changed = comparison.modified;
        changed.absorb(comparison.added);
        let mut set = self.owned(changed);
        set.subtract(&super::owners::unowned());
        if !set.is_empty() {
            let identifier = own.identifier();
            let set = match owners.get(&identifier) {
                Some(previous) => set.union(&previous.set),
                None => set,
            };
            owners.insert(identifier, Owner { set, ..own.clone() });
        }
        owners
    }

    /// An apply: the manager owns just what it applies, and what it no longer applies is removed
    /// where nobody else owns it. None as the object where nothing changes.
    pub(super) fn applied(
        &self,
        live: &Value,
        config: &Value,
        owners: Owners,
        own: &Owner,
        force: bool,
    ) -> Result<(Option<Value>, Owners), Failure> {
        let mut owners = self.reconciled(live, owners);
        let merged = merge(self.ty(), live, config)
            .map_err(|e| Failure::Other(format!("failed to merge config: {e}")))?;
        let identifier = own.identifier();
        let set = self.owned(field_set(self.ty(), config));
        let last = owners.remove(&identifier);
        let time = last.as_ref().and_then(|last| last.time.clone());
        owners.insert(identifier.clone(), Owner { set, time, ..own.clone() });
        let merged = match &last {
            Some(last) if !last.set.is_empty() => self.prune(merged, &owners, last),
            _ => merged,
        };
        self.disown(live, &merged, &mut owners, &identifier, force).map_err(Failure::Conflicts)?;
        if let Some(owner) = owners.get_mut(&identifier) {
            owner.set.subtract(&super::owners::unowned());
        }
        owners.retain(|_, owner| !owner.set.is_empty());
        let changed = compare_values(live, &merged).is_ne();
        Ok((changed.then_some(merged), owners))
    }

    fn prune(&self, merged: Value, owners: &Owners, last: &Owner) -> Value {
        let Some((ty, merged_then)) = self.at(&merged, &last.api_version) else {
            return merged;
        };
        let last_set = with_named_fields(Some(ty), &last.set);
        let pruned = remove(ty, &merged_then, &last_set);
        let pruned = self.give_back_owned(&merged_then, pruned, owners, &last.api_version);
        // What stands below an item that was given back, and isn't owned either, stays gone only
        // where the manager owned it itself.
        let Some((ty, pruned_then)) = self.at(&pruned, &last.api_version) else {
            return merged;
        };
        let kept = with_named_fields(Some(ty), &field_set(ty, &pruned_then));
        let all = with_named_fields(Some(ty), &field_set(ty, &merged_then));
        let gone = all.difference(&kept).intersection(&last_set);
        let pruned = remove(ty, &merged_then, &gone);
        match self.at(&pruned, &self.api_version()) {
            Some((_, pruned)) => pruned.into_owned(),
            None => merged,
        }
    }

    /// Puts back what any manager owns, version by version.
    fn give_back_owned(
        &self,
        merged: &Value,
        pruned: Value,
        owners: &Owners,
        first_version: &str,
    ) -> Value {
        let mut by_version: BTreeMap<&str, Set> = BTreeMap::new();
        for owner in owners.values() {
            let set = by_version.entry(&owner.api_version).or_default();
            *set = set.union(&owner.set);
        }
        let first = by_version.remove_entry(first_version);
        let (mut merged, mut pruned) = (merged.clone(), pruned);
        for (version, owned) in first.into_iter().chain(by_version) {
            let at = |object| self.at(object, version);
            let (Some((ty, merged_then)), Some((_, pruned_then))) = (at(&merged), at(&pruned))
            else {
                continue;
            };
            let named = |set: &Set| with_named_fields(Some(ty), set);
            let all = named(&field_set(ty, &merged_then));
            let kept = named(&field_set(ty, &pruned_then)).union(&named(&owned));
            let next = remove(ty, &merged_then, &all.difference(&kept));
            merged = merged_then.into_owned();
            pruned = next;
        }
        pruned
    }
}
