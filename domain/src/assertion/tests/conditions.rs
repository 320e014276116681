use serde_json::{Value, json};

use super::{Values, check};
use crate::{assertion::Condition, reference::UnresolvedCause};

fn compile(written: Value) -> Condition {
    Condition::compile(&check(&written)).unwrap()
}

#[test]
fn a_condition_compares_a_rendered_value() {
    let scope = Values(json!({ "body": { "plan": "pro", "seats": 3 }, "plan": "pro" }));
    for (written, expected) in [
        (json!({ "value": "@{{login.body.plan}}", "equals": "pro" }), true),
        (json!({ "value": "@{{login.body.plan}}", "equals": "@{{vars.plan}}" }), true),
        (json!({ "value": "@{{login.body.plan}}", "not_in": ["pro"] }), false),
        (json!({ "value": "@{{login.body.seats}}", "gte": 1, "lt": 3 }), false),
        (json!({ "value": "@{{login.body}}", "contains": "plan" }), true),
        (json!({ "value": null, "is_null": true }), true),
    ] {
        assert_eq!(compile(written.clone()).holds(&scope), Ok(expected), "{written}");
    }
}

#[test]
fn a_missing_value_is_an_answer_only_where_that_is_the_question() {
    let scope = Values(json!({ "body": {} }));
    let missing = |rest: Value| {
        let mut written = json!({ "value": "@{{login.body.plan}}" });
        written.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        compile(written).holds(&scope)
    };
    assert_eq!(missing(json!({ "exists": false })), Ok(true));
    assert_eq!(missing(json!({ "exists": true })), Ok(false));
    assert_eq!(missing(json!({ "is_null": true })), Ok(true));
    assert_eq!(missing(json!({ "equals": "pro" })).unwrap_err().cause, UnresolvedCause::MissingValue);
    let gone = compile(json!({ "value": "@{{vars.plan}}", "exists": false }));
    assert_eq!(gone.holds(&scope).unwrap_err().cause, UnresolvedCause::Gone);
}

#[test]
fn mistakes_and_references_have_their_pointers() {
    let problem = |written: Value| Condition::compile(&check(&written)).unwrap_err().remove(0);
    assert!(problem(json!({ "status": 200 })).message.contains("needs a `value`"));
    assert!(problem(json!({ "value": 1 })).message.contains("nothing is compared"));
    assert_eq!(problem(json!({ "value": "@{{", "equals": 1 })).pointer, "/value");
    assert_eq!(problem(json!({ "value": 1, "equls": 1 })).pointer, "/equls");
    assert_eq!(problem(json!({ "value": 1, "degraded": 1 })).pointer, "/degraded");
    let condition = compile(json!({ "value": ["@{{vars.a}}"], "equals": "@{{vars.b}}" }));
    let pointers: Vec<_> = condition.references().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers, ["/value/0", "/equals"]);
}
