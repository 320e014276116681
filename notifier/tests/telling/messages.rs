//! Over HTTP: PagerDuty and webhooks.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use domain::notification::{
    NotificationKind::{Opened, Resolved},
    NotificationState::{Dead, Pending, Sending, Sent, Suppressed},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use crate::bench::Bench;

fn status(code: u16) -> ResponseTemplate {
    ResponseTemplate::new(code)
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).expect("JSON")
}

fn header<'r>(request: &'r Request, name: &str) -> &'r str {
    request.headers.get(name).unwrap_or_else(|| panic!("no header {name}")).to_str().expect("text")
}

#[tokio::test]
async fn what_the_receiver_takes_is_sent() {
    let bench = Bench::start().await;
    bench.pagerduty().await;
    bench.receiver.answers(status(202).set_body_json(json!({ "status": "success" }))).await;
    let id = bench.happens(Opened, 0).await;
    bench.wake(id).await;

    let sent = bench.get(id).await;
    assert_eq!((sent.state, sent.attempt, sent.sent_at), (Sent, 1, Some(bench.now())));
    assert_eq!(sent.last_answer.as_deref(), Some(r#"202 {"status":"success"}"#));
    let request = bench.receiver.got_one().await;
    assert_eq!(header(&request, "user-agent"), concat!("skopos/", env!("CARGO_PKG_VERSION")));
    let event = body(&request);
    assert_eq!(event["dedup_key"], bench.incident.to_string());
    assert_eq!(event["payload"]["summary"], "Checkout works end to end is failing at step 3 Pay");
    let run = format!("http://127.0.0.1:8080/runs/{}", sent.notice.run);
    assert_eq!(event["links"][0]["href"], run);
}

#[tokio::test]
async fn a_busy_receiver_is_asked_again_when_it_says() {
    let bench = Bench::start().await;
    bench.webhook(json!({})).await;
    bench.receiver.answers(status(503).insert_header("retry-after", "120")).await;
    let id = bench.happens(Opened, 0).await;
    bench.wake(id).await;

    let later = bench.get(id).await;
    let wish = bench.now() + TimeDelta::seconds(120);
    assert_eq!((later.state, later.next_attempt_at), (Pending, Some(wish)));
    assert_eq!(later.last_answer.as_deref(), Some("503"));
    let first = bench.receiver.got_one().await;

    bench.receiver.answers(status(200)).await;
    bench.wake(id).await;
    assert_eq!(bench.receiver.got().await.len(), 0, "it is not time yet");
    bench.advance(TimeDelta::seconds(120));
    assert_eq!(bench.due().await, [id]);
    bench.wake(id).await;
    let sent = bench.get(id).await;
    assert_eq!((sent.state, sent.attempt), (Sent, 2));
    let second = bench.receiver.got_one().await;
    assert_eq!(header(&second, "webhook-id"), id.to_string());
    assert_eq!(header(&second, "webhook-id"), header(&first, "webhook-id"));
    assert_eq!(header(&second, "webhook-timestamp"), bench.now().timestamp().to_string());
    assert_ne!(header(&second, "webhook-timestamp"), header(&first, "webhook-timestamp"));
}

#[tokio::test]
async fn a_receiver_without_a_wish_is_asked_again_within_half_a_minute() {
    let bench = Bench::start().await;
    bench.webhook(json!({ "url": "http://127.0.0.1:9/" })).await;
    let id = bench.happens(Opened, 0).await;
    bench.wake(id).await;
    let later = bench.get(id).await;
    let wait = later.next_attempt_at.expect("another try") - bench.now();
    assert!(wait >= TimeDelta::seconds(1) && wait <= TimeDelta::seconds(30), "{wait}");
    assert_eq!(later.last_answer.as_deref(), Some("connection refused by 127.0.0.1:9"));
}

#[tokio::test]
async fn what_was_not_taken_for_a_day_is_given_up() {
    let bench = Bench::start().await;
    bench.webhook(json!({})).await;
    bench.receiver.answers(status(500)).await;
    let id = bench.happens(Opened, 0).await;
    bench.advance(TimeDelta::hours(24) - TimeDelta::milliseconds(500));
    bench.wake(id).await;
    let created_at = bench.get(id).await.created_at;
    assert_eq!(bench.get(id).await.next_attempt_at, Some(created_at + TimeDelta::hours(24)));
    bench.advance(TimeDelta::milliseconds(500));
    bench.wake(id).await;
    assert_eq!(bench.get(id).await.state, Dead);
    assert_eq!(bench.saved_channel().await.broken, None, "others may still be taken");
}

#[tokio::test]
async fn a_receiver_that_is_gone_breaks_its_channel_until_something_gets_through() {
    let bench = Bench::start().await;
    bench.webhook(json!({})).await;
    bench.receiver.answers(status(410).set_body_string("no longer here")).await;
    let id = bench.happens(Opened, 0).await;
    bench.wake(id).await;
    assert_eq!((bench.get(id).await.state, bench.get(id).await.attempt), (Dead, 1));
    assert_eq!(bench.saved_channel().await.broken.as_deref(), Some("410 no longer here"));

    bench.receiver.answers(status(200)).await;
    let next = bench.happens(Resolved, 1).await;
    bench.wake(next).await;
    assert_eq!(bench.get(next).await.state, Sent);
    assert_eq!(bench.saved_channel().await.broken, None);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let bench = Bench::start().await;
    bench.webhook(json!({})).await;
    let elsewhere = format!("{}/elsewhere", bench.receiver.url());
    bench.receiver.answers(status(307).insert_header("location", elsewhere.as_str())).await;
    let id = bench.happens(Opened, 0).await;
    bench.wake(id).await;
    assert_eq!(bench.get(id).await.state, Dead);
    assert_eq!(bench.receiver.got().await.len(), 1);
}

#[tokio::test]
async fn the_end_is_told_after_the_beginning() {
    let bench = Bench::start().await;
    bench.webhook(json!({})).await;
    let mut held = bench.receiver.holds(status(200)).await;
    let opened = bench.happens(Opened, 0).await;
    bench.publish(opened).await;
    held.arrived().await;

    let resolved = bench.happens(Resolved, 1).await;
    bench.wake(resolved).await;
    assert_eq!((bench.get(opened).await.state, bench.get(resolved).await.state), (Sending, Pending));
    assert_eq!(bench.due().await, [resolved], "woken in vain: its turn has not come");
    held.release();
    bench.drained().await;
    assert_eq!(bench.get(opened).await.state, Sent);

    assert_eq!(bench.due().await, [resolved], "its turn has come at once");
    bench.receiver.answers(status(200)).await;
    bench.wake(resolved).await;
    assert_eq!(bench.get(resolved).await.state, Sent);
    let event = body(&bench.receiver.got_one().await);
    assert_eq!(event["type"], "incident.resolved");
    assert_eq!(event["data"]["incident"], bench.incident.to_string());
}

#[tokio::test]
async fn an_incident_that_was_over_before_anybody_knew_is_not_told() {
    let bench = Bench::start().await;
    bench.webhook(json!({ "url": "http://127.0.0.1:9/" })).await;
    let opened = bench.happens(Opened, 0).await;
    bench.wake(opened).await;
    let resolved = bench.happens(Resolved, 1).await;
    bench.webhook(json!({})).await;
    bench.receiver.answers(status(200)).await;
    bench.wake(resolved).await;
    assert_eq!((bench.get(opened).await.state, bench.get(resolved).await.state), (Suppressed, Suppressed));
    assert_eq!(bench.receiver.got().await.len(), 0);
}

#[tokio::test]
async fn the_end_is_told_to_a_receiver_that_may_have_got_the_beginning() {
    let bench = Bench::start().await;
    bench.webhook(json!({})).await;
    bench.receiver.answers(status(502)).await;
    let opened = bench.happens(Opened, 0).await;
    bench.wake(opened).await;
    let resolved = bench.happens(Resolved, 1).await;
    bench.receiver.answers(status(200)).await;
    bench.wake(resolved).await;
    assert_eq!(bench.due().await, [resolved]);
    bench.wake(resolved).await;
    assert_eq!((bench.get(opened).await.state, bench.get(resolved).await.state), (Suppressed, Sent));
    assert_eq!(body(&bench.receiver.got_one().await)["type"], "incident.resolved");
}

#[tokio::test]
async fn a_duplicate_message_sends_once() {
    let bench = Bench::start().await;
    bench.webhook(json!({})).await;
    let mut held = bench.receiver.holds(status(200)).await;
    let id = bench.happens(Opened, 0).await;
    bench.publish(id).await;
    held.arrived().await;
    bench.wake(id).await;
    held.release();
    bench.drained().await;
    bench.wake(id).await;
    bench.drained().await;
    assert_eq!((bench.get(id).await.state, bench.get(id).await.attempt), (Sent, 1));
    assert_eq!(bench.receiver.got().await.len(), 1);
}

#[tokio::test]
async fn after_a_crash_between_sending_and_recording_it_goes_out_under_the_same_key() {
    for pagerduty in [true, false] {
        let mut bench = Bench::start().await;
        if pagerduty {
            bench.pagerduty().await;
        } else {
            bench.webhook(json!({})).await;
        }
        let mut held = bench.receiver.holds(status(202)).await;
        let id = bench.happens(Opened, 0).await;
        bench.publish(id).await;
        let first = held.arrived().await;
        bench.crash();
        held.release();
        bench.start_notifier("127.0.0.0/8");
        bench.drained().await;
        assert_eq!(bench.get(id).await.state, Sending, "nobody else has it while the claim is good");

        bench.receiver.answers(status(202)).await;
        bench.advance(TimeDelta::seconds(60));
        assert_eq!(bench.reap().await, [id]);
        bench.wake(id).await;
        assert_eq!((bench.get(id).await.state, bench.get(id).await.attempt), (Sent, 2));
        let second = bench.receiver.got_one().await;
        if pagerduty {
            assert_eq!(body(&second)["dedup_key"], body(&first)["dedup_key"]);
        } else {
            assert_eq!(header(&second, "webhook-id"), header(&first, "webhook-id"));
        }
    }
}

#[tokio::test]
async fn what_a_slow_notifier_finds_out_too_late_is_not_recorded() {
    let bench = Bench::start().await;
    bench.webhook(json!({})).await;
    let mut held = bench.receiver.holds(status(410)).await;
    let id = bench.happens(Opened, 0).await;
    bench.publish(id).await;
    held.arrived().await;
    bench.advance(TimeDelta::seconds(60));
    assert_eq!(bench.reap().await, [id]);
    held.release();
    bench.drained().await;
    assert_eq!(bench.get(id).await.state, Pending);
    assert_eq!(bench.saved_channel().await.broken, None);
}

#[tokio::test]
async fn a_channel_that_was_mended_meanwhile_is_not_broken() {
    let bench = Bench::start().await;
    bench.webhook(json!({})).await;
    let mut held = bench.receiver.holds(status(404)).await;
    let id = bench.happens(Opened, 0).await;
    bench.publish(id).await;
    held.arrived().await;
    bench.advance(TimeDelta::seconds(1));
    bench.webhook(json!({ "name": "Mended" })).await;
    held.release();
    bench.drained().await;
    assert_eq!(bench.get(id).await.state, Dead);
    assert_eq!(bench.saved_channel().await.broken, None);
}

#[tokio::test]
async fn a_stopped_notifier_finishes_what_it_has_in_hand() {
    let mut bench = Bench::start().await;
    bench.webhook(json!({})).await;
    let mut held = bench.receiver.holds(status(200)).await;
    let id = bench.happens(Opened, 0).await;
    bench.publish(id).await;
    held.arrived().await;
    let (_, ()) = tokio::join!(bench.stop(), async { held.release() });
    assert_eq!(bench.get(id).await.state, Sent);
    let next = bench.happens(Resolved, 1).await;
    bench.publish(next).await;
    assert_eq!(bench.get(next).await.state, Pending);
}

#[tokio::test]
async fn a_signature_is_made_with_the_secret_that_the_channel_names() {
    let bench = Bench::start().await;
    let secret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    bench.secrets(json!({ "HOOK": { "value": format!("whsec_{secret}") } })).await;
    bench.webhook(json!({ "environment": "production", "secret": "@{{secrets.HOOK}}" })).await;
    bench.receiver.answers(status(200)).await;
    let id = bench.happens(Opened, 0).await;
    bench.wake(id).await;
    let request = bench.receiver.got_one().await;
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&STANDARD.decode(secret).unwrap()).unwrap();
    mac.update(format!("{id}.{}.", bench.now().timestamp()).as_bytes());
    mac.update(&request.body);
    let signature = header(&request, "webhook-signature").strip_prefix("v1,").expect("version 1");
    mac.verify_slice(&STANDARD.decode(signature).expect("base64")).expect("the signature verifies");
}

#[tokio::test]
async fn without_a_secret_nothing_is_signed() {
    let bench = Bench::start().await;
    bench.webhook(json!({})).await;
    bench.receiver.answers(status(200)).await;
    let id = bench.happens(Opened, 0).await;
    bench.wake(id).await;
    assert!(!bench.receiver.got_one().await.headers.contains_key("webhook-signature"));
}

#[tokio::test]
async fn a_receiver_that_repeats_our_secret_does_not_get_it_recorded() {
    let bench = Bench::start().await;
    bench.secrets(json!({ "HOOK": { "value": "correct horse battery staple" } })).await;
    bench.webhook(json!({ "environment": "production", "secret": "@{{secrets.HOOK}}" })).await;
    let answer = "bad signature, expected one by correct horse battery staple";
    bench.receiver.answers(status(401).set_body_string(answer)).await;
    let id = bench.happens(Opened, 0).await;
    bench.wake(id).await;
    let recorded = "401 bad signature, expected one by ***";
    assert_eq!(bench.get(id).await.last_answer.as_deref(), Some(recorded));
    assert_eq!(bench.saved_channel().await.broken.as_deref(), Some(recorded));
}

#[tokio::test]
async fn a_secret_that_has_gone_is_named_and_nothing_is_sent() {
    let bench = Bench::start().await;
    bench.secrets(json!({})).await;
    bench.webhook(json!({ "environment": "production", "secret": "@{{secrets.HOOK}}" })).await;
    let id = bench.happens(Opened, 0).await;
    bench.wake(id).await;
    let dead = bench.get(id).await;
    assert_eq!(dead.state, Dead);
    let why = dead.last_answer.expect("a reason");
    assert!(why.contains("`@{{secrets.HOOK}}`: there is no secret `HOOK`"), "{why}");
    assert_eq!(bench.saved_channel().await.broken, Some(why));
    assert_eq!(bench.receiver.got().await.len(), 0);
}

#[tokio::test]
async fn secrets_that_do_not_open_are_the_operators_fault_and_not_the_channels() {
    let bench = Bench::start().await;
    bench.sealed(json!({ "HOOK": { "value": "hunter22" } }), store::SecretKey::generate()).await;
    bench.webhook(json!({ "environment": "production", "secret": "@{{secrets.HOOK}}" })).await;
    let id = bench.happens(Opened, 0).await;
    bench.wake(id).await;
    let later = bench.get(id).await;
    assert_eq!(later.state, Pending);
    assert_eq!(later.last_answer.as_deref(), Some("the channel's secrets cannot be read"));
    assert_eq!(bench.saved_channel().await.broken, None);
}

#[tokio::test]
async fn an_address_that_the_policy_denies_gets_nothing() {
    let bench = Bench::strict().await;
    bench.webhook(json!({})).await;
    bench.receiver.answers(status(200)).await;
    let id = bench.happens(Opened, 0).await;
    bench.wake(id).await;
    let dead = bench.get(id).await;
    assert_eq!(dead.state, Dead);
    let why = dead.last_answer.expect("a reason");
    assert!(why.contains("127.0.0.1"), "{why}");
    assert_eq!(bench.saved_channel().await.broken, Some(why));
    assert_eq!(bench.receiver.got().await.len(), 0);
}

#[tokio::test]
async fn a_channel_that_has_gone_ends_its_notifications() {
    let bench = Bench::start().await;
    bench.webhook(json!({})).await;
    let id = bench.happens(Opened, 0).await;
    bench.delete_channel().await;
    bench.wake(id).await;
    let dead = bench.get(id).await;
    assert_eq!(dead.state, Dead);
    assert_eq!(dead.last_answer.as_deref(), Some("the channel is not there any more"));
}
