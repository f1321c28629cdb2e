//! Logs, to stderr, in the shape of klog: text by default, JSON on demand.
//!
//! Levels: errors, warnings and infos are always written; `-v=4` and above adds debug, `-v=6` and
//! above adds trace. Libraries below us speak from `-v=8` on, their warnings always. Mirrors
//! `k8s.io/klog/v2` and `k8s.io/component-base/logs/json`; not their `--vmodule`.

use jiff::tz::TimeZone;
use std::fmt::{self, Write};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// `-v` from which debug events are written.
const DEBUG_VERBOSITY: u8 = 4;
/// `-v` from which trace events are written.
const TRACE_VERBOSITY: u8 = 6;
/// `-v` from which libraries are heard too.
const LIBRARIES_VERBOSITY: u8 = 8;
/// Those of our libraries that log much below warnings.
const LIBRARIES: [&str; 8] =
    ["fjall", "h2", "hyper", "hyper_util", "kube", "lsm_tree", "rustls", "tower"];

/// What says a second time, at greater length, what our informers say of a watch that failed.
const REPEATED: &str = "kube_runtime::watcher";

/// The shape of a line: `--logging-format`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `I1123 06:19:02.051393 4711 file.rs:72] "what happened" key="value"`
    #[default]
    Text,
    /// One JSON object a line: `ts` (milliseconds), `caller`, `msg`, `v` or `err`'s absence.
    Json,
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "" | "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("Unsupported log format".to_owned()),
        }
    }
}

/// Sends all events of this process to stderr. A second call changes nothing, so that tests and
/// the three components of one process may each ask for it.
pub fn start(verbosity: u8, format: Format) {
    let ours = match verbosity {
        0..DEBUG_VERBOSITY => LevelFilter::INFO,
        DEBUG_VERBOSITY..TRACE_VERBOSITY => LevelFilter::DEBUG,
        TRACE_VERBOSITY.. => LevelFilter::TRACE,
    };
    let theirs = if verbosity >= LIBRARIES_VERBOSITY { ours } else { LevelFilter::WARN };
    let repeated = if verbosity >= LIBRARIES_VERBOSITY { ours } else { LevelFilter::ERROR };
    send(ours, theirs, repeated, format);
}

/// The same for a program that speaks to a person: nothing but what went wrong.
pub fn start_quietly() {
    send(LevelFilter::WARN, LevelFilter::WARN, LevelFilter::ERROR, Format::Text);
}

fn send(ours: LevelFilter, theirs: LevelFilter, repeated: LevelFilter, format: Format) {
    let filter = Targets::new()
        .with_default(ours)
        .with_targets(LIBRARIES.into_iter().map(|library| (library, theirs)))
        .with_target(REPEATED, repeated);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .event_format(Line { format, pid: std::process::id() });
    let started = tracing_subscriber::registry().with(filter).with(lines).try_init();
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}

struct Line {
    format: Format,
    pid: u32,
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let now = crate::clock::now();
        let metadata = event.metadata();
        let line = match self.format {
            Format::Text => text_line(now, self.pid, metadata, &fields),
            Format::Json => json_line(now, metadata, &fields),
        };
        writeln!(out, "{line}")
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, FieldValue)>,
}

enum FieldValue {
    Text(String),
    Bare(String),
}

impl Fields {
    fn add(&mut self, field: &Field, value: FieldValue) {
        match (field.name(), value) {
            ("message", FieldValue::Text(text) | FieldValue::Bare(text)) => self.message = text,
            (name, value) => self.others.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, FieldValue::Text(value.to_owned()));
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, FieldValue::Bare(value.to_string()));
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, FieldValue::Bare(value.to_string()));
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, FieldValue::Bare(value.to_string()));
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        let shown = value.to_string();
        let numeric = value.is_finite();
        self.add(field, if numeric { FieldValue::Bare(shown) } else { FieldValue::Text(shown) });
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, FieldValue::Text(format!("{value:?}")));
    }
}

fn caller(metadata: &Metadata<'_>) -> String {
    let file = metadata.file().unwrap_or("unknown");
    // `main.rs` alone would not say whose; the crate's folder is above `src`.
    let short = match file.rsplit_once("/src/") {
        Some((folder, rest)) => {
            format!("{}/{rest}", folder.rsplit('/').next().unwrap_or_default())
        }
        None => file.to_owned(),
    };
    format!("{short}:{}", metadata.line().unwrap_or(0))
}

fn text_line(now: jiff::Timestamp, pid: u32, metadata: &Metadata<'_>, fields: &Fields) -> String {
    let letter = match *metadata.level() {
        Level::ERROR => 'E',
        Level::WARN => 'W',
        _ => 'I',
    };
    let time = now.to_zoned(TimeZone::UTC);
    let mut line = format!(
        "{letter}{:02}{:02} {:02}:{:02}:{:02}.{:06} {pid:>7} {}] {:?}",
        time.month(),
        time.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.subsec_nanosecond() / 1000,
        caller(metadata),
        fields.message,
    );
    for (key, value) in &fields.others {
        // Writing to a String does not fail.
        let _ = match value {
            FieldValue::Text(text) => write!(line, " {key}={text:?}"),
            FieldValue::Bare(text) => write!(line, " {key}={text}"),
        };
    }
    line
}

fn json_line(now: jiff::Timestamp, metadata: &Metadata<'_>, fields: &Fields) -> String {
    let micros = now.as_microsecond();
    let mut line = format!(
        "{{\"ts\":{}.{:03},\"caller\":{},\"msg\":{}",
        micros / 1000,
        micros % 1000,
        json_text(&caller(metadata)),
        json_text(&fields.message),
    );
    match *metadata.level() {
        Level::ERROR => {}
        Level::DEBUG => line.push_str(",\"v\":4"),
        Level::TRACE => line.push_str(",\"v\":6"),
        _ => line.push_str(",\"v\":0"),
    }
    for (key, value) in &fields.others {
        // Writing to a String does not fail.
        let _ = match value {
            FieldValue::Text(text) => write!(line, ",{}:{}", json_text(key), json_text(text)),
            FieldValue::Bare(text) => write!(line, ",{}:{text}", json_text(key)),
        };
    }
    line.push('}');
    line
}

fn json_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if u32::from(c) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_text_is_escaped() {
        assert_eq!(json_text("a\"b\\c\nd\u{1}é"), "\"a\\\"b\\\\c\\nd\\u0001é\"");
    }

    #[test]
    fn formats_are_named_as_upstream_names_them() {
        assert_eq!("text".parse(), Ok(Format::Text));
        assert_eq!("json".parse(), Ok(Format::Json));
        assert!("yaml".parse::<Format>().is_err());
    }

    #[test]
    fn starting_twice_is_harmless() {
        start(2, Format::Text);
        start(6, Format::Json);
    }
}
