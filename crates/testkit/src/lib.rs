//! What tests stand on: an etcd, a tiny CA, the programs as unit files start them, kubectl, and
//! upstream's own programs as peers. Nothing here is shipped.
//!
//! Everything runs on loopback, on free ports, in a temporary folder, and ends with the value that
//! started it. Calls block: a test reads as what a person would type.

mod caller;
pub mod cases;
mod etcd;
mod kubectl;
mod orlop;
mod pki;
mod port;
mod process;
mod programs;
mod site;
mod unit;
mod wait;

pub use caller::{Answer, Caller, Lines};
pub use etcd::Etcd;
pub use kubectl::{Kubectl, Said};
pub use orlop::Orlop;
pub use pki::Pki;
pub use port::free_port;
pub use process::Process;
pub use programs::{Maker, ours, repository, upstream};
pub use site::{Running, Site};
pub use unit::Generation;
pub use wait::{PATIENCE, until};
