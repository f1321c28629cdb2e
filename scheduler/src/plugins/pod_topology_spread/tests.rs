//! Zones and hosts, and who may go where.

use super::super::testing::{cluster, labelled, node, points, verdicts};
use super::*;
use control::selector::Matcher;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::{Value, json};

fn web() -> PodInfo {
    labelled(json!({"app": "web"}), json!({"containers": []}))
}

fn spreading(extra: Value) -> PodInfo {
    let mut constraint = json!({"maxSkew": 1, "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": "web"}}});
    for (name, value) in extra.as_object().expect("an object") {
        constraint[name] = value.clone();
    }
    let spec = json!({"containers": [], "nodeSelector": {"disk": "ssd"},
        "topologySpreadConstraints": [constraint]});
    labelled(json!({"app": "web"}), spec)
}

/// Two pods in zone 1, one in zone 2, none in zone 3, whose node has the wrong disk and a taint;
/// the last node is in no zone.
fn zones() -> Snapshot {
    let place = |name: &str, zone: &str, disk: &str| {
        node(json!({"metadata": {"name": name, "labels": {"zone": zone, "disk": disk}}}))
    };
    let mut tainted = place("c", "3", "hdd");
    tainted.spec =
        serde_json::from_value(json!({"taints": [{"key": "k", "effect": "NoSchedule"}]}))
            .expect("a spec");
    cluster(vec![
        (place("a", "1", "ssd"), vec![web(), web()]),
        (place("b", "2", "ssd"), vec![web()]),
        (tainted, vec![]),
        (node(json!({"metadata": {"name": "d"}})), vec![]),
    ])
}

#[test]
fn skew_is_counted_where_the_pod_may_go() {
    let far = Verdict::crowded(vec![MISMATCH.into()]);
    let nowhere = Verdict::never(NO_LABEL);
    let fits = Verdict::Fits;
    let table = [
        (json!({}), [far.clone(), fits.clone(), fits.clone()]),
        (json!({"nodeAffinityPolicy": "Ignore"}), [far.clone(), far.clone(), fits.clone()]),
        (
            json!({"nodeAffinityPolicy": "Ignore", "nodeTaintsPolicy": "Honor"}),
            [far.clone(), fits.clone(), fits.clone()],
        ),
        (json!({"minDomains": 3}), [far.clone(), far.clone(), fits.clone()]),
        (json!({"maxSkew": 2}), [fits.clone(), fits.clone(), fits.clone()]),
        (json!({"labelSelector": null}), [fits.clone(), fits.clone(), fits.clone()]),
    ];
    for (extra, expected) in table {
        let verdicts = verdicts(&PodTopologySpread::default(), &spreading(extra.clone()), &zones());
        assert_eq!(verdicts[..3], expected, "{extra}");
        assert_eq!(verdicts[3], nowhere, "{extra}");
    }
}

#[test]
fn pods_of_one_owner_are_spread_unasked() {
    let host = |name: &str| {
        node(json!({"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}}}))
    };
    let nodes = cluster(vec![(host("a"), vec![web()]), (host("b"), vec![])]);
    assert_eq!(points(&PodTopologySpread::default(), &web(), &nodes), [0, 0]);
    let mut pod = web();
    let kin: LabelSelector =
        serde_json::from_value(json!({"matchLabels": {"app": "web"}})).expect("a selector");
    pod.kin = vec![Matcher::new(&kin).expect("sound")];
    let mut points = points(&PodTopologySpread::default(), &pod, &nodes);
    assert!(points[0] > points[1]);
    Normalize::FewestBest.apply(&mut points);
    assert_eq!(points[1], 100);
}
