//! What goes over the wire, as golden files, and that whatever a target or a user wrote stays within the limits.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    exchange::Request,
    notification::{Notice, NotificationKind},
};
use serde_json::{Value, json};

use super::{
    Letter, Parcel,
    email::{Email, Mail},
    pagerduty::Pagerduty,
    render,
    slack::Slack,
    webhook::{Template, Webhook},
};
use crate::receiver::Receiver;

mod receivers;

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
    let secrets = vec!["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()];
    Receiver::Webhook(Webhook { url: "https://example.com/hook".to_owned(), secrets, template: None })
}

fn slack() -> Receiver {
    Receiver::Slack(Slack::Webhook { url: "https://hooks.slack.com/services/T/B/x".to_owned() })
}

fn bot() -> Receiver {
    let (token, channel) = ("xoxb-1".to_owned(), "#oncall".to_owned());
    Receiver::Slack(Slack::Bot { token, channel, api_url: None })
}

fn email() -> Receiver {
    let to = ["On call <oncall@example.com>", "team@example.com"].map(|to| to.parse().unwrap());
    Receiver::Email(Email { from: "Skopos <skopos@example.com>".parse().unwrap(), to: to.into() })
}

fn parcel(receiver: &Receiver, notice: &Notice, thread: Option<&str>) -> Parcel {
    let letter = Letter {
        id: "ntf_0199689a0f0070008000000000000003".parse().unwrap(),
        channel: &"oncall".parse().unwrap(),
        notice,
        thread,
        updates: thread.is_some(),
        sent_at: notice.occurred_at + TimeDelta::seconds(2),
        public_url: "https://skopos.example.com/",
    };
    render(receiver, &letter).unwrap()
}

fn requests(receiver: &Receiver, notice: &Notice, thread: Option<&str>) -> Vec<Request> {
    let Parcel::Calls(calls) = parcel(receiver, notice, thread) else { panic!("a mail") };
    calls.into_iter().map(|call| call.request).collect()
}

