use serde_json::{Value, json};

use super::{evaluate, holds, only, sample, why};
use crate::{assertion::Comparison, result::AssertionOutcome};

/// For each comparison: operand, a value of which it holds, one of which it does not.
#[test]
fn every_comparison_holds_of_what_it_says_and_of_nothing_else() {
    let schema =
        json!({ "type": "object", "required": ["id"], "properties": { "id": { "type": "integer" } } });
    let table = [
        ("equals", json!(1), json!(1.0), json!("1")),
        ("equals", json!({ "a": [1] }), json!({ "a": [1] }), json!({ "a": [1, 2] })),
        ("equals", json!(null), json!(null), json!(false)),
        ("not_equals", json!("a"), json!("b"), json!("a")),
        ("gt", json!(1), json!(1.5), json!(1)),
        ("gte", json!(1), json!(1), json!(0.5)),
        ("lt", json!(1), json!(0), json!(1)),
        ("lte", json!(1), json!(1.0), json!(2)),
        ("between", json!([1, 5]), json!(5), json!(5.5)),
        ("in", json!([1, "a"]), json!("a"), json!("1")),
        ("not_in", json!([1, "a"]), json!("b"), json!(1)),
        ("contains", json!("ell"), json!("hello"), json!("Hallo")),
        ("contains", json!(1), json!([2, 1.0]), json!(["1"])),
        ("contains", json!({ "id": 1 }), json!([{ "id": 1 }]), json!([{ "id": 1, "more": 2 }])),
        ("contains", json!("key"), json!({ "key": null }), json!({ "other": "key" })),
        ("not_contains", json!("error"), json!("fine"), json!("an error")),
        ("starts_with", json!("ab"), json!("abc"), json!("cab")),
        ("ends_with", json!("bc"), json!("abc"), json!("bca")),
        ("matches", json!("^[a-z]+$"), json!("abc"), json!("ab1")),
        ("not_matches", json!("[0-9]"), json!("abc"), json!("ab1")),
        ("is_null", json!(true), json!(null), json!(0)),
        ("is_null", json!(false), json!(0), json!(null)),
        ("is_empty", json!(true), json!([]), json!([0])),
        ("is_empty", json!(false), json!({ "a": 1 }), json!("")),
        ("type", json!("integer"), json!(1.0), json!(1.5)),
        ("type", json!(["string", "null"]), json!(null), json!(1)),
        ("type", json!(null), json!(null), json!("null")),
        ("length", json!(2), json!("né"), json!("n")),
        ("length", json!({ "gte": 1, "lt": 3 }), json!([1, 2]), json!([1, 2, 3])),
        ("length", json!({ "not_equals": 0 }), json!({ "a": 1 }), json!({})),
        ("schema", schema, json!({ "id": 7 }), json!({ "id": "7" })),
        ("all", json!({ "gt": 0, "lt": 9 }), json!([1, 2]), json!([1, 9])),
        ("any", json!({ "starts_with": "a" }), json!(["b", "ab"]), json!(["b"])),
        ("any", json!("SKU-1"), json!(["SKU-1"]), json!(["SKU-11"])),
        ("none", json!({ "is_null": true }), json!([1]), json!([1, null])),
    ];
    for (comparison, operand, yes, no) in &table {
        assert!(holds(comparison, operand, yes), "{comparison} {operand} must hold of {yes}");
        assert!(!holds(comparison, operand, no), "{comparison} {operand} must not hold of {no}");
    }
    for comparison in Comparison::ALL {
        let tested = table.iter().any(|(name, ..)| *name == comparison.as_str());
        assert!(tested || matches!(comparison, Comparison::Exists | Comparison::Degraded), "{comparison}");
    }
}

#[test]
fn a_missing_path_fails_everything_but_the_two_that_ask_for_it() {
    let answer = sample::json(&json!({ "id": 1 }));
    let holds =
        |written: Value| only(&json!({ "body.idd": written }), &answer).outcome == AssertionOutcome::Passed;
    assert!(holds(json!({ "exists": false })) && holds(json!({ "is_null": true })));
    for written in [
        json!({ "exists": true }),
        json!({ "is_null": false }),
        json!({ "equals": null }),
        json!({ "not_equals": 1 }),
        json!({ "not_in": [] }),
        json!({ "not_contains": "x" }),
        json!({ "not_matches": "x" }),
        json!({ "is_empty": true }),
        json!({ "is_empty": false }),
        json!({ "none": 1 }),
        json!({ "length": 0 }),
        json!({ "type": "null" }),
        json!({ "schema": true }),
        json!({ "gt": 0 }),
    ] {
        assert!(!holds(written.clone()), "{written}");
    }
    let result = only(&json!({ "body.idd": 1 }), &answer);
    assert_eq!(result.actual, None);
    assert_eq!(result.message.unwrap(), "`body` has no `idd`, only `id`; did you mean `id`?");
}

