//! Taints of nodes and tolerations of pods: who may stay where.
//!
//! Mirrors `Toleration.ToleratesTaint` (`k8s.io/component-helpers/scheduling/corev1`).

use k8s_openapi::api::core::v1::{Taint, Toleration};

/// Whether a pod with `toleration` puts up with `taint`.
pub fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let effect = text(&toleration.effect);
    if !effect.is_empty() && effect != taint.effect {
        return false;
    }
    let key = text(&toleration.key);
    if !key.is_empty() && key != taint.key {
        return false;
    }
    match text(&toleration.operator).as_str() {
        "" | "Equal" => text(&toleration.value) == text(&taint.value),
        "Exists" => true,
        operator @ ("Lt" | "Gt") => {
            let number = |text: String| text.parse::<i64>().ok();
            match (number(text(&taint.value)), number(text(&toleration.value))) {
                (Some(theirs), Some(ours)) if operator == "Lt" => theirs < ours,
                (Some(theirs), Some(ours)) => theirs > ours,
                _ => false,
            }
        }
        _ => false,
    }
}
