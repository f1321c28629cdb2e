//! How many pods more, and how many fewer, a Deployment may have while it changes.
//!
//! Mirrors `ResolveFenceposts` (`pkg/controller/deployment/util`) and
//! `GetScaledValueFromIntOrPercent` (`k8s.io/apimachinery/pkg/util/intstr`).

use k8s_openapi::api::apps::v1::{Deployment, RollingUpdateDeployment};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// How many pods it asks for.
pub(super) fn wanted(deployment: &Deployment) -> i32 {
    deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
}

/// Whether it is a rolling update; else it is a `Recreate`.
pub(super) fn is_rolling(deployment: &Deployment) -> bool {
    strategy(deployment).0 != "Recreate"
}

/// How many pods may exist beyond those wanted.
pub(super) fn max_surge(deployment: &Deployment) -> i32 {
    if !is_rolling(deployment) {
        return 0;
    }
    fenceposts(deployment).0
}

/// How many of the wanted pods may be missing.
pub(super) fn max_unavailable(deployment: &Deployment) -> i32 {
    if !is_rolling(deployment) || wanted(deployment) == 0 {
        return 0;
    }
    fenceposts(deployment).1.min(wanted(deployment))
}

/// Both bounds; they are never both 0, or nothing could move.
fn fenceposts(deployment: &Deployment) -> (i32, i32) {
    let rolling = strategy(deployment).1;
    let value = |bound: Option<&IntOrString>, round_up| {
        bound.map_or(0, |bound| scaled(bound, wanted(deployment), round_up))
    };
    let surge = value(rolling.and_then(|rolling| rolling.max_surge.as_ref()), true);
    let unavailable = value(rolling.and_then(|rolling| rolling.max_unavailable.as_ref()), false);
    (surge, if surge == 0 && unavailable == 0 { 1 } else { unavailable })
}

fn strategy(deployment: &Deployment) -> (&str, Option<&RollingUpdateDeployment>) {
    let strategy = deployment.spec.as_ref().and_then(|spec| spec.strategy.as_ref());
    (
        strategy.and_then(|strategy| strategy.type_.as_deref()).unwrap_or("RollingUpdate"),
        strategy.and_then(|strategy| strategy.rolling_update.as_ref()),
    )
}

/// A number, or a share of `total` in percent.
pub(crate) fn scaled(value: &IntOrString, total: i32, round_up: bool) -> i32 {
    match value {
        IntOrString::Int(number) => *number,
        IntOrString::String(text) => {
            let percent: i64 =
                text.strip_suffix('%').and_then(|number| number.parse().ok()).unwrap_or(0);
            let product = percent * i64::from(total);
            let share = if round_up { (product + 99).div_euclid(100) } else { product / 100 };
            i32::try_from(share).unwrap_or(i32::MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn percentages_round_up_for_surge_and_down_for_unavailable() {
        let table = [
            (10, json!("25%"), json!("25%"), (3, 2)),
            (1, json!("25%"), json!("25%"), (1, 0)),
            (3, json!(0), json!("10%"), (0, 1)),
            (5, json!(2), json!(9), (2, 5)),
            (0, json!("25%"), json!("25%"), (0, 0)),
        ];
        for (replicas, surge, unavailable, expected) in table {
            let deployment: Deployment = serde_json::from_value(json!({"spec": {
                "replicas": replicas, "selector": {}, "template": {},
                "strategy": {"type": "RollingUpdate",
                    "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}},
            }}))
            .expect("a deployment");
            assert_eq!((max_surge(&deployment), max_unavailable(&deployment)), expected);
        }
    }
}
