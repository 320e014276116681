//! Notifications that wait, and those whose notifier is gone.

use chrono::TimeDelta;
use domain::{
    document::AlertSeverity,
    id::{CollectionId, IncidentId, MonitorId, NotificationId, RunId, WorkerId},
    incident::{Incident, IncidentLevel, IncidentState},
    notification::{Notice, NotificationKind, Subject},
};
use queue::{Depth, Destination, Queue};
use scheduler::{Turn, relay};
use store::{
    Topic, incidents,
    notifications::{self, NewNotification},
};

use crate::fleet::{Fleet, slug, write};

/// One notification that waits.
async fn told(fleet: &Fleet) -> NotificationId {
    let now = fleet.now();
    let incident = Incident {
        id: IncidentId::random(now),
        monitor_id: Some(MonitorId::random(now)),
        monitor: slug("shop"),
        collection_id: Some(CollectionId::random(now)),
        collection: slug("shop"),
        state: IncidentState::Open,
        severity: AlertSeverity::Error,
        level: IncidentLevel::Down,
        opened_by: RunId::random(now),
        reason: None,
        cause: None,
        opened_at: now,
        acknowledged_at: None,
        snoozed_until: None,
        resolved_at: None,
    };
    let notice = Notice {
        subject: Subject::Incident,
        incident: incident.id,
        kind: NotificationKind::Opened,
        severity: AlertSeverity::Error,
        level: IncidentLevel::Down,
        flapping: None,
        cause: None,
        monitor: slug("shop"),
        collection: slug("shop"),
        collection_name: "Shop".to_owned(),
        location: slug("default"),
        opened_at: now,
        occurred_at: now,
        run: incident.opened_by,
        reason: None,
        step: None,
        assertion: None,
    };
    let id = NotificationId::random(now);
    let row = NewNotification { id, channel: slug("hook"), sequence: 0, notice };
    write!(fleet, |conn| incidents::open(conn, &incident));
    write!(fleet, |conn| notifications::insert(conn, &[row]));
    id
}

async fn relay(fleet: &Fleet) {
    assert_eq!(relay::notifications(&fleet.store, &fleet.queue).await.unwrap(), Turn::Done);
}

/// How many messages have been published and not settled.
async fn waiting(queue: &Queue) -> Option<Depth> {
    queue.depth(&Destination::Notifications).await.unwrap()
}

fn ready(ready: usize) -> Option<Depth> {
    Some(Depth { ready, unacked: Some(0), ..Depth::default() })
}

#[tokio::test]
async fn a_notification_is_called_when_its_queue_is_there_and_once_per_back_off() {
    let fleet = Fleet::new().await;
    told(&fleet).await;
    relay(&fleet).await;
    assert_eq!(waiting(&fleet.queue).await, ready(0), "the queue had to be made first");
    fleet.pass(1);
    relay(&fleet).await;
    relay(&fleet).await;
    assert_eq!(waiting(&fleet.queue).await, ready(1));
}

#[tokio::test]
async fn a_notification_whose_notifier_died_is_called_again() {
    let fleet = Fleet::new().await;
    fleet.queue.declare(&Destination::Notifications).await.unwrap();
    let id = told(&fleet).await;
    let (now, until) = (fleet.now(), fleet.now() + TimeDelta::seconds(30));
    let notifier = WorkerId::random(now);
    assert!(write!(fleet, |conn| notifications::claim(conn, id, notifier, now, until)).is_some());
    fleet.pass(29);
    fleet.reap().await;
    relay(&fleet).await;
    assert_eq!(waiting(&fleet.queue).await, ready(0));

    fleet.pass(1);
    let mut woken = fleet.store.listen(Topic::Notifications);
    fleet.reap().await;
    woken.heard().await;
    relay(&fleet).await;
    assert_eq!(waiting(&fleet.queue).await, ready(1));
}
