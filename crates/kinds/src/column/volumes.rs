//! What volumes and their claims show alike. Mirrors `k8s.io/kubernetes/pkg/apis/core/v1/helper`.

use super::text_of;
use object::{Value, meta};

/// The class annotation from before there was a field.
const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

const SHORT: &[(&str, &str)] = &[
    ("ReadWriteOnce", "RWO"),
    ("ReadOnlyMany", "ROX"),
    ("ReadWriteMany", "RWX"),
    ("ReadWriteOncePod", "RWOP"),
];

/// Access modes in short, such as `RWO,RWX`.
pub(crate) fn access_modes(modes: &Value) -> String {
    let has = |mode: &str| super::items(modes).any(|found| found == mode);
    let short: Vec<_> =
        SHORT.iter().filter(|(mode, _)| has(mode)).map(|(_, short)| *short).collect();
    short.join(",")
}

/// The storage class of a volume or claim.
pub(crate) fn class(object: &Value) -> &str {
    meta::annotation(object, CLASS_ANNOTATION)
        .unwrap_or_else(|| text_of(&object["spec"]["storageClassName"]))
}

/// A quantity; `0` where absent.
pub(crate) fn size(quantity: &Value) -> &str {
    super::told(quantity, "0")
}
