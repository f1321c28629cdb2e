//! What pods use, and what is made of it.

use super::*;
use serde_json::json;

const NOW: i64 = 10_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("valid")
}

/// A pod that has been ready for long.
fn pod(name: &str, phase: &str) -> Arc<Pod> {
    grown(name, phase, 0, ("True", 10))
}

fn grown(name: &str, phase: &str, started: i64, (ready, changed): (&str, i64)) -> Arc<Pod> {
    let pod = json!({"metadata": {"name": name}, "status": {"phase": phase,
        "startTime": at(started).to_string(),
        "conditions": [{"type": "Ready", "status": ready,
                        "lastTransitionTime": at(changed).to_string()}]}});
    Arc::new(serde_json::from_value(pod).expect("a pod"))
}

fn running(count: usize) -> Vec<Arc<Pod>> {
    (0..count).map(|n| pod(&format!("p{n}"), "Running")).collect()
}

fn samples(values: &[i64]) -> Samples {
    let sample =
        |milli: i64| Sample { at: at(NOW - 5), window: SignedDuration::from_secs(30), milli };
    values.iter().enumerate().map(|(n, milli)| (format!("p{n}"), sample(*milli))).collect()
}

fn scene(current: i32, pods: &[Arc<Pod>]) -> Scene<'_> {
    Scene {
        current,
        pods,
        is_cpu: true,
        tolerance: Tolerance { down: 0.1, up: 0.1 },
        patience: Patience {
            initialization: SignedDuration::from_mins(5),
            readiness: SignedDuration::from_secs(30),
        },
        now: at(NOW),
    }
}

fn requests(count: usize, milli: i64) -> Requests {
    (0..count).map(|n| (format!("p{n}"), milli)).collect()
}

#[test]
fn a_share_of_the_requests_is_aimed_at() {
    let table: [(&[i64], i32, (i32, i32)); 6] = [
        (&[300, 500, 700], 30, (5, 50)),
        (&[300, 500, 700], 50, (3, 50)),
        (&[300, 500, 700], 47, (3, 50)),
        (&[100, 300, 500], 50, (2, 30)),
        (&[0, 0, 0], 50, (0, 0)),
        (&[1000, 1000, 1000], 10, (30, 100)),
    ];
    for (used, target, (replicas, utilization)) in table {
        let (pods, requests) = (running(3), requests(3, 1000));
        let target = Target::Utilization(target, &requests);
        let proposal = of_pods(&scene(3, &pods), samples(used), target).expect("judged");
        assert_eq!((proposal.replicas, proposal.utilization), (replicas, utilization), "{used:?}");
    }
}

#[test]
fn who_says_nothing_speaks_against_a_change() {
    let requests = requests(4, 1000);
    let share = |percent| Target::Utilization(percent, &requests);
    let four = running(4);
    let judged = |used: &[i64], target| {
        of_pods(&scene(4, &four), samples(used), target).expect("judged").replicas
    };
    // Up: the missing one is taken to use nothing: 3 * 0.9 / 4 at a target of 0.5 is 1.35.
    assert_eq!(judged(&[900, 900, 900], share(50)), 6);
    // That it would turn the ratio around is no reason to shrink.
    assert_eq!(judged(&[600, 600, 600], share(50)), 4);
    // Down: it is taken to use all that it requests.
    assert_eq!(judged(&[100, 100, 100], share(50)), 3);
    // Averages: it is taken to use what is aimed at.
    assert_eq!(judged(&[100, 100, 100], Target::Average(1000)), 2);
    assert_eq!(judged(&[3000, 3000, 3000], Target::Average(1000)), 9);
}

#[test]
fn pods_that_start_or_end_are_not_measured() {
    let mut pods = running(2);
    pods.push(pod("p2", "Pending"));
    pods.push(pod("p3", "Failed"));
    let requests = requests(4, 1000);
    let target = Target::Utilization(50, &requests);
    let proposal = of_pods(&scene(2, &pods), samples(&[900, 900, 10, 9000]), target);
    // Two at 90 %, and one that waits, at nothing: 60 % of three is 3.6.
    let proposal = proposal.expect("judged");
    assert_eq!((proposal.replicas, proposal.utilization), (4, 90));
}

#[test]
fn a_start_is_over_when_a_whole_window_is() {
    let sample =
        |second| Sample { at: at(second), window: SignedDuration::from_secs(30), milli: 1 };
    let pods = running(0);
    let scene = scene(1, &pods);
    let table = [
        // Young: a window since it became ready.
        (grown("p", "Running", NOW - 100, ("True", NOW - 50)), NOW - 5, false),
        (grown("p", "Running", NOW - 100, ("True", NOW - 20)), NOW - 5, true),
        (grown("p", "Running", NOW - 100, ("False", NOW - 90)), NOW - 5, true),
        // Old: only one that never was ready.
        (grown("p", "Running", NOW - 900, ("False", NOW - 890)), NOW - 5, true),
        (grown("p", "Running", NOW - 900, ("False", NOW - 100)), NOW - 5, false),
        (grown("p", "Running", NOW - 900, ("True", NOW - 1)), NOW - 5, false),
    ];
    for (pod, sampled, expected) in table {
        assert_eq!(is_starting(&scene, &pod, &sample(sampled)), expected, "{pod:?}");
    }
}

#[test]
fn what_can_not_be_judged_is_said() {
    let (none, two) = (running(0), running(2));
    let requests = Requests::new();
    let target = Target::Utilization(50, &requests);
    let table = [
        (&none, samples(&[1]), "no pods returned by selector while calculating replica count"),
        (&two, Samples::new(), "did not receive metrics for targeted pods (pods might be unready)"),
        (&two, samples(&[1, 1]), "no metrics returned matched known pods"),
    ];
    for (pods, samples, expected) in table {
        let error = of_pods(&scene(2, pods), samples, target).expect_err("an error");
        assert_eq!(error, expected);
    }
}

#[test]
fn totals_are_shared_out() {
    let tolerance = Tolerance { down: 0.1, up: 0.1 };
    assert_eq!(per_pod(3, 9000, 1000, tolerance), (9, 3000));
    assert_eq!(per_pod(3, 3200, 1000, tolerance), (3, 1067));
    assert_eq!(by_ratio(0, 2.1, tolerance, &[]), Ok(3));
    assert_eq!(by_ratio(3, 1.05, tolerance, &[]), Ok(3));
    assert_eq!(by_ratio(3, 2.0, tolerance, &running(2)), Ok(4));
    assert!(by_ratio(3, 2.0, tolerance, &[]).is_err());
}
