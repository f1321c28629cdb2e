//! Tables of selectors: reading, printing, matching, refusing.

use super::Selector;
use serde_json::json;

#[test]
fn selectors_are_read_and_printed_in_order_of_keys() {
    for (text, printed) in [
        ("", ""),
        ("x=a,y=b,z=c", "x=a,y=b,z=c"),
        ("z=c,x=a", "x=a,z=c"),
        ("x!=a, y == b", "x!=a,y==b"),
        ("x", "x"),
        ("!x", "!x"),
        ("x=", "x="),
        ("x=,z= ", "x=,z="),
        ("x in (b,a, c)", "x in (a,b,c)"),
        ("x notin ()", "x notin ()"),
        ("x in (,a)", "x in (,a)"),
        ("x in (a,,b)", "x in (,a,b)"),
        ("x>1,z<5", "x>1,z<5"),
        ("in in (in)", "in in (in)"),
        ("example.com/a in (b)", "example.com/a in (b)"),
        ("!x,y notin (a)", "!x,y notin (a)"),
    ] {
        let selector = Selector::parse(text).expect(text);
        assert_eq!(selector.to_string(), printed, "{text}");
    }
}

#[test]
fn refusals_are_upstreams() {
    for (text, message) in [
        (",", "found ',', expected: !, identifier, or 'end of string'"),
        ("x=a,", "found '', expected: identifier after ','"),
        ("x=a b", "found 'b', expected: ',' or 'end of string'"),
        (
            "x=a||y=b",
            "unable to parse requirement: values[0][x]: Invalid value: \"a||y\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
        ),
        ("x==a==b", "found '==', expected: ',' or 'end of string'"),
        ("!x=a", "found '=', expected: ',' or 'end of string'"),
        ("x in a", "unable to parse requirement: found 'a' expected: '('"),
        ("x in (a", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("x a", "unable to parse requirement: found 'a', expected: in, notin, =, ==, !=, gt, lt"),
        (
            "x<a",
            "unable to parse requirement: values[0]: Invalid value: \"a\": for 'Gt', 'Lt' operators, the value must be an integer",
        ),
    ] {
        let got = Selector::parse(text).map(|s| s.to_string());
        assert_eq!(got.expect_err("refused").to_string(), message, "{text}");
    }
    let bad_key = Selector::parse("-x=a").expect_err("refused").to_string();
    assert!(
        bad_key.starts_with("unable to parse requirement: <nil>: Invalid value: \"-x\": name part"),
        "{bad_key}"
    );
}

#[test]
fn selectors_match_labels() {
    let labels = json!({"app": "web", "n": "3", "empty": ""});
    for (text, expected) in [
        ("", true),
        ("app=web", true),
        ("app=api", false),
        ("app!=api", true),
        ("other!=api", true),
        ("app in (web,api)", true),
        ("app notin (web,api)", false),
        ("other notin (web)", true),
        ("empty=", true),
        ("other=", false),
        ("app,!other", true),
        ("!app", false),
        ("n>2,n<4", true),
        ("n>3", false),
        ("app>1", false),
    ] {
        let selector = Selector::parse(text).expect(text);
        assert_eq!(selector.matches_map(&labels), expected, "{text}");
    }
}

#[test]
fn label_selectors_of_objects_are_read() {
    let selector = Selector::from_label_selector(&json!({
        "matchLabels": {"b": "1"},
        "matchExpressions": [
            {"key": "a", "operator": "In", "values": ["y", "x"]},
            {"key": "c", "operator": "DoesNotExist"},
        ],
    }))
    .expect("valid");
    assert_eq!(selector.to_string(), "a in (x,y),b=1,!c");
    assert_eq!(selector.requires_exact_match("b"), Some("1"));
    assert_eq!(selector.requires_exact_match("a"), None);
    assert!(Selector::from_label_selector(&json!(null)).expect("valid").is_nothing());
    assert!(Selector::from_label_selector(&json!({})).expect("valid").is_everything());
    let wrong = json!({"matchExpressions": [{"key": "a", "operator": "Has"}]});
    assert_eq!(
        Selector::from_label_selector(&wrong).expect_err("refused").to_string(),
        "\"Has\" is not a valid label selector operator"
    );
}
