use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{Answer, check, sample};
use crate::reference::Path;

fn find(answer: &Answer, path: &str) -> Result<Value, String> {
    let path = Path::parse(path).unwrap();
    answer.find(&path).map(Cow::into_owned).map_err(|missing| missing.to_string())
}

#[test]
fn every_property_leads_to_its_value() {
    let mut answer = sample::json(&json!({ "items": [{ "id": 7, "quoted key": true }] }));
    answer.set_captures(BTreeMap::from([("order".to_owned(), json!(7))]));
    for (path, value) in [
        ("status", json!(201)),
        ("latency", json!(1500)),
        ("url", json!("https://shop.example.com/orders/7")),
        ("headers.Content-Type", json!("application/json; charset=utf-8")),
        ("headers.vary", json!("accept, origin")),
        ("cookies.session", json!("new")),
        ("body.items[0].id", json!(7)),
        ("body.items.0.id", json!(7)),
        ("body.items[-1][\"quoted key\"]", json!(true)),
        ("captures.order", json!(7)),
        ("timing.dns", json!(3)),
        ("timing.tls", json!(12.345)),
        ("timing.connect", json!(0)),
        ("request.url", json!("http://shop.example.com/orders")),
        ("request.method", json!("POST")),
        ("request.headers.idempotency-key", json!("k1")),
        ("request.body.sku", json!("A")),
        ("size", json!(38)),
        ("redirects", json!(1)),
        ("ip", json!("192.0.2.1")),
        ("http.version", json!("2")),
        ("tls.version", json!("TLSv1.3")),
        ("tls.valid", json!(true)),
        ("tls.expires_in", json!(1_728_000_000)),
    ] {
        assert_eq!(find(&answer, path), Ok(value), "{path}");
        assert_eq!(check(&Path::parse(path).unwrap()), Ok(()), "{path}");
    }
    assert_eq!(answer.capture("order"), Some(&json!(7)));
}

#[test]
fn a_missing_value_says_what_is_there() {
    let answer = sample::json(&json!({ "token": "t", "items": [] }));
    for (path, sentence) in [
        ("body.tokn", "`body` has no `tokn`, only `token`, `items`; did you mean `token`?"),
        ("body.items[0]", "`body.items` is an empty array"),
        ("headers.etag", "`headers` has no `etag`, only `content-type`, `vary`, `x-count`, `set-cookie`"),
        ("status.code", "`status` is a number, it has no `code`"),
    ] {
        assert_eq!(find(&answer, path), Err(sentence.to_owned()), "{path}");
    }
}

#[test]
fn names_that_no_answer_has_are_found_without_one() {
    for (path, has) in [
        ("boddy.x", "did you mean `body`?"),
        ("timing.dsn", "did you mean `dns`?"),
        ("status.code", "`status` is a number"),
        ("http.verzion", "did you mean `version`?"),
        ("request.methd", "did you mean `method`?"),
        ("[0]", "it has no `[0]`"),
    ] {
        let missing = check(&Path::parse(path).unwrap()).unwrap_err().to_string();
        assert!(missing.contains(has) || missing.contains("has no"), "{path}: {missing}");
    }
}

#[test]
fn plain_http_has_no_certificate() {
    let (request, mut response) = parts(sample::json(&json!({})));
    response.tls = None;
    assert!(find(&Answer::new(request, response), "tls.valid").is_err());
}

#[test]
fn without_the_time_of_day_a_certificate_does_not_say_when_it_expires() {
    let (request, response) = parts(sample::json(&json!({})));
    assert!(find(&Answer::new(request, response), "tls.expires_in").is_err());
}

fn parts(answer: Answer) -> (crate::exchange::Request, crate::exchange::Response) {
    (Arc::unwrap_or_clone(answer.request), *answer.response)
}

#[test]
fn a_lone_scalar_is_json_only_where_the_content_type_says_so() {
    for (content_type, body, expected) in [
        ("text/plain", "007", json!("007")),
        ("text/plain", "42", json!("42")),
        ("application/json", "42", json!(42)),
        ("application/problem+json", "null", json!(null)),
        ("text/html", "[1]", json!([1])),
        ("text/html", "<p>", json!("<p>")),
        ("application/json", "", json!("")),
        ("application/json", "\u{feff}{}", json!({})),
    ] {
        assert_eq!(
            find(&sample::with_body(content_type, body), "body"),
            Ok(expected),
            "{content_type} {body}"
        );
    }
}

#[test]
fn large_integers_of_a_body_survive() {
    let answer =
        sample::with_body("application/json", r#"{"id":9007199254740993,"max":18446744073709551615}"#);
    assert_eq!(find(&answer, "body.id"), Ok(json!(9_007_199_254_740_993_u64)));
    assert_eq!(find(&answer, "body.max"), Ok(json!(u64::MAX)));
}

#[test]
fn a_body_that_is_nested_too_deep_is_a_text() {
    let deep = "[".repeat(100_000);
    let answer = sample::with_body("application/json", deep.clone());
    assert_eq!((answer.json(), answer.text().as_ref()), (None, deep.as_str()));
}

#[test]
fn bytes_become_text_by_their_charset() {
    let latin = sample::with_body("text/plain; charset=ISO-8859-1", b"caf\xe9".as_slice());
    assert_eq!(latin.text(), "café");
    let broken = sample::with_body("text/plain", b"caf\xe9".as_slice());
    assert_eq!(broken.text(), "caf\u{fffd}");
}
