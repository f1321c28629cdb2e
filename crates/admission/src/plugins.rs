//! The flat table of plugins, in upstream's order, and which of them a server switches on.
//!
//! One line each. Mirrors `pkg/kubeapiserver/options/plugins.go`.

mod namespace_lifecycle;
mod pod_parts;
mod service_account;

use crate::{Chain, Cluster, Plugin};
use std::sync::Arc;

/// What plugins are made with.
#[derive(Clone)]
pub struct Setup {
    /// The cluster.
    pub cluster: Arc<dyn Cluster>,
    /// `--default-not-ready-toleration-seconds`.
    pub not_ready_seconds: i64,
    /// `--default-unreachable-toleration-seconds`.
    pub unreachable_seconds: i64,
}

/// A plugin by name.
#[derive(Clone, Copy)]
pub struct Row {
    /// Its name in `--enable-admission-plugins`.
    pub name: &'static str,
    /// Whether it is on without being asked for.
    pub on_by_default: bool,
    /// What there is of it.
    pub state: State,
}

/// What there is of a plugin.
#[derive(Clone, Copy)]
pub enum State {
    /// All of it.
    Made(fn(&Setup) -> Box<dyn Plugin>),
    /// Upstream's does nothing either while a feature gate is off, which it is.
    Idle,
    /// Nothing yet; the text says what a cluster does without.
    Missing(&'static str),
}

use State::{Idle, Made, Missing};

const ON: bool = true;
const OFF: bool = false;

const fn row(name: &'static str, on_by_default: bool, state: State) -> Row {
    Row { name, on_by_default, state }
}

/// Every plugin that upstream has, in the order in which they are asked.
pub static TABLE: &[Row] = &[
    row("NamespaceLifecycle", ON, Made(namespace_lifecycle::make)),
    row("ServiceAccount", ON, Made(service_account::make)),
];

/// The plugins that the two flags leave on.
///
/// # Errors
/// One line that names the flag.
pub fn switched_on(
    setup: &Setup,
    enable: &[String],
    disable: &[String],
    own: Vec<Box<dyn Plugin>>,
) -> Result<Chain, String> {
    let known = |name: &String| TABLE.iter().any(|row| row.name == name);
    for (flag, names) in [("enable-admission-plugins", enable), ("disable-admission-plugins", disable)] {
        if let Some(unknown) = names.iter().find(|name| !known(name)) {
            return Err(format!("{flag} plugin {unknown:?} is unknown"));
        }
    }
    let mut both: Vec<&str> =
        enable.iter().filter(|name| disable.contains(name)).map(String::as_str).collect();
    both.sort_unstable();
    both.dedup();
    if !both.is_empty() {
        return Err(format!(
            "[{}] in enable-admission-plugins and disable-admission-plugins overlapped",
            both.join(" ")
        ));
    }
    let mut plugins = own;
    for row in TABLE {
        let asked = enable.iter().any(|name| name == row.name);
        let off = disable.iter().any(|name| name == row.name);
        match row.state {
            _ if off || !(asked || row.on_by_default) => {}
            Made(make) => plugins.push(make(setup)),
            Missing(without) if asked => {
                return Err(format!(
                    "--enable-admission-plugins: this server does not have {} yet ({without})",
                    row.name
                ));
            }
            Idle | Missing(_) => {}
        }
    }
    Ok(Chain::new(plugins))
}

#[cfg(test)]
mod tests;
