//! `Event` between `events.k8s.io/v1` and core `v1`, which is the stored form: the same facts
//! under other names. Mirrors `k8s.io/kubernetes/pkg/apis/events/v1`.

use super::rename::rename;
use object::Value;

/// The fields whose names differ: in `events.k8s.io/v1`, in core `v1`.
const RENAMED: &[(&str, &str)] = &[
    ("regarding", "involvedObject"),
    ("note", "message"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
    ("reportingController", "reportingComponent"),
];

pub(super) fn to_core(object: &mut Value) {
    for (new, core) in RENAMED {
        rename(object, new, core);
    }
}

pub(super) fn from_core(object: &mut Value) {
    for (new, core) in RENAMED {
        rename(object, core, new);
    }
}
