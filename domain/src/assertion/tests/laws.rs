//! What must be true of every check and every body.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Values, check, holds, sample};
use crate::assertion::{Assertion, Comparison, Condition, OriginalComparison};

fn scalar() -> impl Strategy<Value = Value> {
    const WORDS: [&str; 12] =
        ["", "a", "1", "2s", "64KiB", "@{{vars.x}}", "@{{", "string", "(", "^a", "$.a[*]", "status"];
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-4_i64..4).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(&WORDS[..]).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ]
}

fn key() -> impl Strategy<Value = String> {
    let names: Vec<String> = Comparison::ALL.iter().map(ToString::to_string).collect();
    prop_oneof![
        prop::sample::select(names),
        "[a-z]{1,3}",
        prop::sample::select(vec![
            "severity".to_owned(),
            "path".to_owned(),
            "$ref".to_owned(),
            "pattern".to_owned()
        ]),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..4)
                .prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

fn source() -> impl Strategy<Value = String> {
    const SOURCES: [&str; 15] = [
        "status",
        "latency",
        "size",
        "body",
        "body.a",
        "body.a[0].b",
        "headers.etag",
        "cookies.session",
        "url",
        "regex",
        "jsonpath",
        "tls.expires_in",
        "timing.dns",
        "property",
        "value",
    ];
    prop_oneof![prop::sample::select(&SOURCES[..]).prop_map(str::to_owned), ".{0,12}"]
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no NaN", |float| float.is_finite()).prop_map(Value::from),
        (-3_i64..3).prop_map(Value::from),
        (-3_i32..3).prop_map(|whole| Value::from(f64::from(whole))),
    ]
}

proptest! {
    #[test]
    fn no_check_and_no_body_makes_it_panic(source in source(), written in value(), body in value(), text in ".{0,20}") {
        let scope = Values(json!({ "x": body.clone() }));
        for answer in [sample::json(&body), sample::json(&json!({ "a": body })), sample::with_body("text/plain", text)] {
            let mut original = json!({ "property": source, "expected": written });
            for comparison in OriginalComparison::ALL {
                original["comparison"] = json!(comparison.as_str());
                if let Ok(assertion) = Assertion::compile(&check(&original)) {
                    let _ = assertion.evaluate(&answer, &scope);
                }
            }
            if let Ok(assertion) = Assertion::compile(&check(&json!({ source.clone(): written }))) {
                let _ = assertion.evaluate(&answer, &scope);
            }
            if let Ok(condition) = Condition::compile(&check(&json!({ "value": body, "equals": written }))) {
                let _ = condition.holds(&scope);
            }
        }
    }

    #[test]
    fn everything_equals_itself_and_is_itself_in_every_list(value in value().prop_filter("no references", no_reference)) {
        prop_assert!(holds("equals", &value, &value));
        prop_assert!(holds("in", &json!([0, value]), &value));
        prop_assert!(holds("contains", &value, &json!([value])) );
    }

    #[test]
    fn of_two_numbers_exactly_one_relation_holds(left in number(), right in number()) {
        let relations = ["lt", "equals", "gt"].map(|relation| holds(relation, &right, &left));
        prop_assert_eq!(relations.iter().filter(|holds| **holds).count(), 1);
        prop_assert_eq!(holds("gt", &right, &left), holds("lt", &left, &right));
        prop_assert_eq!(holds("gte", &right, &left), !holds("lt", &right, &left));
        prop_assert_eq!(holds("lte", &right, &left), !holds("gt", &right, &left));
    }

    #[test]
    fn the_negation_holds_exactly_where_the_comparison_does_not(
        operand in value().prop_filter("no references", no_reference),
        actual in value(),
    ) {
        for (comparison, negation) in
            [("equals", "not_equals"), ("contains", "not_contains"), ("in", "not_in"), ("matches", "not_matches")]
        {
            let written = json!({ "body.v": { comparison: operand, negation: operand } });
            if let Ok(assertion) = Assertion::compile(&check(&written)) {
                let results = assertion.evaluate(&sample::json(&json!({ "v": actual })), &Values(json!({}))).unwrap();
                prop_assert_ne!(results[0].outcome, results[1].outcome, "{}", written);
            }
        }
    }
}

fn no_reference(value: &Value) -> bool {
    !value.to_string().contains("@{{")
}
