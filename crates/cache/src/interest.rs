//! Which watchers a change can concern, found without asking each of them.
//!
//! Watchers stand in groups: of one node's pods, of one namespace, of one object, of everything. A
//! change wakes the groups that it concerns, so that a pod's change costs one of five thousand
//! kubelets something, not all of them. A group remembers the numbers of its changes in the ring:
//! a watcher that slept through many changes of others has missed nothing and looks at none.

use crate::change::Change;
use crate::item::Item;
use crate::query::Query;
use kinds::Kind;
use std::collections::{BTreeMap, HashMap, VecDeque};
use tokio::sync::watch;

/// What the watchers of a group have in common. A change that concerns one of them concerns the
/// group; not all that concerns the group concerns each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    /// Every object.
    All,
    /// The objects of a namespace.
    Namespace(Box<str>),
    /// The object with this key.
    Object(Box<str>),
    /// The objects with this value of the selectable field at this place.
    Field(usize, Box<str>),
}

/// The watchers of one shelf, by their interest.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    all: Option<Group>,
    namespaces: HashMap<Box<str>, Group>,
    objects: HashMap<Box<str>, Group>,
    fields: BTreeMap<usize, HashMap<Box<str>, Group>>,
}

/// The watchers of one interest.
#[derive(Debug)]
pub(crate) struct Group {
    watchers: usize,
    /// The number of the last change that concerns it, to wake its watchers.
    changed: watch::Sender<u64>,
    /// The numbers of the changes in the ring that concern it.
    numbers: VecDeque<u64>,
    /// Of its changes with smaller numbers, some may have left the ring.
    complete_from: u64,
}

impl Interest {
    /// The narrowest that a table can tell of a query.
    pub(crate) fn of(query: &Query, kind: &Kind) -> Self {
        if let Some(key) = query.single(kind) {
            return Self::Object(key.into());
        }
        let mut paths = kind.selectable_fields.iter().enumerate();
        let field =
            paths.find_map(|(place, path)| Some((place, query.fields.requires_exact_match(path)?)));
        match (field, &query.namespace) {
            (Some((place, value)), _) => Self::Field(place, value.into()),
            (None, Some(namespace)) => Self::Namespace(namespace.as_str().into()),
            (None, None) => Self::All,
        }
    }

    fn is_concerned(&self, change: &Change) -> bool {
        match self {
            Self::All => true,
            Self::Namespace(namespace) => change.namespace() == &**namespace,
            Self::Object(key) => *change.key == **key,
            // What cannot be read may have any value.
            Self::Field(place, value) => {
                change.fault.is_some()
                    || change.items().any(|item| field(item, *place) == Some(&**value))
            }
        }
    }
}

impl Groups {
    /// One watcher more. `ring` is for a group that is new: the changes that it may begin with.
    pub(crate) fn join<'a>(
        &mut self,
        interest: &Interest,
        ring: impl Iterator<Item = (u64, &'a Change)>,
        first: u64,
    ) -> watch::Receiver<u64> {
        let make = || {
            let concerned = ring.filter(|(_, change)| interest.is_concerned(change));
            Group {
                watchers: 0,
                changed: watch::Sender::new(0),
                numbers: concerned.map(|(number, _)| number).collect(),
                complete_from: first,
            }
        };
        let group = match interest {
            Interest::All => self.all.get_or_insert_with(make),
            Interest::Namespace(name) => self.namespaces.entry(name.clone()).or_insert_with(make),
            Interest::Object(key) => self.objects.entry(key.clone()).or_insert_with(make),
            Interest::Field(place, value) => {
                let groups = self.fields.entry(*place).or_default();
                groups.entry(value.clone()).or_insert_with(make)
            }
        };
        group.watchers += 1;
        group.changed.subscribe()
    }

    /// One watcher less.
    pub(crate) fn leave(&mut self, interest: &Interest) {
        fn leave(groups: &mut HashMap<Box<str>, Group>, name: &str) {
            if let Some(group) = groups.get_mut(name) {
                group.watchers -= 1;
                if group.watchers == 0 {
                    groups.remove(name);
                }
            }
        }
        match interest {
            Interest::All => {
                if let Some(group) = &mut self.all {
                    group.watchers -= 1;
                    if group.watchers == 0 {
                        self.all = None;
                    }
                }
            }
            Interest::Namespace(name) => leave(&mut self.namespaces, name),
            Interest::Object(key) => leave(&mut self.objects, key),
            Interest::Field(place, value) => {
                if let Some(groups) = self.fields.get_mut(place) {
                    leave(groups, value);
                    if groups.is_empty() {
                        self.fields.remove(place);
                    }
                }
            }
        }
    }

    pub(crate) fn get(&self, interest: &Interest) -> Option<&Group> {
        match interest {
            Interest::All => self.all.as_ref(),
            Interest::Namespace(name) => self.namespaces.get(name),
            Interest::Object(key) => self.objects.get(key),
            Interest::Field(place, value) => self.fields.get(place)?.get(value),
        }
    }

    /// A change came into the ring: wakes whom it concerns.
    pub(crate) fn came(&mut self, number: u64, change: &Change) {
        self.concerned(change, |group| {
            group.numbers.push_back(number);
            group.changed.send_replace(number + 1);
        });
    }

    /// A change left the ring.
    pub(crate) fn went(&mut self, number: u64, change: &Change) {
        self.concerned(change, |group| {
            if group.numbers.front() == Some(&number) {
                group.numbers.pop_front();
                group.complete_from = number + 1;
            }
        });
    }

    /// Everything changed in a way that nobody can follow: all watchers have to begin anew.
    pub(crate) fn restart(&mut self, first: u64) {
        let named = self.namespaces.values_mut().chain(self.objects.values_mut());
        let all = self.all.iter_mut().chain(named);
        for group in all.chain(self.fields.values_mut().flat_map(HashMap::values_mut)) {
            group.numbers.clear();
            group.complete_from = first;
            group.changed.send_replace(first);
        }
    }

    fn concerned(&mut self, change: &Change, mut tell: impl FnMut(&mut Group)) {
        if let Some(group) = &mut self.all {
            tell(group);
        }
        if let Some(group) = self.namespaces.get_mut(change.namespace()) {
            tell(group);
        }
        if let Some(group) = self.objects.get_mut(&*change.key) {
            tell(group);
        }
        if change.fault.is_some() {
            self.fields.values_mut().flat_map(HashMap::values_mut).for_each(tell);
            return;
        }
        for (place, groups) in &mut self.fields {
            let value = |item: &'_ Option<std::sync::Arc<Item>>| {
                item.as_ref().and_then(|item| field(item, *place)).map(str::to_owned)
            };
            let (was, is) = (value(&change.previous), value(&change.item));
            for value in [was.as_ref().filter(|_| was != is), is.as_ref()].into_iter().flatten() {
                if let Some(group) = groups.get_mut(value.as_str()) {
                    tell(group);
                }
            }
        }
    }
}

impl Group {
    /// The numbers of its changes from one on; `None` if one of them has left the ring.
    pub(crate) fn numbers(&self, from: u64) -> Option<impl Iterator<Item = u64> + '_> {
        let skip = self.numbers.partition_point(|number| *number < from);
        (from >= self.complete_from).then(|| self.numbers.range(skip..).copied())
    }
}

fn field(item: &Item, place: usize) -> Option<&str> {
    item.header.fields.get(place).map(String::as_str)
}
