//! A notifier that was taken for dead, and was not.

use std::sync::Arc;

use chaos::{
    ports::Ports,
    receivers::pagerduty::{Gate, Pagerduty},
    web,
};
use chrono::TimeDelta;
use domain::notification::{
    NotificationKind::{Opened, Resolved},
    NotificationState::Sent,
};
use serde_json::json;

use crate::bench::Bench;

/// A bench whose channel leads to PagerDuty.
async fn paging() -> (Bench, Arc<Pagerduty>) {
    let (bench, pagerduty) = (Bench::start().await, Arc::new(Pagerduty::new(1, 0..1)));
    let port = Ports::new().free().unwrap();
    web::serve(port, pagerduty.clone()).await.unwrap();
    let channel = json!({
        "id": "hook", "type": "pagerduty", "routing_key": "0123456789abcdef0123456789abcdef",
        "api_url": format!("http://127.0.0.1:{port}/v2/enqueue"),
    });
    bench.channel(channel).await;
    (bench, pagerduty)
}

fn open(pagerduty: &Pagerduty) -> usize {
    pagerduty.alerts().0.values().filter(|alert| alert.open).count()
}

/// A trigger is on its way when its notifier is taken for dead, and another one has told it.
async fn taken_over(bench: &Bench, pagerduty: &Pagerduty) -> Arc<Gate> {
    let gate = pagerduty.hold();
    let opened = bench.happens(Opened, 0).await;
    bench.publish(opened).await;
    gate.came().await;
    bench.advance(TimeDelta::seconds(61));
    assert_eq!(bench.reap().await, [opened]);
    bench.wake(opened).await;
    assert_eq!((bench.get(opened).await.state, open(pagerduty)), (Sent, 1));
    gate
}

#[tokio::test]
async fn a_trigger_that_arrives_after_the_end_is_followed_by_the_end_once_more() {
    let (bench, pagerduty) = paging().await;
    let gate = taken_over(&bench, &pagerduty).await;
    let resolved = bench.happens(Resolved, 1).await;
    bench.wake(resolved).await;
    assert_eq!((bench.get(resolved).await.state, open(&pagerduty)), (Sent, 0));

    gate.open();
    bench.drained().await;
    assert_eq!(open(&pagerduty), 1, "the late trigger has opened another alert");
    let due = bench.due().await;
    assert_eq!(due.len(), 1);
    bench.wake(due[0]).await;
    assert_eq!(open(&pagerduty), 0);
    let told: Vec<_> = bench.told("hook").await.iter().map(|one| (one.kind, one.state)).collect();
    assert_eq!(told, [(Opened, Sent), (Resolved, Sent), (Resolved, Sent)]);
}

#[tokio::test]
async fn a_trigger_that_arrives_before_the_end_needs_no_second_one() {
    let (bench, pagerduty) = paging().await;
    let gate = taken_over(&bench, &pagerduty).await;
    let resolved = bench.happens(Resolved, 1).await;
    gate.open();
    bench.drained().await;
    assert_eq!(bench.due().await, [resolved]);
    bench.wake(resolved).await;
    assert_eq!((open(&pagerduty), bench.told("hook").await.len()), (0, 2));
}
