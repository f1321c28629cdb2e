//! A profile: under one name, which plugins are asked, in which order, and what their points count.
//!
//! Mirrors `profile` and the merging of plugins (`apis/config/v1/default_plugins.go`,
//! `expandMultiPointPlugins`) of `k8s.io/kubernetes/pkg/scheduler`. What can be chosen is which
//! plugins filter, which score with what weight, and whether pods are pushed out; a choice at another
//! extension point is refused, since it would be ignored.

mod choice;

pub(crate) use choice::Plugins;

use crate::limits::VOLUMES_TIMEOUT;
use crate::plugin_args::{Args, Candidates, PluginArgs};
use crate::plugins::{self, Row};
use std::time::Duration;

/// One profile.
pub(crate) struct Profile {
    /// What pods call it.
    pub(crate) name: String,
    /// `percentageOfNodesToScore`; 0 lets the number of nodes decide.
    pub(crate) nodes_percent: usize,
    pub(crate) rows: Vec<Row>,
    /// `None` where nobody is ever pushed out.
    pub(crate) preemption: Option<Candidates>,
    /// How long a pod waits for its volumes before it is tried anew.
    pub(crate) volumes_timeout: Duration,
}

impl Profile {
    /// The profile that nobody has changed.
    pub(crate) fn default_of(name: &str, nodes_percent: usize) -> Self {
        Self {
            name: name.to_owned(),
            nodes_percent,
            rows: plugins::rows(&Args::default()),
            preemption: Some(Candidates::default()),
            volumes_timeout: VOLUMES_TIMEOUT,
        }
    }

    /// A profile with these choices and arguments.
    ///
    /// # Errors
    /// The sentence that says which of them can't be followed.
    pub(crate) fn new(
        name: &str,
        nodes_percent: usize,
        chosen: &Plugins,
        configured: &[PluginArgs],
    ) -> Result<Self, String> {
        let args = Args::read(configured)?;
        let known = plugins::rows(&args);
        let choice = chosen.of(&known)?;
        let mut rows: Vec<Row> = Vec::new();
        // Filters in their order; those that only score stand behind them.
        for name in choice.filters.iter().chain(choice.scores.iter().map(|(name, _)| name)) {
            if rows.iter().any(|row| row.plugin.name() == name) {
                continue;
            }
            let Some(row) = known.iter().find(|row| row.plugin.name() == name) else { continue };
            let weight = choice.scores.iter().find(|(scoring, _)| scoring == name);
            rows.push(Row {
                plugin: row.plugin.clone(),
                filters: choice.filters.contains(name),
                weight: weight.map_or(0, |(_, weight)| *weight),
            });
        }
        Ok(Self {
            name: name.to_owned(),
            nodes_percent,
            rows,
            preemption: choice.preempts.then_some(args.candidates),
            volumes_timeout: args.volumes_timeout,
        })
    }
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Profile").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
