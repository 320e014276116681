//! How fast receivers are written to.

use chrono::TimeDelta;
use domain::{
    id::{IncidentId, NotificationId},
    notification::{
        NotificationKind::{Opened, Resolved},
        NotificationState::{Pending, Sent, Suppressed},
    },
};
use store::notifications::NewNotification;
use wiremock::ResponseTemplate;

use crate::bench::{Bench, notice};

/// Of as many incidents.
async fn openings(bench: &Bench, count: usize) -> Vec<NotificationId> {
    let mut all = Vec::new();
    for _ in 0..count {
        let now = bench.now();
        let mut notice = notice(IncidentId::random(now), Opened, now);
        // The row of an incident is not needed.
        notice.subject = domain::notification::Subject::Test;
        all.push(NewNotification {
            id: NotificationId::random(now),
            channel: "hook".parse().unwrap(),
            sequence: 0,
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
