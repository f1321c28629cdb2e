//! Sentences and statuses, as upstream's constructors make them.

use super::*;
use crate::{GroupKind, GroupResource};

fn pods() -> GroupResource {
    GroupResource::new("", "pods")
}

#[test]
fn field_errors_print_their_values_as_upstream() {
    let mut errors = FieldErrors::new();
    errors.invalid("a", "it's", "no");
    errors.invalid("b", 3, "no");
    errors.invalid("c", json!({"x": ["<"]}), "no");
    errors.required("d", "");
    errors.forbidden("e", "may not");
    errors.duplicate("f", json!(null));
    errors.not_found("g", true);
    errors.not_supported("h", "x", &["b", "a"]);
    errors.not_supported_in_order("h", "x", &["b", "a"]);
    errors.too_long("i", 1);
    errors.too_long("i", 2);
    errors.too_many("j", 3, 1);
    errors.too_few("k", 0, 2);
    errors.too_short("l", 1);
    errors.internal("m", "broken");
    errors.type_invalid("n", 1.5, "must be text");
    let lines: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            r#"a: Invalid value: "it's": no"#,
            "b: Invalid value: 3: no",
            r#"c: Invalid value: {"x":["\u003c"]}: no"#,
            "d: Required value",
            "e: Forbidden: may not",
            "f: Duplicate value: null",
            "g: Not found: true",
            r#"h: Unsupported value: "x": supported values: "a", "b""#,
            r#"h: Unsupported value: "x": supported values: "b", "a""#,
            "i: Too long: may not be more than 1 byte",
            "i: Too long: may not be more than 2 bytes",
            "j: Too many: 3: must have at most 1 item",
            "k: Too few: 0: must have at least 2 items",
            "l: Too short: must be at least 1 character",
            "m: Internal error: broken",
            "n: Invalid value: 1.5: must be text",
        ]
    );
}

#[test]
fn an_invalid_object_says_each_sentence_once_and_each_cause() {
    let kind = GroupKind::new("apps", "Deployment");
    let mut errors = FieldErrors::new();
    errors.required("a", "x");
    let one = ApiError::invalid(&kind, "web", errors.clone());
    assert_eq!(one.message, r#"Deployment.apps "web" is invalid: a: Required value: x"#);
    errors.required("a", "x");
    errors.required("b", "");
    let many = ApiError::invalid(&kind, "web", errors);
    assert_eq!(
        many.message,
        r#"Deployment.apps "web" is invalid: [a: Required value: x, b: Required value]"#
    );
    assert_eq!(many.details.as_ref().map(|d| d.causes.len()), Some(3));
    assert_eq!(
        many.to_status()["details"]["causes"][0],
        json!({"reason": "FieldValueRequired", "message": "Required value: x", "field": "a"})
    );
    let none = ApiError::invalid(&kind, "web", FieldErrors::new());
    assert_eq!(none.message, r#"Deployment.apps "web" is invalid"#);
}

#[test]
fn statuses_are_upstreams() {
    let status = |error: ApiError| error.to_status().to_string();
    for (error, code, reason, message) in [
        (ApiError::not_found(&pods(), "web"), 404, "NotFound", r#"pods "web" not found"#),
        (ApiError::already_exists(&pods(), "web"), 409, "AlreadyExists", {
            r#"pods "web" already exists"#
        }),
        (ApiError::forbidden(&pods(), "", "no"), 403, "Forbidden", "pods is forbidden: no"),
        (ApiError::forbidden(&GroupResource::new("", ""), "x", "no"), 403, "Forbidden", {
            "forbidden: no"
        }),
        (ApiError::method_not_allowed(&pods(), "put"), 405, "MethodNotAllowed", {
            r#"put is not supported on resources of kind "pods""#
        }),
        (ApiError::too_large_resource_version(9, 1, 0), 504, "Timeout", {
            "Timeout: Too large resource version: 9, current: 1"
        }),
        (ApiError::server_timeout(&pods(), "create", 0), 500, "ServerTimeout", {
            "The create operation against pods could not be completed at this time, please try again."
        }),
    ] {
        let value = error.to_status();
        assert_eq!(value["code"], code);
        assert_eq!(value["reason"], reason);
        assert_eq!(value["message"], message);
    }
    assert!(status(ApiError::timeout("late")).contains(r#""details":{}"#));
    assert!(!status(ApiError::bad_request("x")).contains("details"));
    assert_eq!(
        ApiError::internal("x").to_status()["details"],
        json!({"causes": [{"message": "x"}]})
    );
}
