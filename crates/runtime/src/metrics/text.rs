//! The text format of metrics, version 0.0.4, with numbers as Go prints them.

use super::{Family, Metric};
use std::any::Any;
use std::fmt::Write;
use std::sync::Arc;

/// A family, whatever it is made of.
pub(super) trait Print: Send + Sync {
    fn print(&self, out: &mut String);
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

/// Label names with their values, of one series.
#[derive(Debug)]
pub struct Labels<'a> {
    names: &'a [&'static str],
    values: &'a [String],
}

impl<M: Metric> Print for Family<M> {
    fn print(&self, out: &mut String) {
        let series = self.read();
        if series.is_empty() {
            return;
        }
        let help = self.help.replace('\\', "\\\\").replace('\n', "\\n");
        // Writing to a String does not fail.
        let _ = writeln!(out, "# HELP {} {help}\n# TYPE {} {}", self.name, self.name, M::TYPE);
        let mut sorted: Vec<_> = series.iter().collect();
        sorted.sort_by_key(|(values, _)| *values);
        for (values, metric) in sorted {
            metric.print(self.name, &Labels { names: self.labels, values }, &self.buckets, out);
        }
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// One line: name, labels (and the bucket's bound), value.
pub(super) fn sample(
    out: &mut String,
    name: &str,
    labels: &Labels<'_>,
    bound: Option<f64>,
    value: f64,
) {
    let mut pairs: Vec<String> = labels
        .names
        .iter()
        .zip(labels.values)
        .map(|(name, value)| format!("{name}=\"{}\"", escape(value)))
        .collect();
    pairs.extend(bound.map(|bound| format!("le=\"{}\"", go_float(bound))));
    out.push_str(name);
    if !pairs.is_empty() {
        // Writing to a String does not fail.
        let _ = write!(out, "{{{}}}", pairs.join(","));
    }
    let _ = writeln!(out, " {}", go_float(value));
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('\n', "\\n").replace('"', "\\\"")
}

/// Go's `%g` of shortest precision: the fewest digits that read back as `value`, with an exponent
/// below 1e-4 and from 1e+6 on.
fn go_float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').expect("{:e} writes an exponent");
    let exponent: i32 = exponent.parse().expect("{:e} writes a whole exponent");
    if (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    #[test]
    fn floats_are_written_as_go_writes_them() {
        let table = [
            (0.0, "0"),
            (1e-5, "1e-05"),
            (0.00016, "0.00016"),
            (245_760.0, "245760"),
            (2_592_000.0, "2.592e+06"),
            (413_482_030.567_965_3, "4.134820305679653e+08"),
            (889_910.906_301_218_2, "889910.9063012182"),
            (f64::NEG_INFINITY, "-Inf"),
        ];
        for (value, text) in table {
            assert_eq!(super::go_float(value), text);
        }
    }
}