fn rendered(receiver: &Receiver, notice: &Notice) -> Request {
    let mut requests = requests(receiver, notice, None);
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

fn mail(notice: &Notice) -> Mail {
    let Parcel::Mail(mail) = parcel(&email(), notice, None) else { panic!("no mail") };
    *mail
}

/// As it goes over the wire.
fn written(notice: &Notice) -> String {
    String::from_utf8(mail(notice).bytes).unwrap().replace("\r\n", "\n")
}

/// A rule for degraded runs opens incidents in which nothing fails.
fn degraded() -> Notice {
    let mut notice = opened();
    notice.level = domain::incident::IncidentLevel::Degraded;
    notice.severity = serde_json::from_value(json!("warning")).unwrap();
    notice.reason = None;
    notice.assertion = serde_json::from_value(json!({
        "source": "latency", "comparison": "degraded", "expected": 800, "actual": 950, "outcome": "degraded",
    }))
    .unwrap();
    notice
}

fn test_message() -> Notice {
    let mut notice = opened();
    notice.subject = domain::notification::Subject::Test;
    notice
}

fn broken_channel() -> Notice {
    let mut notice = opened();
    notice.subject = serde_json::from_value(json!({ "broken_channel": {
        "channel": "slack-oncall", "why": "410 channel_is_archived",
        "untold": "Checkout works end to end is failing at step 3 Pay",
    } }))
    .unwrap();
    notice
}

/// Whoever was told of a degraded target hears that it is down.
fn worsened() -> Notice {
    notice(NotificationKind::Worsened, TimeDelta::minutes(7))
}

/// The fourth incident in ten minutes, and the end of it all.
fn flapping(kind: NotificationKind, after: TimeDelta, relapses: u32) -> Notice {
    let mut notice = notice(kind, after);
    let flapping = json!({ "since": began() - TimeDelta::minutes(8), "incidents": 4, "relapses": relapses });
    notice.flapping = serde_json::from_value(flapping).unwrap();
    notice
}

/// A shared set-up fails: this is the one of its users by which the channel is told.
fn set_up_failed() -> Notice {
    let mut notice = opened();
    notice.cause = Some("session-login@production".parse().unwrap());
    let reason = json!({
        "code": "set_up_failed", "cause": "session-login",
        "message": "the shared set-up session-login failed: expected status equals 200, found 503",
    });
    notice.reason = serde_json::from_value(reason).unwrap();
    (notice.step, notice.assertion) = (None, None);
    notice
}

fn channel_mended() -> Notice {
    let mut notice = broken_channel();
    notice.kind = NotificationKind::Resolved;
    notice.occurred_at += TimeDelta::minutes(12);
    notice
}

/// Every golden file: its name, and what happened.
fn golden() -> Vec<(String, Notice)> {
    let events = events().map(|(kind, after)| (kind.to_string(), notice(kind, after)));
    let others = [
        ("worsened", worsened()),
        ("set_up_failed", set_up_failed()),
        ("flapping_opened", flapping(NotificationKind::Opened, TimeDelta::zero(), 0)),
        ("flapping_resolved", flapping(NotificationKind::Resolved, TimeDelta::minutes(31), 7)),
        ("degraded", degraded()),
        ("test", test_message()),
        ("broken_channel", broken_channel()),
        ("channel_mended", channel_mended()),
    ];
    events.into_iter().chain(others.map(|(name, notice)| (name.to_owned(), notice))).collect()
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

/// As one would write it down.
fn shown(request: &Request) -> String {
    let headers: String = request.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let body = serde_json::to_string_pretty(&body(request)).unwrap();
    format!("{} {}\n{headers}\n{body}", request.method, request.url.as_str())
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
    for (name, notice) in golden() {
        insta::assert_snapshot!(format!("pagerduty_{name}"), shown(&rendered(&pagerduty(), &notice)));
    }
}

#[test]
fn a_webhook_is_told_what_broke_and_what_recovered() {
    for (name, notice) in golden() {
        insta::assert_snapshot!(format!("webhook_{name}"), shown(&rendered(&webhook(), &notice)));
    }
}

#[test]
fn slack_is_told_what_broke_and_what_recovered() {
    for (name, notice) in golden() {
        insta::assert_snapshot!(format!("slack_{name}"), shown(&rendered(&slack(), &notice)));
    }
}

#[test]
fn a_bot_answers_in_the_thread_and_brings_its_first_message_up_to_date() {
    let resolved = notice(NotificationKind::Resolved, TimeDelta::seconds(754));
    let requests = requests(&bot(), &resolved, Some("C0123456789 1503435956.000247"));
    let both: Vec<_> = requests.iter().map(shown).collect();
    insta::assert_snapshot!("slack_bot_resolved", both.join("\n\n"));
    let first = rendered(&bot(), &opened());
    assert_eq!(first.url, "https://slack.com/api/chat.postMessage");
    assert_eq!((&body(&first)["channel"], &body(&first)["thread_ts"]), (&json!("#oncall"), &Value::Null));
}

#[test]
fn people_are_told_by_mail_what_broke_and_what_recovered() {
    for (name, notice) in golden() {
        insta::assert_snapshot!(format!("email_{name}"), written(&notice));
    }
}

#[test]
fn the_mails_of_an_incident_are_one_thread() {
    let of = |kind| written(&notice(kind, TimeDelta::seconds(754)));
    let (opened, resolved) = (of(NotificationKind::Opened), of(NotificationKind::Resolved));
    let header = |mail: &str, name: &str| {
        let line = mail.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.map(str::to_owned)
    };
    let first = header(&opened, "Message-ID").unwrap();
    assert_eq!(first, "<inc_0199689a0f0070008000000000000001.oncall@example.com>");
    assert_eq!(header(&opened, "References"), None);
    assert_eq!(header(&resolved, "References"), Some(first.clone()));
    assert_eq!(header(&resolved, "In-Reply-To"), Some(first));
    let subject = header(&opened, "Subject").unwrap();
    assert_eq!(header(&resolved, "Subject"), Some(format!("Re: {subject}")));
}

#[test]
fn nothing_that_a_target_or_a_user_says_gets_out_of_its_place() {
    let evil = "</td><script>alert(1)</script>\r\nBcc: all@example.com\r\n\r\n<!channel> @here ```";
    let mut notice = opened();
    notice.collection_name = evil.to_owned();
    notice.step = Some((1, evil.to_owned()));
    notice.reason.as_mut().unwrap().message = evil.to_owned();
    let assertion = notice.assertion.as_mut().unwrap();
    assertion.actual = Some(json!(evil));
    let mail = mail(&notice);
    let text = String::from_utf8(mail.bytes).unwrap();
    let (head, rest) = text.split_once("\r\n\r\n").unwrap();
    assert!(!head.contains("\r\nBcc:"), "{head}");
    let html = rest.split("text/html").nth(1).unwrap().replace("=\r\n", "");
    assert!(!html.contains("<script"), "{html}");
    assert_eq!(mail.envelope.to().len(), 2);
    for receiver in [slack(), bot()] {
        let request = rendered(&receiver, &notice);
        each_mrkdwn(&body(&request), &mut |text| {
            assert!(!text.contains("<!channel>") && !text.contains("@here"), "{text}");
            assert!(text.matches("```").count() <= 2, "{text}");
        });
    }
}

/// Every text in which Slack looks for markup.
fn each_mrkdwn(value: &Value, look: &mut impl FnMut(&str)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| each_mrkdwn(item, look)),
        Value::Object(map) => {
            let plain = map.get("type").is_some_and(|kind| kind == "plain_text");
            if let (Some(Value::String(text)), false) = (map.get("text"), plain) {
                look(text);
            }
            map.values().for_each(|value| each_mrkdwn(value, look));
        }
        _ => {}
    }
}

