//! Labels and selectors as a cell shows them. Mirrors `FormatLabels` of
//! `k8s.io/apimachinery/pkg/labels` and `FormatLabelSelector` of `pkg/apis/meta/v1`.

use object::meta::pairs;
use object::{Selector, Value};

/// A map of labels, such as `a=b,c=d`.
pub(crate) fn labels(map: &Value) -> String {
    let pairs: Vec<_> = pairs(map).map(|(key, value)| format!("{key}={value}")).collect();
    super::or(&pairs.join(","), "<none>").to_owned()
}

/// A `LabelSelector`, such as `a=b,c in (d,e)`.
pub(crate) fn selector(selector: &Value) -> String {
    match Selector::from_label_selector(selector) {
        Ok(selector) => super::or(&selector.to_string(), "<none>").to_owned(),
        Err(_) => "<error>".to_owned(),
    }
}
