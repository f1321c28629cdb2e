//! kube-scheduler's command line: upstream's names, and what they mean here.
//!
//! Mirrors `k8s.io/kubernetes/cmd/kube-scheduler/app/options`. A configuration file stands below
//! the flags that are given beside it.

use crate::config::Configuration;
use crate::limits::UNSCHEDULABLE_MAX;
use crate::profile::Profile;
use crate::queue::Backoff;
use control::component::{self, ComponentOptions, REMOVED};
use runtime::flags::{Flag, Kind, Parsed};
use std::sync::Arc;
use std::time::Duration;

const ROWS: &[Flag] = &[
    Flag::new("config", Kind::Text, "A KubeSchedulerConfiguration."),
    Flag::new("write-config-to", Kind::Text, "Not supported by this scheduler."),
    Flag::new("secure-port", Kind::Int, "The port to serve on; 0 for none.").or("10259"),
    Flag::new("kube-api-qps", Kind::Float, "Requests a second.").or("50"),
    Flag::new("kube-api-burst", Kind::Int, "Requests at once.").or("100"),
    Flag::new(
        "pod-max-in-unschedulable-pods-duration",
        Kind::Duration,
        "How long a pod waits at most before it is tried again; 5m0s is all there is.",
    )
    .or("5m0s"),
    Flag::new("scheduler-name", Kind::Text, "").or("default-scheduler").deprecated(REMOVED),
    Flag::new("algorithm-provider", Kind::Text, "").deprecated(REMOVED),
    Flag::new("policy-config-file", Kind::Text, "").deprecated(REMOVED),
    Flag::new("policy-configmap", Kind::Text, "").deprecated(REMOVED),
    Flag::new("policy-configmap-namespace", Kind::Text, "").deprecated(REMOVED),
    Flag::new("use-legacy-policy-config", Kind::Bool, "").deprecated(REMOVED),
    Flag::new("hard-pod-affinity-symmetric-weight", Kind::Int, "").or("1").deprecated(REMOVED),
    Flag::new("lock-object-name", Kind::Text, "").deprecated(REMOVED),
    Flag::new("lock-object-namespace", Kind::Text, "").deprecated(REMOVED),
];

/// The whole table.
pub fn table() -> Vec<Flag> {
    let mut flags = component::FLAGS.to_vec();
    flags.extend_from_slice(ROWS);
    flags
}

/// What the scheduler is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// What it shares with the controller manager.
    pub component: ComponentOptions,
    /// What it does for pods, by the name that they ask for.
    pub(crate) profiles: Arc<Vec<Arc<Profile>>>,
    pub(crate) backoff: Backoff,
}

impl Options {
    /// The options that no flag at all stands for: what `orlop` begins with.
    ///
    /// # Errors
    /// None in practice: the defaults are sound.
    pub fn defaults() -> Result<Self, String> {
        let none: [&str; 0] = [];
        let parsed = runtime::flags::parse(&table(), none).map_err(|error| error.to_string())?;
        Self::from_flags(&parsed)
    }

    /// What the flags, and the file that they may name, say.
    ///
    /// # Errors
    /// The sentence to print before the process ends.
    pub fn from_flags(flags: &Parsed) -> Result<Self, String> {
        let mut component = ComponentOptions::from_flags(flags, "kube-scheduler")?;
        refuse_unsupported(flags)?;
        let file = match flags.text("config") {
            "" => Configuration::default(),
            path => Configuration::read(path)?,
        };
        file.apply(&mut component, |name| flags.was_given(name))?;
        component.lease.validate()?;
        Ok(Self {
            component,
            profiles: Arc::new(file.profiles()?.into_iter().map(Arc::new).collect()),
            backoff: Backoff {
                initial: Duration::from_secs(file.initial_backoff_seconds.unwrap_or(1)),
                max: Duration::from_secs(file.max_backoff_seconds.unwrap_or(10)),
            },
        })
    }
}

/// Flags whose effect would be missed must not be taken in silence.
fn refuse_unsupported(flags: &Parsed) -> Result<(), String> {
    if !flags.text("write-config-to").is_empty() {
        return Err(
            "--write-config-to: this scheduler writes no configuration; leave the flag out"
                .to_owned(),
        );
    }
    let name = "pod-max-in-unschedulable-pods-duration";
    if flags.duration(name) != UNSCHEDULABLE_MAX {
        return Err(format!("--{name}: only 5m0s is supported; leave the flag out"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_missed_is_refused_by_name() {
        for argument in ["--write-config-to=/a", "--pod-max-in-unschedulable-pods-duration=1m"] {
            let given = runtime::flags::parse(&table(), [argument]).unwrap();
            let (name, _) = argument.split_once('=').unwrap();
            assert!(refuse_unsupported(&given).unwrap_err().starts_with(name), "{argument}");
        }
        Options::defaults().unwrap();
    }
}
