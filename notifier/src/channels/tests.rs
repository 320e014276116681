//! What goes over the wire, as golden files, and that whatever a target or a user wrote stays within the limits.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    exchange::Request,
    notification::{Notice, NotificationKind},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Letter, pagerduty::Pagerduty, render, webhook::Webhook};
use crate::receiver::Receiver;

fn began() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

fn notice(kind: NotificationKind, after: TimeDelta) -> Notice {
    let mut notice = json!({
        "incident": "inc_0199689a0f0070008000000000000001",
        "kind": kind,
        "severity": "critical",
        "monitor": "checkout",
        "collection": "checkout-flow",
        "collection_name": "Checkout works end to end",
        "location": "default",
        "opened_at": began(),
        "occurred_at": began() + after,
        "run": "run_0199689a0f0070008000000000000002",
        "reason": null,
        "step": null,
        "assertion": null,
    });
    if kind != NotificationKind::Resolved {
        notice["reason"] = json!({
            "code": "assertion_failed",
            "step": "pay",
            "message": "expected body.status equals \"captured\", found \"pending_review\"",
        });
        notice["step"] = json!([3, "Pay"]);
        notice["assertion"] = json!({
            "source": "body.status", "comparison": "equals", "outcome": "failed",
            "expected": "captured", "actual": "pending_review",
        });
    }
    serde_json::from_value(notice).unwrap()
}

fn opened() -> Notice {
    notice(NotificationKind::Opened, TimeDelta::zero())
}

fn pagerduty() -> Receiver {
    let routing_key = "0123456789abcdef0123456789abcdef".to_owned();
    Receiver::Pagerduty(Pagerduty { routing_key, api_url: None })
}

fn webhook() -> Receiver {
    let secret = Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
    Receiver::Webhook(Webhook { url: "https://example.com/hook".to_owned(), secret })
}

