use serde_json::{Value, json};

use super::*;

fn notice(changes: &Value) -> Notice {
    let mut notice = json!({
        "incident": "inc_0199689a0f0070008000000000000001", "kind": "opened", "severity": "error",
        "monitor": "shop", "collection": "checkout", "collection_name": "Checkout", "location": "default",
        "opened_at": "2026-11-22T10:00:00Z", "occurred_at": "2026-11-22T10:00:00Z",
        "run": "run_0199689a0f0070008000000000000002", "reason": null, "step": null, "assertion": null,
    });
    notice.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    serde_json::from_value(notice).unwrap()
}

#[test]
fn what_is_not_known_is_left_out() {
    assert_eq!(summary(&notice(&json!({}))), "Checkout is failing");
    let timeout = json!({ "reason": { "code": "deadline_passed", "message": "the run's time-out passed" } });
    assert_eq!(summary(&notice(&timeout)), "Checkout is failing: the run's time-out passed");
    let step = json!({ "step": [2, "Log in"] });
    assert_eq!(summary(&notice(&step)), "Checkout is failing at step 2 Log in");
}

#[test]
fn what_only_became_slow_is_not_called_failing() {
    let slow = json!({
        "level": "degraded",
        "step": [1, "Search"],
        "assertion": {
            "source": "latency", "comparison": "degraded", "expected": 800, "actual": 950, "outcome": "degraded",
        },
    });
    assert_eq!(summary(&notice(&slow)), "Checkout is degraded at step 1 Search");
}

#[test]
fn who_knew_it_degraded_hears_what_it_was() {
    let worse = json!({ "kind": "worsened", "step": [1, "Search"] });
    assert_eq!(summary(&notice(&worse)), "Checkout was degraded and is failing at step 1 Search");
}

#[test]
fn what_goes_up_and_down_is_counted() {
    let mut flapping =
        json!({ "flapping": { "since": "2026-11-22T09:52:00Z", "incidents": 4, "relapses": 0 } });
    let opened = "Checkout goes up and down, down 4 times since 09:52 UTC: failing";
    assert_eq!(summary(&notice(&flapping)), opened);
    flapping["kind"] = json!("resolved");
    flapping["flapping"]["relapses"] = json!(7);
    flapping["occurred_at"] = json!("2026-11-22T10:30:00Z");
    let over = "Checkout has recovered after 30 min of going up and down, down 11 times since 09:52 UTC";
    assert_eq!(summary(&notice(&flapping)), over);
}

#[test]
fn a_name_of_several_lines_becomes_one() {
    let notice = notice(&json!({ "collection_name": " Checkout\n\tworks\u{0} " }));
    assert_eq!(summary(&notice), "Checkout works is failing");
}

#[test]
fn where_there_was_nothing_it_is_said_why() {
    let assertion = json!({
        "source": "body.id", "comparison": "not_equals", "expected": null, "outcome": "failed",
    });
    let mut assertion: AssertionResult = serde_json::from_value(assertion).unwrap();
    assert_eq!(expected(&assertion), "body.id not equals null");
    assert_eq!(found(&assertion), "nothing there");
    assertion.message = Some("`body` has no `id`".into());
    assert_eq!(found(&assertion), "`body` has no `id`");
    assertion.actual = Some(json!({ "a": 1 }));
    assert_eq!(found(&assertion), r#"{"a":1}"#);
}

#[test]
fn a_channel_that_is_broken_hands_on_what_it_was_to_say() {
    let subject = json!({ "broken_channel": {
        "channel": "slack-oncall", "why": "410\nchannel_is_archived", "untold": "Checkout is failing",
    } });
    let broken = notice(&json!({ "subject": subject }));
    let expected =
        "The channel slack-oncall is broken: 410 channel_is_archived. It was to say: Checkout is failing";
    assert_eq!(summary(&broken), expected);
    let later = "2026-11-22T10:12:34Z";
    let mended = notice(&json!({ "subject": subject, "kind": "resolved", "occurred_at": later }));
    assert_eq!(summary(&mended), "The channel slack-oncall works again after 12 min");
}

#[test]
fn a_time_is_its_two_largest_units() {
    let shown = |seconds| lasting(TimeDelta::seconds(seconds));
    assert_eq!([shown(0), shown(59), shown(60), shown(3599)], ["0 s", "59 s", "1 min", "59 min"]);
    assert_eq!([shown(3600), shown(7500)], ["1 h", "2 h 5 min"]);
    assert_eq!([shown(86_400), shown(100 * 3600)], ["1 d", "4 d 4 h"]);
}

#[test]
fn a_clock_that_was_set_back_shortens_an_incident_to_nothing() {
    let back = notice(&json!({ "kind": "resolved", "occurred_at": "2026-11-22T09:59:00Z" }));
    assert_eq!(summary(&back), "Checkout has recovered after 0 s");
}

#[test]
fn a_link_has_one_slash() {
    for base in ["https://s.example", "https://s.example/"] {
        let run = "https://s.example/runs/run_0199689a0f0070008000000000000002";
        assert_eq!(link(base, &notice(&json!({}))), run);
        assert_eq!(link(base, &notice(&json!({ "subject": "test" }))), "https://s.example/");
    }
}
