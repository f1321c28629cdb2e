//! Metrics, and the text that `/metrics` answers with.
//!
//! Families are made once, kept in statics or structs, and looked up by label values. The text is
//! the one of Prometheus' format 0.0.4 as upstream prints it (sorted, Go's floats, no `# EOF`),
//! so that what reads upstream's page reads ours; that is why the library is not used here, whose
//! OpenMetrics text differs in names and suffixes. Mirrors `k8s.io/component-base/metrics`.

mod text;

use crate::limits::SERIES_PER_FAMILY_MAX;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock};

/// The content type of [`Registry::text`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

/// Upstream's default buckets, in seconds.
pub const DEFAULT_BUCKETS: [f64; 11] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The families of a process (or of a test).
#[derive(Default)]
pub struct Registry {
    families: Mutex<BTreeMap<&'static str, Arc<dyn text::Print>>>,
    refreshers: Mutex<Vec<Box<dyn Fn() -> bool + Send>>>,
}

static GLOBAL: LazyLock<Registry> = LazyLock::new(Registry::default);

impl Registry {
    /// The process's registry, which `/metrics` prints.
    pub fn global() -> &'static Self {
        &GLOBAL
    }

    /// A family of counters. A second call with the same name gives the family of the first.
    pub fn counter(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
    ) -> Arc<Family<Counter>> {
        self.family(Family::new(name, help, labels, Vec::new()))
    }

    /// A family of gauges.
    pub fn gauge(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
    ) -> Arc<Family<Gauge>> {
        self.family(Family::new(name, help, labels, Vec::new()))
    }

    /// A family of histograms with these upper bounds, ascending; `+Inf` is added.
    pub fn histogram(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
        buckets: &[f64],
    ) -> Arc<Family<Histogram>> {
        self.family(Family::new(name, help, labels, buckets.to_vec()))
    }

    fn family<M: Metric>(&self, family: Family<M>) -> Arc<Family<M>> {
        let mut families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        let name = family.name;
        let known = families.entry(name).or_insert_with(|| Arc::new(family)).clone();
        known.into_any().downcast().expect("one name is one kind of metric")
    }

    /// Calls `refresh` before each print, until it says `false`: for what is only true at the
    /// moment, such as how long something has lasted. It must not register or print anything.
    pub fn before_print(&self, refresh: impl Fn() -> bool + Send + 'static) {
        let mut refreshers = self.refreshers.lock().unwrap_or_else(PoisonError::into_inner);
        refreshers.push(Box::new(refresh));
    }

    /// Every family in upstream's text format, sorted by name.
    pub fn text(&self) -> String {
        let mut refreshers = self.refreshers.lock().unwrap_or_else(PoisonError::into_inner);
        refreshers.retain(|refresh| refresh());
        drop(refreshers);
        let families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = String::new();
        for family in families.values() {
            family.print(&mut out);
        }
        out
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Registry")
    }
}

/// What a family is made of.
pub trait Metric: Send + Sync + 'static {
    /// The word after `# TYPE`.
    const TYPE: &'static str;
    /// One with nothing counted.
    fn empty(buckets: &[f64]) -> Self;
    /// Prints the series of this one.
    fn print(&self, name: &str, labels: &text::Labels<'_>, buckets: &[f64], out: &mut String);
}

/// The metrics of one name, one for each combination of label values.
#[derive(Debug)]
pub struct Family<M> {
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
    buckets: Vec<f64>,
    series: RwLock<HashMap<Vec<String>, Arc<M>>>,
}

impl<M: Metric> Family<M> {
    fn new(
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
        buckets: Vec<f64>,
    ) -> Self {
        let series = RwLock::default();
        let family = Self { name, help, labels, buckets, series };
        if labels.is_empty() {
            // A metric without labels is printed before it is first touched, as upstream does.
            family.with(&[]);
        }
        family
    }

    /// The metric of these label values, in the order of the family's labels. Keep it where the
    /// path is hot: finding it hashes the values.
    pub fn with(&self, values: &[&str]) -> Arc<M> {
        assert_eq!(values.len(), self.labels.len(), "{} has labels {:?}", self.name, self.labels);
        let key: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        if let Some(known) = self.read().get(&key) {
            return known.clone();
        }
        let mut series = self.series.write().unwrap_or_else(PoisonError::into_inner);
        let key = if series.len() < SERIES_PER_FAMILY_MAX || series.contains_key(&key) {
            key
        } else {
            vec!["overflow".to_owned(); values.len()]
        };
        series.entry(key).or_insert_with(|| Arc::new(M::empty(&self.buckets))).clone()
    }

