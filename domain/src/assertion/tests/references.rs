use serde_json::json;

use super::{Values, compile, sample};
use crate::{reference::UnresolvedCause, result::AssertionOutcome};

#[test]
fn expected_values_are_rendered_with_their_types() {
    let scope =
        Values(json!({ "total": 42, "sku": "SKU-1", "limit": "2s", "list": [41, 42], "pattern": "^S" }));
    let answer = sample::json(&json!({ "total": 42, "sku": "SKU-1", "items": [1, 2] }));
    for (written, expected) in [
        (json!({ "body.total": "@{{vars.total}}" }), json!(42)),
        (json!({ "body.total": { "equals": "@{{vars.total}}" } }), json!(42)),
        (json!({ "body.total": { "in": "@{{vars.list}}" } }), json!([41, 42])),
        (json!({ "body.total": { "in": [1, "@{{vars.total}}"] } }), json!([1, 42])),
        (json!({ "body.sku": { "matches": "@{{vars.pattern}}KU" } }), json!("^SKU")),
        (json!({ "latency": { "lt": "@{{vars.limit}}" } }), json!("2s")),
        (json!({ "body.items": { "length": { "lt": "@{{vars.total}}" } } }), json!({ "lt": 42 })),
        (json!({ "body.items": { "schema": { "maxItems": "@{{vars.total}}" } } }), json!({ "maxItems": 42 })),
        (
            json!({ "property": "body.total", "comparison": "is equal to", "expected": "@{{vars.total}}" }),
            json!(42),
        ),
    ] {
        let result = compile(&written).evaluate(&answer, &scope).unwrap().remove(0);
        assert_eq!((result.outcome, &result.expected), (AssertionOutcome::Passed, &expected), "{written}");
    }
}

#[test]
fn an_operand_that_turns_out_wrong_fails_and_says_so() {
    let scope = Values(json!({ "bad": "(", "number": 7 }));
    let answer = sample::json(&json!({ "sku": "SKU-1" }));
    for (written, message) in [
        (json!({ "body.sku": { "matches": "@{{vars.bad}}" } }), "not a regular expression: unclosed group"),
        (
            json!({ "body.sku": { "not_matches": "@{{vars.bad}}" } }),
            "not a regular expression: unclosed group",
        ),
        (
            json!({ "body.sku": { "starts_with": "@{{vars.number}}" } }),
            "`starts_with` takes a text, found the number 7",
        ),
        (json!({ "latency": { "lt": "@{{vars.bad}}" } }), "`(` is not a duration"),
    ] {
        let result = compile(&written).evaluate(&answer, &scope).unwrap().remove(0);
        assert_eq!(result.outcome, AssertionOutcome::Failed, "{written}");
        assert!(result.message.as_ref().unwrap().starts_with(message), "{written}: {result:?}");
    }
}

#[test]
fn a_reference_without_a_value_is_named() {
    let assertion = compile(&json!({ "body.total": { "gt": 0, "lt": "@{{login.body.limit}}" } }));
    let unresolved = assertion.evaluate(&sample::json(&json!({})), &Values(json!({}))).unwrap_err();
    assert_eq!(
        (unresolved.reference.as_str(), unresolved.cause),
        ("login.body.limit", UnresolvedCause::MissingValue)
    );
}

#[test]
fn references_come_with_the_pointer_of_their_text() {
    for (written, pointers) in [
        (json!({ "body[\"a/b\"]": "@{{vars.x}}" }), vec!["/body[\"a~1b\"]"]),
        (
            json!({ "body.a": { "gt": 1, "in": [1, "@{{vars.x}}-@{{vars.y}}"] } }),
            vec!["/body.a/in/1", "/body.a/in/1"],
        ),
        (
            json!({ "body.a": { "all": { "length": { "lt": "@{{vars.x}}" } } } }),
            vec!["/body.a/all/length/lt"],
        ),
        (
            json!({ "property": "status", "comparison": "is equal to", "expected": "@{{vars.x}}" }),
            vec!["/expected"],
        ),
        (json!({ "body.a": "@@{{vars.x}}" }), vec![]),
    ] {
        let assertion = compile(&written);
        assert_eq!(
            assertion.references().map(|(pointer, _)| pointer).collect::<Vec<_>>(),
            pointers,
            "{written}"
        );
    }
}

#[test]
fn an_escaped_reference_is_expected_as_text() {
    let answer = sample::json(&json!({ "template": "@{{vars.x}}" }));
    let result =
        compile(&json!({ "body.template": "@@{{vars.x}}" })).evaluate(&answer, &Values(json!({}))).unwrap();
    assert_eq!((result[0].outcome, &result[0].expected), (AssertionOutcome::Passed, &json!("@{{vars.x}}")));
}
