//! The watch cache: every stored object, as the bytes that its readers receive.
//!
//! One watch on the whole store feeds the shelf of every kind, in revision order. A shelf holds
//! encoded objects with a small header (name, labels, selectable fields), never decoded trees,
//! and a ring of the last changes, out of which watches and older lists are served. Nothing here
//! writes to the store, and nothing knows HTTP.
//!
//! Mirrors `k8s.io/apiserver/pkg/storage/cacher`: the rules of `resourceVersion` are the same.

mod catch_up;
mod change;
mod consistent;
mod feed;
mod index;
mod interest;
mod item;
pub mod limits;
mod query;
mod read;
mod shelf;
mod stored;
mod watch;

pub use feed::Cache;
pub use item::{Header, Item, encode_stored};
pub use query::Query;
pub use read::{At, List};
pub use shelf::Shelf;
pub use watch::{Start, WatchEvent, Watcher};