    /// Forgets the series of these label values.
    pub fn remove(&self, values: &[&str]) {
        let key: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        self.series.write().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<Vec<String>, Arc<M>>> {
        self.series.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    pub fn increment(&self) {
        self.add(1);
    }
    /// Adds `count`.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }
    /// What it stands at.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// Sets it.
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }
    /// Adds `delta`, which may be negative.
    pub fn add(&self, delta: f64) {
        add_f64(&self.0, delta);
    }
    /// What it stands at.
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

/// How many values fell below each bound, and their sum.
#[derive(Debug)]
pub struct Histogram {
    bounds: Box<[f64]>,
    /// One for each bound, not cumulated, and one for what is above all.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

impl Histogram {
    /// Counts one value, in the family's unit.
    pub fn observe(&self, value: f64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        add_f64(&self.sum, value);
    }
    /// Counts a length of time, in seconds.
    pub fn observe_duration(&self, duration: std::time::Duration) {
        self.observe(duration.as_secs_f64());
    }
}

fn add_f64(cell: &AtomicU64, delta: f64) {
    cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |bits| {
        Some((f64::from_bits(bits) + delta).to_bits())
    })
    .expect("the update always gives a value");
}

impl Metric for Counter {
    const TYPE: &'static str = "counter";
    fn empty(_: &[f64]) -> Self {
        Self::default()
    }
    fn print(&self, name: &str, labels: &text::Labels<'_>, _: &[f64], out: &mut String) {
        text::sample(out, name, labels, None, self.get() as f64);
    }
}

impl Metric for Gauge {
    const TYPE: &'static str = "gauge";
    fn empty(_: &[f64]) -> Self {
        Self::default()
    }
    fn print(&self, name: &str, labels: &text::Labels<'_>, _: &[f64], out: &mut String) {
        text::sample(out, name, labels, None, self.get());
    }
}

impl Metric for Histogram {
    const TYPE: &'static str = "histogram";
    fn empty(buckets: &[f64]) -> Self {
        Self {
            bounds: buckets.into(),
            counts: (0..=buckets.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }
    fn print(&self, name: &str, labels: &text::Labels<'_>, _: &[f64], out: &mut String) {
        let mut total = 0;
        for (index, count) in self.counts.iter().enumerate() {
            total += count.load(Ordering::Relaxed);
            let bound = self.bounds.get(index).copied().unwrap_or(f64::INFINITY);
            text::sample(out, &format!("{name}_bucket"), labels, Some(bound), total as f64);
        }
        let sum = f64::from_bits(self.sum.load(Ordering::Relaxed));
        text::sample(out, &format!("{name}_sum"), labels, None, sum);
        text::sample(out, &format!("{name}_count"), labels, None, total as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_the_text_that_upstream_prints() {
        let registry = Registry::default();
        let requests = registry.counter("requests_total", "[STABLE] Counter.", &["verb", "code"]);
        requests.with(&["GET", "200"]).add(1_234_567);
        requests.with(&["A\"\\\n", "500"]).increment();
        registry.gauge("depth", "A \\ and\na line.", &[]).with(&[]).set(0.5);
        let seconds = registry.histogram("took_seconds", "Time.", &["verb"], &[1e-5, 0.1, 1.0]);
        for value in [0.000_001, 0.1, 5.0] {
            seconds.with(&["GET"]).observe(value);
        }
        assert_eq!(
            registry.text(),
            "# HELP depth A \\\\ and\\na line.\n\
             # TYPE depth gauge\n\
             depth 0.5\n\
             # HELP requests_total [STABLE] Counter.\n\
             # TYPE requests_total counter\n\
             requests_total{verb=\"A\\\"\\\\\\n\",code=\"500\"} 1\n\
             requests_total{verb=\"GET\",code=\"200\"} 1.234567e+06\n\
             # HELP took_seconds Time.\n\
             # TYPE took_seconds histogram\n\
             took_seconds_bucket{verb=\"GET\",le=\"1e-05\"} 1\n\
             took_seconds_bucket{verb=\"GET\",le=\"0.1\"} 2\n\
             took_seconds_bucket{verb=\"GET\",le=\"1\"} 2\n\
             took_seconds_bucket{verb=\"GET\",le=\"+Inf\"} 3\n\
             took_seconds_sum{verb=\"GET\"} 5.100001\n\
             took_seconds_count{verb=\"GET\"} 3\n"
        );
    }

    #[test]
    fn one_name_is_one_family() {
        let registry = Registry::default();
        registry.counter("a", "A.", &[]).with(&[]).increment();
        assert_eq!(registry.counter("a", "A.", &[]).with(&[]).get(), 1);
    }

    #[test]
    fn too_many_series_share_one() {
        let registry = Registry::default();
        let family = registry.counter("a", "A.", &["who"]);
        for n in 0..SERIES_PER_FAMILY_MAX + 5 {
            family.with(&[&n.to_string()]).increment();
        }
        assert_eq!(family.with(&["overflow"]).get(), 5);
    }
}
