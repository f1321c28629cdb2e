//! Tables of operations: what they do, and what is refused.

use super::{apply, unknown_fields};
use crate::PatchError;
use object::ApiError;
use serde_json::{Value, json};

#[test]
fn operations_are_applied() {
    let add = |path: &str, value: Value| json!([{"op": "add", "path": path, "value": value}]);
    for (original, patch, expected) in [
        (json!({}), add("/a", json!(1)), json!({"a": 1})),
        (json!({"a": [1, 3]}), add("/a/1", json!(2)), json!({"a": [1, 2, 3]})),
        (json!({"a": [1]}), add("/a/-", json!(2)), json!({"a": [1, 2]})),
        (json!({"a": [1]}), add("/a/1", json!(2)), json!({"a": [1, 2]})),
        (json!({"a": [1]}), add("/a/-1", json!(2)), json!({"a": [1, 2]})),
        (json!({"a": {}}), add("/a/b~1c~0d~01", json!(1)), json!({"a": {"b/c~d~1": 1}})),
        (json!({}), json!([{"op": "add", "path": "/a"}]), json!({"a": null})),
        (json!({"a": [1, 2]}), json!([{"op": "remove", "path": "/a/-1"}]), json!({"a": [1]})),
        (json!({"a": 1}), json!([{"op": "remove", "path": "/a"}]), json!({})),
        (json!({}), json!([{"op": "replace", "path": "/a", "value": 1}]), json!({"a": 1})),
        (json!({"a": 1}), json!([{"op": "replace", "path": "", "value": {"b": 2}}]), {
            json!({"b": 2})
        }),
        (json!({"a": 1}), json!([{"op": "move", "from": "/a", "path": "/b"}]), json!({"b": 1})),
        (json!({"a": 1}), json!([{"op": "copy", "from": "/a", "path": "/b"}]), {
            json!({"a": 1, "b": 1})
        }),
        (json!({}), json!([{"op": "copy", "from": "/a", "path": "/b"}]), json!({"b": null})),
        (json!({"a": [1]}), json!([{"op": "test", "path": "/a/0", "value": 1}]), {
            json!({"a": [1]})
        }),
        (json!({}), json!([{"op": "test", "path": "/a", "value": null}]), json!({})),
        (json!({"": 1}), json!([{"op": "test", "path": "/", "value": 1}]), json!({"": 1})),
    ] {
        assert_eq!(apply(&original, &patch), Ok(expected), "{original} {patch}");
    }
}

#[test]
fn failing_operations_leave_nothing_and_are_unfit() {
    let original = json!({"a": [1], "b": "x"});
    for operation in [
        json!({"op": "add", "path": "", "value": 1}),
        json!({"op": "add", "path": "/x/y", "value": 1}),
        json!({"op": "add", "path": "/a/3", "value": 1}),
        json!({"op": "add", "path": "/a/-3", "value": 1}),
        json!({"op": "add", "path": "/a/x", "value": 1}),
        json!({"op": "add", "path": "/b/c", "value": 1}),
        json!({"op": "remove", "path": "/x"}),
        json!({"op": "remove", "path": "/a/1"}),
        json!({"op": "replace", "path": "/a/1", "value": 1}),
        json!({"op": "replace", "path": "", "value": 1}),
        json!({"op": "move", "from": "/x", "path": "/y"}),
        json!({"op": "test", "path": "/b", "value": "y"}),
        json!({"op": "test", "path": "/a", "value": null}),
        json!({"op": "jump", "path": "/b"}),
        json!({"path": "/b"}),
        json!({"op": "add"}),
        json!(null),
    ] {
        let error = apply(&original, &json!([operation])).expect_err("refused");
        assert!(matches!(error, PatchError::Unfit(_)), "{operation}: {error}");
        let status = ApiError::from(error).to_status();
        assert_eq!(status["code"], 422);
        assert_eq!(
            status["message"],
            "the server rejected our request due to an error in our request"
        );
    }
}

#[test]
fn what_is_no_list_of_operations_is_malformed() {
    let refuse = |patch: Value| ApiError::from(apply(&json!({}), &patch).expect_err("refused"));
    let error = refuse(json!({"op": "add"}));
    assert_eq!(error.code, 400);
    assert_eq!(
        error.message,
        "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
    );
    assert_eq!(refuse(json!([1])).code, 400);
    let many = json!(vec![json!({"op": "test", "path": "/a", "value": null}); 10_001]);
    let error = refuse(many);
    assert_eq!(error.code, 413);
    assert_eq!(
        error.message,
        "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001"
    );
}

#[test]
fn unknown_members_are_found() {
    let patch = json!([{"op": "add"}, {"op": "add", "extra": 1, "path": "/a"}]);
    assert_eq!(unknown_fields(&patch), ["json patch unknown field \"[1].extra\""]);
}
