//! Slack, with a bot.

use chrono::TimeDelta;
use domain::notification::{
    NotificationKind::{Opened, Resolved},
    NotificationState::{Dead, Pending, Sent},
};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::bench::Bench;

fn posted() -> ResponseTemplate {
    ResponseTemplate::new(200)
        .set_body_json(json!({ "ok": true, "channel": "C1", "ts": "1503435956.000247" }))
}

fn no(error: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({ "ok": false, "error": error }))
}

#[tokio::test]
async fn the_recovery_is_in_the_thread_of_the_first_message_which_says_so_too() {
    let bench = Bench::start().await;
    bench.slack_bot().await;
    bench.receiver.answers(posted()).await;
    let opened = bench.happens(Opened, 0).await;
    bench.wake(opened).await;
    let first = bench.receiver.got_one().await;
    assert_eq!(first.url.path(), "/hook/chat.postMessage");
    assert_eq!(first.headers["authorization"], "Bearer xoxb-hunter22");

    bench.receiver.answers(posted()).await;
    bench.advance(TimeDelta::minutes(12));
    let resolved = bench.happens(Resolved, 1).await;
    bench.wake(resolved).await;
    assert_eq!(bench.get(resolved).await.state, Sent);
    let got = bench.receiver.got().await;
    let bodies: Vec<Value> = got.iter().map(|one| serde_json::from_slice(&one.body).unwrap()).collect();
    assert_eq!([got[0].url.path(), got[1].url.path()], ["/hook/chat.update", "/hook/chat.postMessage"]);
    assert_eq!((&bodies[0]["channel"], &bodies[0]["ts"]), (&json!("C1"), &json!("1503435956.000247")));
    assert_eq!((&bodies[1]["channel"], &bodies[1]["thread_ts"]), (&json!("C1"), &json!("1503435956.000247")));
    assert!(bodies[1]["text"].as_str().unwrap().contains("has recovered after 12 min"));
}

#[tokio::test]
async fn a_refusal_says_no_with_200() {
    let bench = Bench::start().await;
    bench.slack_bot().await;
    bench.receiver.answers(no("ratelimited").insert_header("retry-after", "40")).await;
    let id = bench.happens(Opened, 0).await;
    bench.wake(id).await;
    let later = bench.get(id).await;
    assert_eq!((later.state, later.next_attempt_at), (Pending, Some(bench.now() + TimeDelta::seconds(40))));
    bench.receiver.answers(no("channel_not_found")).await;
    bench.advance(TimeDelta::seconds(40));
    bench.wake(id).await;
    assert_eq!(bench.get(id).await.state, Dead);
    let broken = bench.saved_channel().await.broken.unwrap();
    assert_eq!(broken, r#"200 {"ok":false,"error":"channel_not_found"}"#);
}

#[tokio::test]
async fn a_first_message_that_was_deleted_keeps_nothing_from_its_thread() {
    let bench = Bench::start().await;
    bench.slack_bot().await;
    bench.receiver.answers(posted()).await;
    let opened = bench.happens(Opened, 0).await;
    bench.wake(opened).await;
    bench
        .receiver
        .answers(
            |request: &wiremock::Request| {
                if request.url.path().ends_with("update") { no("message_not_found") } else { posted() }
            },
        )
        .await;
    bench.advance(TimeDelta::seconds(1));
    let resolved = bench.happens(Resolved, 1).await;
    bench.wake(resolved).await;
    assert_eq!((bench.get(resolved).await.state, bench.receiver.got().await.len()), (Sent, 2));
    assert_eq!(bench.saved_channel().await.broken, None);
}
