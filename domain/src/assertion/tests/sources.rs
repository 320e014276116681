use serde_json::{Value, json};

use super::{evaluate, only, sample};
use crate::{
    answer::Answer,
    result::{AssertionOutcome, AssertionResult},
};

fn passes(written: Value, answer: &Answer) -> bool {
    only(&written, answer).outcome == AssertionOutcome::Passed
}

#[test]
fn durations_and_sizes_compare_with_what_was_measured() {
    let answer = sample::json(&json!({ "filler": "x".repeat(2000) }));
    for (written, expected) in [
        (json!({ "latency": { "lt": "2s" } }), true),
        (json!({ "latency": { "lt": 1500 } }), false),
        (json!({ "latency": { "between": ["1s", "1500ms"] } }), true),
        (json!({ "timing.tls": { "gt": "12ms" } }), true),
        (json!({ "timing.connect": { "lte": "0ms" } }), true),
        (json!({ "tls.expires_in": { "gt": "14d" } }), true),
        (json!({ "tls.expires_in": { "gt": "21d" } }), false),
        (json!({ "size": { "gt": "1KiB", "severity": "warning" } }), true),
    ] {
        assert_eq!(passes(written.clone(), &answer), expected, "{written}");
    }
    let result = only(&json!({ "latency": { "lt": "1s" } }), &answer);
    assert_eq!((result.expected, result.actual), (json!("1s"), Some(json!(1500))));
    assert_eq!(result.message.unwrap(), "expected a number below 1000, found 1500");
}

#[test]
fn above_degraded_the_run_is_degraded_and_beyond_the_limit_it_failed() {
    let outcomes = |written: Value| -> Vec<_> {
        evaluate(&written, &sample::json(&json!({}))).iter().map(|one| one.outcome).collect()
    };
    use AssertionOutcome::{Degraded, Failed, Passed};
    assert_eq!(outcomes(json!({ "latency": { "lt": "2s", "degraded": "1s" } })), [Passed, Degraded]);
    assert_eq!(outcomes(json!({ "latency": { "lt": "1s", "degraded": "500ms" } })), [Failed, Degraded]);
    assert_eq!(outcomes(json!({ "latency": { "lt": "3s", "degraded": "1500ms" } })), [Passed, Passed]);
}

#[test]
fn a_body_is_json_and_a_text() {
    let json_body = sample::json(&json!({ "state": "booked", "tags": ["a"] }));
    let text_body = sample::with_body("text/plain", "pong");
    for (written, answer, expected) in [
        (json!({ "body": { "contains": "\"booked\"" } }), &json_body, true),
        (json!({ "body": { "not_contains": "state" } }), &json_body, false),
        (json!({ "body": { "matches": r"^\{" } }), &json_body, true),
        (json!({ "body": { "type": "object", "length": 2 } }), &json_body, true),
        (json!({ "body": { "schema": { "required": ["state"] } } }), &json_body, true),
        (json!({ "body": { "equals": { "state": "booked", "tags": ["a"] } } }), &json_body, true),
        (json!({ "body": "pong" }), &text_body, true),
        (json!({ "body": { "starts_with": "po", "length": 4 } }), &text_body, true),
        (json!({ "body": { "is_empty": true } }), &sample::with_body("text/plain", ""), true),
        (json!({ "body": { "starts_with": "o" } }), &sample::with_body("application/json", "\"ok\""), true),
    ] {
        let passed = evaluate(&written, answer).iter().all(|one| one.outcome == AssertionOutcome::Passed);
        assert_eq!(passed, expected, "{written}");
    }
}

#[test]
fn a_json_path_gives_one_value_or_all_matches() {
    let answer = sample::json(&json!({ "items": [{ "sku": "SKU-1", "n": 1 }, { "sku": "SKU-2", "n": 0 }] }));
    for (written, expected) in [
        (json!({ "path": "$.items[*].sku", "contains": "SKU-1" }), true),
        (json!({ "path": "$.items[*].sku", "contains": "SKU" }), false),
        (json!({ "path": "$.items[0].sku", "equals": "SKU-1" }), true),
        (json!({ "path": "$.items[*].n", "all": { "gte": 0 } }), true),
        (json!({ "path": "$.items[?@.n > 0].sku", "equals": ["SKU-1"] }), true),
        (json!({ "path": "$.items[9].sku", "exists": false }), true),
        (json!({ "path": "$..nothing", "length": 0 }), true),
    ] {
        assert_eq!(passes(json!({ "jsonpath": written }), &answer), expected, "{written}");
    }
    let result = only(&json!({ "jsonpath": { "path": "$.items[*].sku", "contains": "SKU-1" } }), &answer);
    assert_eq!(result.source, "jsonpath $.items[*].sku");
    let html = sample::with_body("text/html", "<p>");
    let AssertionResult { message, actual, .. } =
        only(&json!({ "jsonpath": { "path": "$", "exists": true } }), &html);
    assert_eq!((message.unwrap().as_str(), actual), ("the body is not JSON", None));
}

#[test]
fn other_sources_are_compared_like_any_value() {
    let answer = sample::with_body("text/html", r#"<input name="csrf" value="t0k">"#);
    for written in [
        json!({ "regex": { "pattern": r#"value="([^"]+)""#, "equals": "t0k" } }),
        json!({ "headers.Content-Type": { "contains": "html" } }),
        json!({ "headers.etag": { "exists": false } }),
        json!({ "cookies.session": "new" }),
        json!({ "url": { "starts_with": "https://" } }),
        json!({ "redirects": 1 }),
        json!({ "ip": "192.0.2.1" }),
        json!({ "http.version": "2" }),
        json!({ "tls.valid": true }),
        json!({ "tls.issuer": { "contains": "Example CA" } }),
        json!({ "request.body.sku": "A" }),
    ] {
        assert!(passes(written.clone(), &answer), "{written}");
    }
}
