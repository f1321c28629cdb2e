//! The metrics of an autoscaler: what is aimed at (spec) and what was seen (status), one by
//! one. `v1` is flat where `v2` has a target and a metric of their own.

use object::{Value, json};

/// A source of metrics: its field, and how both versions name what it says.
struct Source {
    field: &'static str,
    /// Fields that are the same in both versions.
    kept: &'static [&'static str],
    /// Paths in `v2` (two steps) and fields in `v1`.
    spec: &'static [(&'static str, &'static str, &'static str)],
    status: &'static [(&'static str, &'static str, &'static str)],
    /// Which amounts decide `target.type`, the first one that is told; else `otherwise`.
    types: &'static [(&'static str, &'static str)],
    otherwise: &'static str,
    /// Fields of `v1` that are told even when they are nothing.
    always: &'static [&'static str],
    always_status: &'static [&'static str],
}

const SOURCES: &[Source] = &[
    Source {
        field: "object",
        kept: &[],
        spec: &[
            ("metric", "name", "metricName"),
            ("metric", "selector", "selector"),
            ("target", "value", "targetValue"),
            ("target", "averageValue", "averageValue"),
        ],
        status: &[
            ("metric", "name", "metricName"),
            ("metric", "selector", "selector"),
            ("current", "value", "currentValue"),
            ("current", "averageValue", "averageValue"),
        ],
        types: &[("averageValue", "AverageValue")],
        otherwise: "Value",
        always: &["targetValue"],
        always_status: &["currentValue"],
    },
    Source {
        field: "pods",
        kept: &[],
        spec: &[
            ("metric", "name", "metricName"),
            ("metric", "selector", "selector"),
            ("target", "averageValue", "targetAverageValue"),
        ],
        status: &[
            ("metric", "name", "metricName"),
            ("metric", "selector", "selector"),
            ("current", "averageValue", "currentAverageValue"),
        ],
        types: &[],
        otherwise: "AverageValue",
        always: &["targetAverageValue"],
        always_status: &["currentAverageValue"],
    },
    Source { field: "resource", kept: &["name"], ..SHARE },
    Source { field: "containerResource", kept: &["name", "container"], ..SHARE },
    Source {
        field: "external",
        kept: &[],
        spec: &[
            ("metric", "name", "metricName"),
            ("metric", "selector", "metricSelector"),
            ("target", "value", "targetValue"),
            ("target", "averageValue", "targetAverageValue"),
        ],
        status: &[
            ("metric", "name", "metricName"),
            ("metric", "selector", "metricSelector"),
            ("current", "value", "currentValue"),
            ("current", "averageValue", "currentAverageValue"),
        ],
        types: &[("value", "Value")],
        otherwise: "AverageValue",
        always: &[],
        always_status: &["currentValue"],
    },
];

/// What resources of pods and of single containers have in common.
const SHARE: Source = Source {
    field: "",
    kept: &[],
    spec: &[
        ("target", "averageUtilization", "targetAverageUtilization"),
        ("target", "averageValue", "targetAverageValue"),
    ],
    status: &[
        ("current", "averageUtilization", "currentAverageUtilization"),
        ("current", "averageValue", "currentAverageValue"),
    ],
    types: &[("averageUtilization", "Utilization")],
    otherwise: "AverageValue",
    always: &[],
    always_status: &["currentAverageValue"],
};

pub(super) fn spec_to_v2(metric: &Value) -> Value {
    each(metric, |source, from| {
        let mut to = nest(source, source.spec, from);
        let amounts = to["target"].clone();
        let kind = source.types.iter().find(|(field, _)| !amounts[*field].is_null());
        to["target"]["type"] = kind.map_or(source.otherwise, |(_, kind)| kind).into();
        // `v1` can't leave the value of an object's metric out: nothing means none there.
        let average = !amounts["averageValue"].is_null();
        if source.field == "object" && average && amounts["value"] == "0" {
            remove(&mut to["target"], "value");
        }
        to
    })
}

pub(super) fn spec_to_v1(metric: &Value) -> Value {
    each(metric, |source, from| flatten(source, source.spec, source.always, from))
}

pub(super) fn status_to_v2(metric: &Value) -> Value {
    each(metric, |source, from| {
        let mut to = nest(source, source.status, from);
        if to["current"].is_null() {
            to["current"] = json!({});
        }
        to
    })
}

pub(super) fn status_to_v1(metric: &Value) -> Value {
    each(metric, |source, from| flatten(source, source.status, source.always_status, from))
}

/// Converts every source that a metric has; `type` stays.
fn each(metric: &Value, convert: impl Fn(&Source, &Value) -> Value) -> Value {
    let mut to = json!({"type": metric["type"]});
    for source in SOURCES {
        let from = &metric[source.field];
        if !from.is_null() {
            to[source.field] = convert(source, from);
        }
    }
    to
}

fn nest(source: &Source, paths: &[(&str, &str, &str)], from: &Value) -> Value {
    let mut to = json!({});
    for field in source.kept {
        copy(&from[*field], &mut to, field);
    }
    // The object that is measured is a target in `v1`, where `v2`'s target is an amount.
    if source.field == "object" {
        copy(&from["target"], &mut to, "describedObject");
    }
    for (outer, inner, flat) in paths {
        if !from[*flat].is_null() {
            to[*outer][*inner] = from[*flat].clone();
        }
    }
    to
}

fn flatten(source: &Source, paths: &[(&str, &str, &str)], always: &[&str], from: &Value) -> Value {
    let mut to = json!({});
    for field in source.kept {
        copy(&from[*field], &mut to, field);
    }
    if source.field == "object" {
        copy(&from["describedObject"], &mut to, "target");
    }
    for (outer, inner, flat) in paths {
        copy(&from[*outer][*inner], &mut to, flat);
    }
    for field in always {
        if to[*field].is_null() {
            to[*field] = "0".into();
        }
    }
    to
}

fn copy(value: &Value, to: &mut Value, field: &str) {
    if !value.is_null() {
        to[field] = value.clone();
    }
}

fn remove(object: &mut Value, field: &str) {
    if let Some(object) = object.as_object_mut() {
        object.remove(field);
    }
}
