use domain::exchange::Timing;
use store::notifications::Delivery;

use super::*;

fn bot() -> Slack {
    Slack::Bot { token: "xoxb-1".to_owned(), channel: "#oncall".to_owned(), api_url: None }
}

fn answer(status: u16, body: &Value, retry_after: Option<&str>) -> Response {
    Response {
        status,
        http_version: "HTTP/1.1",
        url: String::new(),
        headers: retry_after
            .map(|text| ("retry-after".parse().unwrap(), text.parse().unwrap()))
            .into_iter()
            .collect(),
        body: body.to_string().into(),
        timing: Timing::default(),
        peer: None,
        redirects: 0,
        tls: None,
    }
}

#[test]
fn a_refusal_with_a_status_of_200_is_one() {
    let now = DateTime::UNIX_EPOCH;
    let judged = |body: Value| bot().judge(&answer(200, &body, None), now);
    assert_eq!(judged(json!({ "ok": true, "channel": "C1", "ts": "1.2" })), Outcome::Taken);
    for error in ["channel_not_found", "invalid_auth", "not_in_channel", "is_archived", "a_new_one"] {
        assert_eq!(judged(json!({ "ok": false, "error": error })), Outcome::Never, "{error}");
    }
    for error in PASSING {
        let later = Outcome::Later { delivery: Delivery::Refused, not_before: None };
        assert_eq!(judged(json!({ "ok": false, "error": error })), later, "{error}");
    }
    let unknown = Outcome::Later { delivery: Delivery::Unknown, not_before: None };
    assert_eq!(judged(json!("a proxy's page")), unknown);
}

#[test]
fn a_rate_limit_is_waited_for() {
    let now = DateTime::UNIX_EPOCH;
    let not_before = DateTime::from_timestamp(30, 0);
    let later = Outcome::Later { delivery: Delivery::Refused, not_before };
    let limited = json!({ "ok": false, "error": "ratelimited" });
    assert_eq!(bot().judge(&answer(429, &limited, Some("30")), now), later);
    assert_eq!(bot().judge(&answer(200, &limited, Some("30")), now), later);
    let webhook = Slack::Webhook { url: "https://hooks.slack.com/x".to_owned() };
    assert_eq!(webhook.judge(&answer(429, &json!({}), Some("30")), now), later);
    assert_eq!(webhook.judge(&answer(404, &json!("no_service"), None), now), Outcome::Never);
    assert_eq!(webhook.judge(&answer(200, &json!("ok"), None), now), Outcome::Taken);
}

#[test]
fn only_a_bot_learns_where_its_message_is() {
    let posted = answer(200, &json!({ "ok": true, "channel": "C1", "ts": "1503435956.000247" }), None);
    assert_eq!(bot().receipt(&posted).as_deref(), Some("C1 1503435956.000247"));
    assert_eq!(Slack::Webhook { url: String::new() }.receipt(&posted), None);
}