#[test]
fn null_is_there() {
    assert!(holds("exists", &json!(true), &json!(null)));
    assert_eq!(why("exists", &json!(false), &json!(null)), "expected nothing, found null");
}

#[test]
fn a_different_type_is_said() {
    for (comparison, operand, actual, sentence) in [
        ("equals", json!(1), json!("1"), r#"expected the number 1, found the text "1""#),
        ("equals", json!(1), json!(2), "expected 1, found 2"),
        ("equals", json!("a"), json!("b"), r#"expected "a", found "b""#),
        (
            "equals",
            json!({ "a": { "b": 1 } }),
            json!({ "a": { "b": "1" } }),
            r#"expected the number 1 at /a/b, found the text "1""#,
        ),
        ("gt", json!(1), json!("2"), r#"expected a number above 1, found the text "2""#),
        (
            "gt",
            json!("a"),
            json!("b"),
            r#"only numbers have an order: cannot compare the text "b" with the text "a""#,
        ),
        ("lte", json!(1), json!(2.5), "expected a number of at most 1, found 2.5"),
        ("between", json!([1, 2]), json!(3), "expected a number of at most 2, found 3"),
        ("matches", json!("a"), json!(1), "`matches` looks at texts, found the number 1"),
        ("contains", json!(1), json!("1"), "a text contains only texts, not the number 1"),
        ("length", json!(1), json!(7), "only texts, arrays and objects have a length, found the number 7"),
        ("length", json!({ "gt": 1 }), json!([0]), "its length: expected a number above 1, found 1"),
        ("all", json!({ "gt": 0 }), json!([1, -1]), "item 1: expected a number above 0, found -1"),
        ("any", json!(1), json!([2, 3]), "none of 2 items is as expected"),
        ("none", json!(1), json!([2, 1]), "item 1 is what no item should be"),
        ("type", json!("string"), json!(null), "expected the type string, found null"),
        ("in", json!([1, 2]), json!("1"), r#"expected the number 1 or the number 2, found the text "1""#),
        ("not_equals", json!(1), json!(1.0), "expected anything but the number 1, found the number 1.0"),
        ("is_empty", json!(true), json!([1]), "expected nothing in it, found an array of 1 item"),
    ] {
        assert_eq!(why(comparison, &operand, &actual), sentence);
    }
}

#[test]
fn a_schema_names_what_is_wrong_and_where_but_no_value() {
    let schema = json!({ "properties": { "token": { "type": "integer" }, "name": { "minLength": 3 } }, "required": ["id"] });
    let message = why("schema", &schema, &json!({ "token": "a".repeat(100), "name": "x" }));
    for part in ["at /token", "at /name", "\"id\" is a required property"] {
        assert!(message.contains(part), "{part} in {message}");
    }
    assert!(!message.contains("aaaa"), "{message}");
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    let tree = json!({ "properties": { "child": { "$ref": "#" } }, "additionalProperties": false });
    assert!(holds("schema", &tree, &json!({ "child": { "child": {} } })));
    assert!(!holds("schema", &tree, &json!({ "child": { "child": { "x": 1 } } })));
}

#[test]
fn all_comparisons_of_an_assertion_are_kept_in_order() {
    let results = evaluate(
        &json!({ "status": { "gte": 200, "lt": 201, "type": "integer" } }),
        &sample::json(&json!({})),
    );
    let kept: Vec<_> = results.iter().map(|one| (&*one.comparison, one.outcome)).collect();
    assert_eq!(
        kept,
        [
            ("gte", AssertionOutcome::Passed),
            ("lt", AssertionOutcome::Failed),
            ("type", AssertionOutcome::Passed)
        ]
    );
    assert!(results.iter().all(|one| one.source == "status" && one.actual == Some(json!(201))));
    assert_eq!(results[1].expected, json!(201));
}

#[test]
fn a_warning_degrades_and_does_not_fail() {
    let answer = sample::json(&json!({}));
    let outcome = |written: Value| only(&written, &answer).outcome;
    assert_eq!(
        outcome(json!({ "status": { "equals": 200, "severity": "warning" } })),
        AssertionOutcome::Degraded
    );
    assert_eq!(
        outcome(json!({ "status": { "equals": 201, "severity": "warning" } })),
        AssertionOutcome::Passed
    );
    assert_eq!(
        outcome(json!({ "status": { "equals": 200, "severity": "error" } })),
        AssertionOutcome::Failed
    );
}

#[test]
fn a_long_value_is_kept_in_part() {
    let result =
        only(&json!({ "body.v": { "type": "string" } }), &sample::json(&json!({ "v": "x".repeat(9000) })));
    let kept = result.actual.unwrap();
    let kept = kept.as_str().unwrap();
    assert!(kept.ends_with("(truncated)") && kept.len() < 4200);
    assert_eq!(result.outcome, AssertionOutcome::Passed);
}
