//! Channels whose receivers refuse us: another channel says so, once, and what they were to say.

use chrono::TimeDelta;
use domain::notification::{
    NotificationKind::{Opened, Reminded, Resolved},
    NotificationState::{Dead, Sent},
    Subject,
};
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use crate::bench::Bench;

/// A channel of that name at the same receiver.
async fn channel(bench: &Bench, id: &str) {
    let url = format!("{}/{id}", bench.receiver.url());
    bench.channel(json!({ "id": id, "type": "webhook", "url": url })).await;
}

/// `hook` is gone; whatever else there is works.
fn hook_is_gone(request: &Request) -> ResponseTemplate {
    ResponseTemplate::new(if request.url.path() == "/hook" { 410 } else { 200 })
}

#[tokio::test]
async fn another_channel_of_the_same_rule_is_told_once_with_what_was_to_be_said() {
    let bench = Bench::start().await;
    bench.webhook(json!({})).await;
    for id in ["other", "mate"] {
        channel(&bench, id).await;
    }
    bench.monitor(&[&["other"], &["hook", "mate"]]).await;
    bench.receiver.answers(hook_is_gone).await;
    let opened = bench.happens(Opened, 0).await;
    bench.wake(opened).await;
    let reminded = bench.happens(Reminded, 1).await;
    bench.wake(reminded).await;
    assert_eq!((bench.get(opened).await.state, bench.get(reminded).await.state), (Dead, Dead));

    let told = bench.told("mate").await;
    assert_eq!((told.len(), bench.told("other").await.len()), (1, 0), "once, and of the same rule");
    bench.receiver.answers(hook_is_gone).await;
    bench.wake(told[0].id).await;
    let event: Value = serde_json::from_slice(&bench.receiver.got_one().await.body).unwrap();
    assert_eq!(event["type"], "channel.broken");
    let expected =
        "The channel hook is broken: 410. It was to say: Checkout works end to end is failing at step 3 Pay";
    assert_eq!(event["data"]["summary"], expected);

    // It works again.
    bench.receiver.answers(ResponseTemplate::new(200)).await;
    bench.advance(TimeDelta::minutes(5));
    let resolved = bench.happens(Resolved, 2).await;
    bench.wake(resolved).await;
    assert_eq!(bench.get(resolved).await.state, Sent);
    let told = bench.told("mate").await;
    assert_eq!((told.len(), told[1].kind), (2, Resolved));
    bench.receiver.answers(ResponseTemplate::new(200)).await;
    bench.wake(told[1].id).await;
    let event: Value = serde_json::from_slice(&bench.receiver.got_one().await.body).unwrap();
    assert_eq!(event["data"]["summary"], "The channel hook works again after 5 min");
}

#[tokio::test]
async fn when_its_rule_has_no_other_any_working_channel_of_the_monitor_is_told() {
    let bench = Bench::start().await;
    bench.webhook(json!({})).await;
    for id in ["gone", "works"] {
        channel(&bench, id).await;
    }
    bench.monitor(&[&["hook"], &["gone", "works"]]).await;
    bench
        .receiver
        .answers(|request: &Request| {
            ResponseTemplate::new(if request.url.path() == "/hook/works" { 200 } else { 410 })
        })
        .await;
    let opened = bench.happens(Opened, 0).await;
    bench.wake(opened).await;
    let first = bench.told("gone").await;
    assert_eq!(first.len(), 1);
    // That one is broken, too, which is told in its turn, with all that was to be said.
    bench.wake(first[0].id).await;
    let told = bench.told("works").await;
    let Subject::BrokenChannel { channel, untold, .. } = &told[0].notice.subject else { panic!("{told:?}") };
    assert_eq!(channel.as_str(), "gone");
    assert!(
        untold.contains("The channel hook is broken") && untold.contains("is failing at step 3 Pay"),
        "{untold}"
    );
}

#[tokio::test]
async fn where_there_is_no_other_channel_nobody_is_told() {
    let bench = Bench::start().await;
    bench.webhook(json!({})).await;
    bench.monitor(&[&["hook"]]).await;
    bench.receiver.answers(ResponseTemplate::new(404)).await;
    let opened = bench.happens(Opened, 0).await;
    bench.wake(opened).await;
    assert_eq!(bench.told("hook").await.len(), 1);
    assert!(bench.saved_channel().await.broken.is_some());
}
