//! `KubeSchedulerConfiguration`: the file that `--config` names, of every generation.
//!
//! Read are the connection, the lease, the profiles, the share of nodes and the backoff. Extenders
//! are refused: they would be ignored otherwise.
//! Mirrors `k8s.io/kube-scheduler/config`.

use crate::plugin_args::PluginArgs;
use crate::pod::DEFAULT_SCHEDULER;
use crate::profile::{Plugins, Profile};
use control::component::ComponentOptions;
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

const GROUP: &str = "kubescheduler.config.k8s.io/";
const VERSIONS: [&str; 6] = ["v1", "v1beta3", "v1beta2", "v1beta1", "v1alpha2", "v1alpha1"];

/// The file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Configuration {
    api_version: String,
    kind: String,
    #[serde(default)]
    client_connection: ClientConnection,
    #[serde(default)]
    leader_election: LeaderElection,
    percentage_of_nodes_to_score: Option<i64>,
    #[serde(rename = "podInitialBackoffSeconds")]
    pub(crate) initial_backoff_seconds: Option<u64>,
    #[serde(rename = "podMaxBackoffSeconds")]
    pub(crate) max_backoff_seconds: Option<u64>,
    #[serde(default)]
    profiles: Vec<ProfileFile>,
    #[serde(default)]
    extenders: Vec<Value>,
    /// Of v1alpha1.
    scheduler_name: Option<String>,
    // Taken, and without effect here.
    #[serde(rename = "parallelism")]
    _parallelism: Option<i32>,
    #[serde(rename = "delayCacheUntilActive")]
    _delay_cache: Option<Value>,
    #[serde(rename = "enableProfiling")]
    _profiling: Option<Value>,
    #[serde(rename = "enableContentionProfiling")]
    _contention_profiling: Option<Value>,
    #[serde(rename = "healthzBindAddress")]
    _health_address: Option<Value>,
    #[serde(rename = "metricsBindAddress")]
    _metrics_address: Option<Value>,
    #[serde(rename = "algorithmSource")]
    _algorithm: Option<Value>,
    #[serde(rename = "hardPodAffinitySymmetricWeight")]
    _hard_affinity: Option<Value>,
    #[serde(rename = "disablePreemption")]
    _disable_preemption: Option<Value>,
    #[serde(rename = "bindTimeoutSeconds")]
    _bind_timeout: Option<Value>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClientConnection {
    kubeconfig: Option<String>,
    qps: Option<f64>,
    burst: Option<u32>,
    #[serde(rename = "acceptContentTypes")]
    _accept: Option<Value>,
    #[serde(rename = "contentType")]
    _content_type: Option<Value>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LeaderElection {
    leader_elect: Option<bool>,
    lease_duration: Option<String>,
    renew_deadline: Option<String>,
    retry_period: Option<String>,
    resource_lock: Option<String>,
    resource_name: Option<String>,
    resource_namespace: Option<String>,
    /// Of v1alpha1.
    lock_object_name: Option<String>,
    /// Of v1alpha1.
    lock_object_namespace: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProfileFile {
    scheduler_name: Option<String>,
    percentage_of_nodes_to_score: Option<i64>,
    plugins: Option<Plugins>,
    plugin_config: Option<Vec<PluginArgs>>,
}

impl Configuration {
    /// Reads the file `path`.
    ///
    /// # Errors
    /// The sentence that names the file and what is wrong with it.
    pub(crate) fn read(path: &str) -> Result<Self, String> {
        let text =
            std::fs::read_to_string(path).map_err(|error| format!("--config {path}: {error}"))?;
        Self::parse(&text).map_err(|why| format!("--config {path}: {why}"))
    }

    fn parse(text: &str) -> Result<Self, String> {
        // The first line says what and where; a picture of the place follows it.
        let first_line = |error: serde_saphyr::Error| {
            error
                .to_string()
                .lines()
                .next()
                .unwrap_or_default()
                .trim_start_matches("error: ")
                .to_owned()
        };
        let file: Self = serde_saphyr::from_str(text).map_err(first_line)?;
        let version = file.api_version.strip_prefix(GROUP);
        if file.kind != "KubeSchedulerConfiguration"
            || !version.is_some_and(|version| VERSIONS.contains(&version))
        {
            return Err(format!(
                "no kind {:?} is registered for version {:?}",
                file.kind, file.api_version
            ));
        }
        if !file.extenders.is_empty() {
            return Err("extenders: extenders are not built yet".into());
        }
        let names = file.scheduler_names();
        if let Some(index) = (1..names.len()).find(|&index| names[..index].contains(&names[index]))
        {
            return Err(format!(
                "profiles[{index}].schedulerName: Duplicate value: {:?}",
                names[index]
            ));
        }
        Ok(file)
    }

    /// Puts what the file says into `options`, but for what a flag said.
    pub(crate) fn apply(
        &self,
        options: &mut ComponentOptions,
        was_given: impl Fn(&str) -> bool,
    ) -> Result<(), String> {
        let connection = &self.client_connection;
        let connect = &mut options.connect;
        if let Some(file) = connection.kubeconfig.as_ref().filter(|file| !file.is_empty())
            && !was_given("kubeconfig")
        {
            connect.kubeconfig = Some(file.into());
        }
        if let Some(qps) = connection.qps.filter(|qps| *qps != 0.0)
            && !was_given("kube-api-qps")
        {
            connect.qps = qps;
        }
        if let Some(burst) = connection.burst.filter(|burst| *burst != 0)
            && !was_given("kube-api-burst")
        {
            connect.burst = burst;
        }
        self.apply_lease(&mut options.lease, was_given)
    }

    fn apply_lease(
        &self,
        lease: &mut client::lease::LeaseOptions,
        was_given: impl Fn(&str) -> bool,
    ) -> Result<(), String> {
        let file = &self.leader_election;
        if let Some(enabled) = file.leader_elect
            && !was_given("leader-elect")
        {
            lease.enabled = enabled;
        }
        if let Some(lock) = &file.resource_lock
            && !matches!(lock.as_str(), "" | "leases" | "endpoints" | "endpointsleases")
        {
            return Err(format!("leaderElection.resourceLock: Invalid value: {lock:?}"));
        }
        let names = [
            (
                &file.resource_name,
                &file.lock_object_name,
                &mut lease.name,
                "leader-elect-resource-name",
            ),
            (
                &file.resource_namespace,
                &file.lock_object_namespace,
                &mut lease.namespace,
                "leader-elect-resource-namespace",
            ),
        ];
        for (name, old_name, target, flag) in names {
            let name = name.as_ref().or(old_name.as_ref()).filter(|name| !name.is_empty());
            if let Some(name) = name
                && !was_given(flag)
            {
                target.clone_from(name);
            }
        }
        let times = [
            (&file.lease_duration, &mut lease.lease_duration, "leader-elect-lease-duration"),
            (&file.renew_deadline, &mut lease.renew_deadline, "leader-elect-renew-deadline"),
            (&file.retry_period, &mut lease.retry_period, "leader-elect-retry-period"),
        ];
        for (text, target, flag) in times {
            if let Some(text) = text
                && !was_given(flag)
            {
                let parsed: Duration = runtime::flags::duration::parse(text)?;
                if !parsed.is_zero() {
                    *target = parsed;
                }
            }
        }
        Ok(())
    }

    /// The names of its profiles.
    fn scheduler_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .profiles
            .iter()
            .map(|profile| {
                profile.scheduler_name.clone().unwrap_or_else(|| DEFAULT_SCHEDULER.into())
            })
            .collect();
        if names.is_empty() {
            names.push(self.scheduler_name.clone().unwrap_or_else(|| DEFAULT_SCHEDULER.into()));
        }
        names
    }

    /// Its profiles; one that nobody has changed where it has none.
    ///
    /// # Errors
    /// The sentence that names the profile, and what is wrong with it.
    pub(crate) fn profiles(&self) -> Result<Vec<Profile>, String> {
        let names = self.scheduler_names();
        if self.profiles.is_empty() {
            let percent = self.nodes_percent(None)?;
            return Ok(names.iter().map(|name| Profile::default_of(name, percent)).collect());
        }
        let mut profiles = Vec::new();
        for (index, (name, file)) in names.iter().zip(&self.profiles).enumerate() {
            let percent = self.nodes_percent(file.percentage_of_nodes_to_score)?;
            let plugins = file.plugins.clone().unwrap_or_default();
            let args = file.plugin_config.as_deref().unwrap_or_default();
            let profile = Profile::new(name, percent, &plugins, args);
            profiles.push(profile.map_err(|why| format!("profiles[{index}].{why}"))?);
        }
        Ok(profiles)
    }

    /// `percentageOfNodesToScore`, a profile's own before the one of all.
    fn nodes_percent(&self, own: Option<i64>) -> Result<usize, String> {
        let percent = own.or(self.percentage_of_nodes_to_score).unwrap_or(0);
        usize::try_from(percent).ok().filter(|percent| *percent <= 100).ok_or_else(|| {
            format!(
                "percentageOfNodesToScore: Invalid value: {percent}: not in valid range [0-100]"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_guides_files_are_read() {
        for version in ["v1alpha1", "v1"] {
            let text = format!(
                "apiVersion: kubescheduler.config.k8s.io/{version}\n\
                 kind: KubeSchedulerConfiguration\n\
                 clientConnection:\n  kubeconfig: \"/var/lib/kubernetes/kube-scheduler.kubeconfig\"\n\
                 leaderElection:\n  leaderElect: true\n"
            );
            let file = Configuration::parse(&text).expect(version);
            assert_eq!(file.scheduler_names(), ["default-scheduler"]);
            assert!(file.client_connection.kubeconfig.is_some());
        }
    }

    #[test]
    fn what_would_be_ignored_is_refused() {
        let head = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n";
        let table = [
            ("colour: blue\n", "colour"),
            ("extenders: [{urlPrefix: x}]\n", "extenders"),
            ("parallelism: many\n", "line 3"),
            (
                "profiles: [{schedulerName: a}, {}, {schedulerName: a}]\n",
                "profiles[2].schedulerName",
            ),
            ("leaderElection: {leaderElect: true\n", "line 3"),
            ("profiles: [{plugins: {score: {colour: blue}}}]\n", "colour"),
        ];
        for (rest, word) in table {
            let error = Configuration::parse(&format!("{head}{rest}")).expect_err(rest);
            assert!(error.contains(word) && error.lines().count() == 1, "{error}");
        }
        assert!(Configuration::parse("apiVersion: v1\nkind: Pod\n").is_err());
    }

    #[test]
    fn profiles_choose_plugins_and_their_arguments() {
        let file = |rest: &str| {
            let head = "apiVersion: kubescheduler.config.k8s.io/v1\n\
                        kind: KubeSchedulerConfiguration\nprofiles:\n";
            Configuration::parse(&format!("{head}{rest}")).and_then(|file| file.profiles())
        };
        let profiles = file(
            "- schedulerName: packing\n  percentageOfNodesToScore: 20\n  pluginConfig:\n  \
             - name: NodeResourcesFit\n    args:\n      \
             apiVersion: kubescheduler.config.k8s.io/v1\n      kind: NodeResourcesFitArgs\n      \
             scoringStrategy:\n        type: MostAllocated\n        \
             resources: [{name: cpu, weight: 2}]\n  \
             plugins: {score: {disabled: [{name: '*'}], enabled: [{name: NodeResourcesFit, weight: 5}]}}\n\
             - schedulerName: plain\n",
        )
        .expect("sound");
        let scores = |profile: &Profile| -> Vec<(&str, i64)> {
            let rows = profile.rows.iter().filter(|row| row.weight > 0);
            rows.map(|row| (row.plugin.name(), row.weight)).collect()
        };
        assert_eq!(scores(&profiles[0]), [("NodeResourcesFit", 5)]);
        assert_eq!(scores(&profiles[1]).len(), 7);
        assert_eq!((profiles[0].nodes_percent, profiles[1].nodes_percent), (20, 0));
        let table = [
            ("- plugins: {score: {enabled: [{name: Nobody}]}}\n", "profiles[0].plugins.score"),
            ("- plugins: {reserve: {disabled: [{name: '*'}]}}\n", "not built yet"),
            ("- plugins: {queueSort: {disabled: [{name: '*'}]}}\n", "no queue sort plugin"),
            ("- pluginConfig: [{name: NodeResourcesFit, args: {colour: blue}}]\n", "colour"),
            (
                "- pluginConfig: [{name: InterPodAffinity, args: {hardPodAffinityWeight: 101}}]\n",
                "not in valid range [0-100]",
            ),
        ];
        for (rest, word) in table {
            let why = file(rest).expect_err(rest);
            assert!(why.contains(word), "{why}");
        }
    }
}
