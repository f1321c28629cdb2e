//! Who asks, and may they.
//!
//! [`authentication`] turns what a connection shows into a [`UserInfo`]; [`authorization`] turns a
//! user and what they want ([`Attributes`]) into [`Authorized`] or a 403, and only it can make an
//! [`Authorized`]. [`bootstrap`] is the policy that every cluster starts with. It reads the cluster
//! through [`Objects`] alone and writes nothing. Mirrors
//! `k8s.io/apiserver/pkg/{authentication,authorization}` and the parts of
//! `k8s.io/kubernetes/{pkg/serviceaccount,plugin/pkg/auth}` that are not admission.

mod attributes;
pub mod authentication;
pub mod authorization;
pub mod bootstrap;
pub mod limits;
mod objects;
mod user;

pub use attributes::Attributes;
pub use authentication::{Authenticated, Authenticator, Evidence, Rejected};
pub use authorization::{Authorized, Authorizer, Authorizers, Decision};
pub use objects::{Change, Objects, Watcher};
pub use user::{UserInfo, group, names};