fn rendered(receiver: &Receiver, notice: &Notice) -> Request {
    let letter = Letter {
        id: "ntf_0199689a0f0070008000000000000003".parse().unwrap(),
        notice,
        sent_at: notice.occurred_at + TimeDelta::seconds(2),
        public_url: "https://skopos.example.com/",
    };
    render(receiver, &letter)
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

/// As one would write it down.
fn shown(request: &Request) -> String {
    let headers: String = request.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let body = serde_json::to_string_pretty(&body(request)).unwrap();
    format!("{} {}\n{headers}\n{body}", request.method, request.url)
}

fn events() -> [(NotificationKind, TimeDelta); 4] {
    [
        (NotificationKind::Opened, TimeDelta::zero()),
        (NotificationKind::Reminded, TimeDelta::minutes(125)),
        (NotificationKind::Acknowledged, TimeDelta::minutes(5)),
        (NotificationKind::Resolved, TimeDelta::seconds(754)),
    ]
}

#[test]
fn pagerduty_is_told_what_broke_and_what_recovered() {
    for (kind, after) in events() {
        insta::assert_snapshot!(
            format!("pagerduty_{kind}"),
            shown(&rendered(&pagerduty(), &notice(kind, after)))
        );
    }
}

#[test]
fn a_webhook_is_told_what_broke_and_what_recovered() {
    for (kind, after) in events() {
        insta::assert_snapshot!(
            format!("webhook_{kind}"),
            shown(&rendered(&webhook(), &notice(kind, after)))
        );
    }
}

#[test]
fn every_event_of_an_incident_has_its_key_at_pagerduty() {
    let events = events().map(|(kind, after)| body(&rendered(&pagerduty(), &notice(kind, after))));
    let actions = events.each_ref().map(|event| event["event_action"].as_str().unwrap());
    assert_eq!(actions, ["trigger", "trigger", "acknowledge", "resolve"]);
    for event in &events {
        assert_eq!(event["dedup_key"], "inc_0199689a0f0070008000000000000001");
    }
}

#[test]
fn pagerduty_elsewhere_is_where_the_channel_says() {
    let stand_in = "http://127.0.0.1:9/v2/enqueue".to_owned();
    let pagerduty = Pagerduty { routing_key: "k".to_owned(), api_url: Some(stand_in.clone()) };
    assert_eq!(rendered(&Receiver::Pagerduty(pagerduty), &opened()).url, stand_in);
}

#[test]
fn what_is_signed_or_keyed_follows_no_redirect() {
    for receiver in [pagerduty(), webhook()] {
        assert!(!rendered(&receiver, &opened()).follow_redirects);
    }
}

#[test]
fn a_long_value_does_not_swell_a_webhook() {
    let mut long = opened();
    long.assertion.as_mut().unwrap().expected = json!(vec!["x"; 1_000_000]);
    let request = rendered(&webhook(), &long);
    assert!(request.body.len() < 20_000, "{} bytes", request.body.len());
    let event = body(&request);
    let expected = event["data"]["assertion"]["expected"].as_str().unwrap();
    assert!(expected.starts_with(r#"["x","x""#) && expected.ends_with('…'), "{expected}");
}

#[test]
fn the_longest_texts_fit_into_an_event_of_pagerduty() {
    let mut long = opened();
    let text = "\u{1}😀".repeat(100_000); // six bytes of JSON for the one, four for the other
    long.collection_name.clone_from(&text);
    long.step = Some((u32::MAX, text.clone()));
    long.reason.as_mut().unwrap().message.clone_from(&text);
    let assertion = long.assertion.as_mut().unwrap();
    assertion.source.clone_from(&text);
    (assertion.expected, assertion.actual) = (json!(text), Some(json!(text)));
    let request = rendered(&pagerduty(), &long);
    assert!(request.body.len() < 512 * 1024, "{} bytes", request.body.len());
}

/// Texts of every length and alphabet, also those that swell most when they are escaped.
fn text() -> impl Strategy<Value = String> {
    let unit = prop::sample::select(vec!["\u{0}", "\"", "\\", "😀", "é", "a", " ", "\u{1b}x"]);
    prop_oneof![any::<String>(), (unit, 0..10_000_usize).prop_map(|(unit, times)| unit.repeat(times))]
}

fn any_notice() -> impl Strategy<Value = Notice> {
    let kind = prop::sample::select(NotificationKind::ALL);
    let seconds = -1_000_000_i64..1_000_000_000;
    (kind, seconds, text(), text(), text(), text(), text(), any::<u32>()).prop_map(
        |(kind, seconds, name, step, message, expected, actual, number)| {
            let mut notice = notice(NotificationKind::Opened, TimeDelta::seconds(seconds));
            notice.kind = kind;
            notice.collection_name = name;
            notice.step = Some((number, step));
            notice.reason.as_mut().unwrap().message.clone_from(&message);
            let assertion = notice.assertion.as_mut().unwrap();
            assertion.source.clone_from(&message);
            assertion.expected = expected.into();
            assertion.actual = (!actual.is_empty()).then(|| actual.into());
            assertion.message = Some(message);
            notice
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_told_fits_into_an_event_of_pagerduty(notice in any_notice()) {
        let request = rendered(&pagerduty(), &notice);
        prop_assert!(request.body.len() < 512 * 1024, "{} bytes", request.body.len());
        let event = body(&request);
        let summary = event["payload"]["summary"].as_str().unwrap();
        prop_assert!((1..=1024).contains(&summary.chars().count()), "{} characters", summary.chars().count());
        prop_assert!(!summary.contains(char::is_control));
    }

    #[test]
    fn whatever_is_told_is_a_webhook(notice in any_notice()) {
        let request = rendered(&webhook(), &notice);
        prop_assert_eq!(&body(&request)["data"]["incident"], "inc_0199689a0f0070008000000000000001");
        prop_assert!(request.headers.iter().all(|(_, value)| !value.contains(char::is_control)));
    }
}
