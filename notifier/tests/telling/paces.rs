//! How fast receivers are written to.

use chrono::TimeDelta;
use domain::{
    id::{IncidentId, NotificationId},
    notification::{
        NotificationKind::{self, Opened, Resolved},
        NotificationState::{Pending, Sent, Suppressed},
    },
};
use store::notifications::NewNotification;
use wiremock::ResponseTemplate;

use crate::bench::{Bench, notice};

/// Of as many incidents.
pub(crate) async fn openings(bench: &Bench, count: usize) -> Vec<NotificationId> {
    let incidents: Vec<_> = (0..count).map(|_| IncidentId::random(bench.now())).collect();
    happen(bench, &incidents, Opened).await
}

async fn happen(bench: &Bench, incidents: &[IncidentId], kind: NotificationKind) -> Vec<NotificationId> {
    let mut all = Vec::new();
    for incident in incidents {
        let now = bench.now();
        let mut notice = notice(*incident, kind, now);
        // The row of an incident is not needed.
        notice.subject = domain::notification::Subject::Test;
        all.push(NewNotification {
            id: NotificationId::random(now),
            channel: "hook".parse().unwrap(),
            sequence: u32::from(kind == Resolved),
            notice,
        });
    }
    bench.insert(all).await
}

#[tokio::test]
async fn what_is_over_the_rate_waits_in_its_row_and_is_sent_when_it_may() {
    let bench = Bench::start().await;
    bench.pagerduty().await;
    bench.receiver.answers(ResponseTemplate::new(202)).await;
    let ids = openings(&bench, 130).await;
    for id in &ids {
        bench.wake(*id).await;
    }
    assert_eq!(bench.receiver.got().await.len(), 100);
    let waiting = bench.get(ids[129]).await;
    assert_eq!((waiting.state, waiting.attempt), (Pending, 0));
    assert_eq!(waiting.next_attempt_at, Some(bench.now() + TimeDelta::seconds(60)));
    bench.wake(ids[129]).await;
    assert_eq!(bench.receiver.got().await.len(), 100, "asking does not help");

    bench.advance(TimeDelta::seconds(60));
    let mut due = bench.due_up_to(200).await;
    due.sort();
    let mut rest = ids[100..].to_vec();
    rest.sort();
    assert_eq!(due, rest);
    for id in due {
        bench.wake(id).await;
    }
    assert_eq!(bench.receiver.got().await.len(), 130);
    assert_eq!(bench.get(ids[129]).await.state, Sent);
}

#[tokio::test]
async fn what_is_over_while_it_waits_for_its_turn_is_not_told() {
    let bench = Bench::start().await;
    bench.pagerduty().await;
    bench.receiver.answers(ResponseTemplate::new(202)).await;
    for id in openings(&bench, 100).await {
        bench.wake(id).await;
    }
    let opened = bench.happens(Opened, 0).await;
    bench.wake(opened).await;
    let resolved = bench.happens(Resolved, 1).await;
    bench.wake(resolved).await;
    assert_eq!((bench.get(opened).await.state, bench.get(resolved).await.state), (Suppressed, Suppressed));
    assert_eq!(bench.receiver.got().await.len(), 100);
}

#[tokio::test]
async fn slack_messages_do_not_wait_for_the_pace_of_updates() {
    let bench = Bench::start().await;
    bench.slack_bot().await;
    bench.receiver.answers(ResponseTemplate::new(200).set_body_json(posted())).await;
    let incidents: Vec<_> = (0..52).map(|_| IncidentId::random(bench.now())).collect();
    for kind in [Opened, Resolved] {
        for id in happen(&bench, &incidents, kind).await {
            bench.wake(id).await;
            assert_eq!(bench.get(id).await.state, Sent);
            bench.advance(TimeDelta::seconds(1));
        }
    }
    let got = bench.receiver.got().await;
    let count = |method: &str| got.iter().filter(|one| one.url.path().ends_with(method)).count();
    assert_eq!((count("chat.postMessage"), count("chat.update")), (104, 50));
}

fn posted() -> serde_json::Value {
    serde_json::json!({ "ok": true, "channel": "C1", "ts": "1503435956.000247" })
}