#[test]
fn while_a_secret_is_replaced_both_sign() {
    let both = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2Vjb25k"].map(str::to_owned);
    let url = "https://example.com/hook".to_owned();
    let webhook = Receiver::Webhook(Webhook { url, secrets: both.into(), template: None });
    let request = rendered(&webhook, &opened());
    let signatures = &request.headers.iter().find(|(name, _)| name == "webhook-signature").unwrap().1;
    let (first, second) = signatures.split_once(' ').unwrap();
    assert!(first.starts_with("v1,") && second.starts_with("v1,") && first != second, "{signatures}");
    let alone = rendered(&self::webhook(), &opened());
    assert!(alone.headers.iter().any(|(_, value)| value == first));
}

#[test]
fn a_template_makes_the_body_and_says_what_it_is() {
    let template =
        |text: &str| Template { text: text.to_owned(), content_type: "application/vnd.x+json".to_owned() };
    let webhook = |text| {
        let url = "https://example.com/hook".to_owned();
        Receiver::Webhook(Webhook { url, secrets: Vec::new(), template: Some(template(text)) })
    };
    let request = rendered(
        &webhook("{ \"content\": {{ data.summary }}, \"up\": {{ type == \"incident.resolved\" }} }"),
        &opened(),
    );
    assert_eq!(request.headers[0], ("content-type".to_owned(), "application/vnd.x+json".to_owned()));
    let summary = "Checkout works end to end is failing at step 3 Pay: expected body.status equals \"captured\", found \"pending_review\"";
    assert_eq!(body(&request), json!({ "content": summary, "up": false }));
}

/// Templates are tried on samples when they are saved, so these must be what is sent.
#[test]
fn the_samples_for_templates_have_the_form_of_events() {
    fn form(value: &Value) -> Value {
        match value {
            Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), form(value))).collect(),
            Value::Null => Value::Null,
            _ => json!("…"),
        }
    }
    let resolved = notice(NotificationKind::Resolved, TimeDelta::seconds(754));
    let events = [opened(), resolved].map(|notice| form(&body(&rendered(&webhook(), &notice))));
    assert_eq!(events, domain::template::SAMPLES.each_ref().map(form));
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
    assert_eq!(rendered(&Receiver::Pagerduty(pagerduty), &opened()).url.as_str(), stand_in);
}

#[test]
fn what_is_signed_or_keyed_follows_no_redirect() {
    for receiver in [pagerduty(), webhook(), slack(), bot()] {
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
