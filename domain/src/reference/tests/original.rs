//! The first Skopos substituted into serialized text. Each of its faults has a test here, and so has what it accepted.

use super::*;

#[test]
fn documented_references_of_the_original_still_work() {
    for text in [
        "@{{step1.body[0].title}}",
        "@{{step2.headers.Content-Type}}",
        "@{{step1.body.sample}}",
        "@{{step1.body.api-key}}",
        "@{{1.body.token}}",
        "@{{step2.body[0].title}}",
        "@{{step1.body.country[1].name}}",
        "@{{step1.status}}",
        "@{{step1.latency}}",
    ] {
        assert!(!template(text).is_literal(), "{text}");
    }
    assert_eq!(value("@{{step1.body.token}}"), "t0k");
    assert_eq!(value("@{{1.body.items[1].sku}}"), "B");
}

/// Faults 1 and 7: only strings could be substituted, and only strings could be sent.
#[test]
fn values_of_every_type_can_be_sent_with_their_type() {
    let body = JsonTemplate::parse(&json!({ "id": "@{{step1.body.id}}", "items": "@{{step1.body.items}}" }))
        .unwrap();
    let sent = body.render(&Fixture::new()).unwrap();
    assert_eq!(sent.to_string(), r#"{"id":42,"items":[{"sku":"A"},{"sku":"B"}]}"#);
    assert_eq!(
        template("https://a.example/@{{step1.body.id}}").render_url(&Fixture::new()).unwrap(),
        "https://a.example/42"
    );
}

/// Fault 2: a value could add fields to the request, and so turn a GET into a DELETE.
#[test]
fn a_value_cannot_add_a_field() {
    let crafted = r#"","method":"DELETE","z":""#;
    let fixture = Fixture::with(crafted);
    let body = JsonTemplate::parse(&json!({ "a": "@{{vars.v}}", "b": "<@{{vars.v}}>" })).unwrap();
    assert_eq!(body.render(&fixture).unwrap(), json!({ "a": crafted, "b": format!("<{crafted}>") }));
    assert_eq!(
        template("https://a.example/@{{vars.v}}").render_url(&fixture).unwrap(),
        "https://a.example/%22%2C%22method%22%3A%22DELETE%22%2C%22z%22%3A%22"
    );
    assert_eq!(template("@{{vars.v}}").render_header(&fixture).unwrap(), crafted);
}

/// Fault 3: `$&`, `$1` and their like were taken for replacement patterns.
#[test]
fn dollar_signs_are_only_dollar_signs() {
    let fixture = Fixture::with("$& $1 $` $' $$");
    assert_eq!(template("a @{{vars.v}} b").render_text(&fixture).unwrap(), "a $& $1 $` $' $$ b");
}

/// Fault 4: only the first occurrence of a reference was replaced.
#[test]
fn every_occurrence_is_rendered() {
    assert_eq!(value("@{{step1.body.token}} @{{step1.body.token}} @{{step1.body.token}}"), "t0k t0k t0k");
}

/// Fault 5: line ends became spaces without a word.
#[test]
fn line_ends_arrive_as_they_are_or_are_refused() {
    let fixture = Fixture::with("a\r\nb");
    assert_eq!(template("@{{vars.v}}").render_value(&fixture).unwrap(), "a\r\nb");
    assert_eq!(
        template("https://a.example/?q=@{{vars.v}}").render_url(&fixture).unwrap(),
        "https://a.example/?q=a%0D%0Ab"
    );
    assert_eq!(template("@{{vars.v}}").render_header(&fixture).unwrap_err().cause, UnresolvedCause::Invalid);
}

/// Fault 6: nothing was encoded in URLs.
#[test]
fn a_value_cannot_add_a_parameter() {
    let fixture = Fixture::with("1&admin=true#");
    assert_eq!(
        template("https://a.example/?id=@{{vars.v}}&x=1").render_url(&fixture).unwrap(),
        "https://a.example/?id=1%26admin%3Dtrue%23&x=1"
    );
}

/// Fault 8: nothing was checked before a run. What needs the collection is checked in `plan`.
#[test]
fn what_can_never_work_is_refused_when_it_is_read() {
    for text in ["@{{step0.body}}", "@{{step1.bdy}}", "@{{step1.body", "@{{step1.body | nope}}", "@{{}}"] {
        assert!(Template::parse(text).is_err(), "{text}");
    }
}
