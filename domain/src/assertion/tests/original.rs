//! The original's eight comparisons, and a test for each of its defects.

use serde_json::{Value, json};

use super::{check, only, problems, sample};
use crate::{
    assertion::{Assertion, OriginalComparison},
    result::AssertionOutcome,
};

fn holds(property: &str, comparison: &str, expected: Value) -> bool {
    let answer = sample::json(&json!({
        "id": 42, "nine": "9", "name": "Ann", "yes": true, "nothing": null, "list": [1, "two"], "object": { "key": 1 },
        "items": [{ "id": "a" }],
    }));
    let written = json!({ "property": property, "comparison": comparison, "expected": expected });
    only(&written, &answer).outcome == AssertionOutcome::Passed
}

#[test]
fn the_eight_comparisons_mean_what_they_say() {
    let table = [
        ("status", "is equal to", json!("201"), true),
        ("status", "is equal to", json!(201), true),
        ("status", "is equal to", json!("201.0"), true),
        ("status", "is equal to", json!("200"), false),
        ("body.name", "is equal to", json!("Ann"), true),
        ("body.name", "is equal to", json!("ann"), false),
        ("body.yes", "is equal to", json!("true"), true),
        ("body.nine", "is equal to", json!("9.0"), false),
        ("body.name", "is not equal to", json!("Bob"), true),
        ("status", "is not equal to", json!("201"), false),
        ("status", "is greater than", json!("200"), true),
        ("status", "is greater than", json!("201"), false),
        ("latency", "is less than", json!("2000"), true),
        ("latency", "is less than", json!("1500"), false),
        ("body.nothing", "is null", json!(""), true),
        ("body.missing", "is null", json!(""), true),
        ("body.id", "is null", json!(""), false),
        ("body.id", "is not null", json!(""), true),
        ("body.nothing", "is not null", json!(""), false),
        ("body.missing", "is not null", json!(""), false),
        ("body.name", "includes", json!("nn"), true),
        ("body.name", "includes", json!("x"), false),
        ("body.name", "does not include", json!("x"), true),
        ("body.name", "does not include", json!("nn"), false),
    ];
    for (property, comparison, expected, holds_of_it) in &table {
        assert_eq!(
            holds(property, comparison, expected.clone()),
            *holds_of_it,
            "{property} {comparison} {expected}"
        );
    }
    for comparison in OriginalComparison::ALL {
        for outcome in [true, false] {
            assert!(
                table.iter().any(|(_, name, _, holds)| *name == comparison.as_str() && *holds == outcome)
            );
        }
    }
}

#[test]
fn is_null_does_not_always_fail_and_is_not_null_does_not_always_pass() {
    assert!(holds("body.nothing", "is null", json!(null)));
    assert!(!holds("body.nothing", "is not null", json!(null)));
}

#[test]
fn does_not_include_does_not_always_pass() {
    assert!(!holds("body.name", "does not include", json!("Ann")));
}

#[test]
fn numbers_as_texts_are_ordered_as_numbers() {
    assert!(!holds("body.nine", "is greater than", json!("10")));
    assert!(holds("headers.X-Count", "is greater than", json!("9")));
}

#[test]
fn other_texts_have_no_order() {
    let answer = sample::json(&json!({ "name": "Ann" }));
    let result =
        only(&json!({ "property": "body.name", "comparison": "is greater than", "expected": "A" }), &answer);
    assert_eq!(result.outcome, AssertionOutcome::Failed);
    assert!(result.message.unwrap().starts_with("only numbers have an order"));
}

#[test]
fn includes_finds_items_keys_and_digits() {
    assert!(holds("body.id", "includes", json!("4")));
    assert!(holds("body.list", "includes", json!("1")));
    assert!(holds("body.list", "includes", json!("two")));
    assert!(!holds("body.list", "includes", json!("1,two")));
    assert!(holds("body.object", "includes", json!("key")));
    assert!(!holds("body.object", "includes", json!("[object Object]")));
}

#[test]
fn objects_and_arrays_compare_as_json() {
    assert!(holds("body.object", "is equal to", json!({ "key": 1 })));
    assert!(holds("body.object", "is equal to", json!("{\"key\": 1}")));
    assert!(!holds("body.object", "is equal to", json!("[object Object]")));
    assert!(!holds("body.list", "is equal to", json!("1,two")));
}

#[test]
fn a_missing_value_is_not_the_text_undefined() {
    assert!(!holds("body.missing", "is equal to", json!("undefined")));
    assert!(!holds("body.missing", "is not equal to", json!("x")));
    assert!(!holds("body.missing", "does not include", json!("x")));
}

#[test]
fn an_empty_text_is_not_zero() {
    let answer = sample::json(&json!({ "zero": 0 }));
    let written = json!({ "property": "body.zero", "comparison": "is equal to", "expected": "" });
    assert_eq!(only(&written, &answer).outcome, AssertionOutcome::Failed);
}

#[test]
fn a_body_that_is_not_json_can_be_asserted() {
    let answer = sample::with_body("text/plain", "pong");
    let written = json!({ "property": "body", "comparison": "is equal to", "expected": "pong" });
    assert_eq!(only(&written, &answer).outcome, AssertionOutcome::Passed);
}

#[test]
fn paths_are_those_of_the_original() {
    assert!(holds("body.items[0].id", "is equal to", json!("a")));
    assert!(holds("body.items.0.id", "is equal to", json!("a")));
    assert!(holds("headers.Content-Type", "includes", json!("json")));
}

#[test]
fn the_result_says_what_was_asked_and_found() {
    let answer = sample::json(&json!({ "id": 42 }));
    let result =
        only(&json!({ "property": "body.id", "comparison": "is equal to", "expected": "41" }), &answer);
    assert_eq!((result.source.as_str(), &*result.comparison), ("body.id", "is equal to"));
    assert_eq!((result.expected, result.actual), (json!("41"), Some(json!(42))));
    assert_eq!(
        result.message.unwrap(),
        r#"expected a value that is equal to the text "41", found the number 42"#
    );
}

#[test]
fn what_is_wrong_with_the_object_is_said() {
    for (written, pointer, message) in [
        (
            json!({ "property": "body.id", "comparison": "is equl to", "expected": "1" }),
            "/comparison",
            "no comparison `is equl to`",
        ),
        (json!({ "property": "bdy.id", "comparison": "is null" }), "/property", "no `bdy`"),
        (json!({ "property": "body.id", "comparison": "includes" }), "", "needs `expected`"),
        (json!({ "property": "body.id", "expected": "1" }), "", "`comparison` is missing"),
        (json!({ "comparison": "is null" }), "", "`property` is missing"),
        (json!({ "property": 1, "comparison": "is null" }), "/property", "is a text"),
        (json!({ "property": "status", "comparison": "is null", "extra": 1 }), "/extra", "no `extra`"),
        (
            json!({ "property": "status", "comparison": "includes", "expected": "@{{" }),
            "/expected",
            "not closed",
        ),
    ] {
        let found = problems(&written);
        assert!(
            found.iter().any(|one| one.pointer == pointer && one.message.contains(message)),
            "{written}: {found:?}"
        );
        assert!(Assertion::compile(&check(&written)).is_err());
    }
}
