//! Recommendations and how far they are followed.

use super::*;
use serde_json::{Value, json};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("valid")
}

fn behavior(value: Value) -> HorizontalPodAutoscalerBehavior {
    serde_json::from_value(value).expect("a behavior")
}

fn question(
    behavior: Option<&HorizontalPodAutoscalerBehavior>,
    current: i32,
    recommended: i32,
) -> Question<'_> {
    Question {
        current,
        recommended,
        min: 2,
        max: 20,
        behavior,
        down_window: SignedDuration::from_mins(5),
        now: at(0),
    }
}

#[test]
fn without_rules_growth_is_bounded_and_shrinking_waits() {
    let table = [
        (3, 3, 3, READY, (false, IN_RANGE)),
        (1, 9, 4, READY, (true, UP_LIMIT)),
        (5, 12, 10, READY, (true, UP_LIMIT)),
        (15, 90, 20, READY, (true, TOO_MANY)),
        (2, 0, 2, READY, (true, TOO_FEW)),
    ];
    for (current, recommended, replicas, able, limited) in table {
        let answer = normalize(&question(None, current, recommended), &mut Memory::default());
        assert_eq!(answer, Answer { replicas, able, limited }, "{current} to {recommended}");
    }
    let mut memory = Memory::default();
    memory.begin(8, at(0));
    let mut seen = Vec::new();
    for (second, recommended) in [(15, 6), (100, 4), (290, 3), (301, 3), (320, 3), (405, 3)] {
        let now = Question { now: at(second), ..question(None, 8, recommended) };
        let answer = normalize(&now, &mut memory);
        seen.push((answer.replicas, answer.able.0));
    }
    let stable = DOWN_STABILIZED.0;
    assert_eq!(
        seen,
        [(8, stable), (8, stable), (8, stable), (6, stable), (4, stable), (3, READY.0)]
    );
}

#[test]
fn policies_bound_what_is_done_in_their_time() {
    let pods = |value: i32, seconds: i32| json!({"type": "Pods", "value": value, "periodSeconds": seconds});
    let share = |value: i32, seconds: i32| json!({"type": "Percent", "value": value, "periodSeconds": seconds});
    let up = |select: &str, policies: Value| {
        behavior(json!({
            "scaleUp": {"stabilizationWindowSeconds": 0, "selectPolicy": select,
                        "policies": policies},
            "scaleDown": {"stabilizationWindowSeconds": 0, "selectPolicy": select,
                          "policies": policies}}))
    };
    let table = [
        ("Max", json!([pods(3, 60), share(100, 60)]), (5, 18), (10, UP_LIMIT)),
        ("Min", json!([pods(3, 60), share(100, 60)]), (5, 18), (8, UP_LIMIT)),
        ("Disabled", json!([pods(3, 60)]), (5, 18), (5, UP_LIMIT)),
        ("Max", json!([share(10, 60)]), (5, 18), (6, UP_LIMIT)),
        ("Max", json!([share(900, 60)]), (5, 99), (20, TOO_MANY)),
        ("Max", json!([pods(1, 60), share(50, 60)]), (11, 2), (5, DOWN_LIMIT)),
        ("Min", json!([pods(1, 60), share(50, 60)]), (11, 2), (10, DOWN_LIMIT)),
        ("Max", json!([share(100, 60)]), (11, 0), (2, TOO_FEW)),
        ("Max", json!([pods(9, 60)]), (11, 5), (5, IN_RANGE)),
    ];
    for (select, policies, (current, recommended), (replicas, words)) in table {
        let rules = up(select, policies.clone());
        let asked = question(Some(&rules), current, recommended);
        let answer = normalize(&asked, &mut Memory::default());
        assert_eq!(answer.replicas, replicas, "{select} {policies} from {current}");
        assert_eq!(answer.limited, (words != IN_RANGE, words));
    }
    // What was added within the period counts.
    let rules = up("Max", json!([pods(4, 60)]));
    let mut memory = Memory::default();
    memory.scaled(5, 8, rules.scale_up.as_ref(), at(0));
    let after =
        |second, current| Question { now: at(second), ..question(Some(&rules), current, 18) };
    assert_eq!(normalize(&after(30, 8), &mut memory).replicas, 9);
    assert_eq!(normalize(&after(61, 8), &mut memory).replicas, 12);
}

#[test]
fn windows_hold_back_in_their_direction() {
    let rules = behavior(json!({
        "scaleUp": {"stabilizationWindowSeconds": 60, "selectPolicy": "Max",
                    "policies": [{"type": "Percent", "value": 900, "periodSeconds": 15}]},
        "scaleDown": {"selectPolicy": "Max",
                      "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}}));
    let mut memory = Memory::default();
    memory.begin(5, at(0));
    let mut ask = |second, recommended| {
        let now = Question { now: at(second), ..question(Some(&rules), 5, recommended) };
        let answer = normalize(&now, &mut memory);
        (answer.replicas, answer.able.0)
    };
    assert_eq!(ask(10, 9), (5, UP_STABILIZED.0), "five were enough a moment ago");
    assert_eq!(ask(50, 8), (5, UP_STABILIZED.0));
    assert_eq!(ask(65, 9), (8, UP_STABILIZED.0));
    assert_eq!(ask(70, 3), (5, DOWN_STABILIZED.0), "five minutes where nothing is said");
    assert_eq!(ask(371, 3), (3, READY.0));
}
