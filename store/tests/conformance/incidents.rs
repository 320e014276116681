//! Incidents, and the trackers that are locked while they are consulted.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{
    document::AlertSeverity,
    id::{CollectionId, IncidentId, MonitorId, RunId},
    incident::{Fresh, Incident, IncidentLevel, IncidentState},
    notification::NotificationKind::{self, Opened, Resolved},
    outcome::{Reason, ReasonCode},
};
use serde_json::json;
use store::{
    Conn, Error, Page, channels, collections, health,
    incidents::{self, Cause},
    monitors::{self, SavedMonitor},
    notifications,
};

use crate::{
    fixtures::{collection, failed, incident, monitor, slug},
    harness::{Bench, conformance, postgres, write},
};

conformance! {
    one_incident_is_unresolved_at_a_time
    an_incident_is_acknowledged_and_resolved_once
    incidents_are_filtered_and_paged
    a_tracker_is_kept_from_one_transaction_to_the_next
    two_recorders_of_one_monitor_follow_each_other
    what_goes_away_ends_its_incident_and_whoever_was_told_hears_of_it
}

// SQLite has one writer at a time.
postgres! {
    a_monitor_that_is_deleted_waits_for_the_result_that_opens_its_incident
    a_result_waits_for_its_monitor_to_be_deleted_and_then_tells_nobody
}

async fn one_incident_is_unresolved_at_a_time(bench: Bench) {
    let (first, second, now) = (incident(&bench), incident(&bench), bench.now());
    let (one, two) = (first.clone(), second.clone());
    write!(bench, |conn| incidents::open(conn, &one)).unwrap();
    let refused = write!(bench, |conn| incidents::open(conn, &two));
    assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
    let key = (first.monitor_id.unwrap(), first.collection_id.unwrap());
    let found = incidents::unresolved(&mut bench.conn().await, key.0, key.1).await.unwrap();
    assert_eq!(found.as_ref(), Some(&first));

    write!(bench, |conn| incidents::resolve(conn, first.id, now)).unwrap();
    assert_eq!(incidents::unresolved(&mut bench.conn().await, key.0, key.1).await.unwrap(), None);
    write!(bench, |conn| incidents::open(conn, &second)).unwrap();
}

/// Long enough for what does not wait.
const A_WHILE: std::time::Duration = std::time::Duration::from_millis(200);

/// A monitor and its collection.
async fn watched(bench: &Bench) -> (SavedMonitor, CollectionId) {
    let now = bench.now();
    let pager = json!({ "id": "pager", "type": "webhook", "url": "https://example.com" });
    let pager = serde_json::from_value(pager).unwrap();
    let watch = monitor("watch", &["shop"], json!({ "alerts": [{ "channels": ["pager"] }] }));
    let shop = collection("shop", json!({}));
    let saved = write!(bench, |conn| async {
        channels::create(conn, &pager, now).await?;
        let shop = collections::create(conn, &shop, now).await?.id;
        Ok((monitors::create(conn, &watch, now).await?, shop))
    });
    saved.unwrap()
}

async fn a_monitor_that_is_deleted_waits_for_the_result_that_opens_its_incident(bench: Bench) {
    let (watch, shop) = watched(&bench).await;
    let (deleter, now) = (bench.clone(), bench.now());
    let (deleting, opened) = write!(bench, |conn| async {
        assert_eq!(monitors::hold(conn, [watch.id]).await?.len(), 1);
        let mut deleting =
            tokio::spawn(async move { write!(deleter, |conn| monitors::delete(conn, &slug("watch"))) });
        tokio::time::timeout(A_WHILE, &mut deleting).await.expect_err("it waits");
        Ok((deleting, fail(conn, &watch, shop, "shop", now).await?))
    })
    .unwrap();
    assert!(deleting.await.unwrap().unwrap());
    assert_eq!(state(&bench, opened).await.0, IncidentState::Resolved);
}

async fn a_result_waits_for_its_monitor_to_be_deleted_and_then_tells_nobody(bench: Bench) {
    let (watched, inner) = (watched(&bench).await.0.id, bench.clone());
    let recording = write!(bench, |conn| async {
        assert!(monitors::delete(conn, &slug("watch")).await?);
        let mut recording =
            tokio::spawn(async move { write!(inner, |conn| monitors::hold(conn, [watched])) });
        tokio::time::timeout(A_WHILE, &mut recording).await.expect_err("it waits");
        Ok(recording)
    });
    assert!(recording.unwrap().await.unwrap().unwrap().is_empty());
}

async fn an_incident_is_acknowledged_and_resolved_once(bench: Bench) {
    let (new, now) = (incident(&bench), bench.now());
    let id = new.id;
    write!(bench, |conn| incidents::open(conn, &new)).unwrap();
    for changed in [true, false] {
        assert_eq!(write!(bench, |conn| incidents::acknowledge(conn, id, now)).unwrap(), changed);
    }
    assert!(
        write!(bench, |conn| incidents::raise(conn, id, AlertSeverity::Critical, IncidentLevel::Down))
            .unwrap()
    );
    for changed in [true, false] {
        assert_eq!(write!(bench, |conn| incidents::resolve(conn, id, now)).unwrap(), changed);
    }
    assert!(!write!(bench, |conn| incidents::acknowledge(conn, id, now)).unwrap());
    assert!(
        !write!(bench, |conn| incidents::raise(conn, id, AlertSeverity::Info, IncidentLevel::Down)).unwrap()
    );
    let read = incidents::get(&mut bench.conn().await, id).await.unwrap().unwrap();
    assert_eq!((read.state, read.severity), (IncidentState::Resolved, AlertSeverity::Critical));
    assert_eq!((read.acknowledged_at, read.resolved_at), (Some(now), Some(now)));
}

async fn incidents_are_filtered_and_paged(bench: Bench) {
    let mut ids = Vec::new();
    for n in 0..3_u8 {
        bench.clock.advance(chrono::TimeDelta::seconds(1));
        let collection_id = Some(CollectionId::new(bench.now(), [n; 10]));
        let new = Incident { collection_id, ..incident(&bench) };
        ids.push(new.id);
        write!(bench, |conn| incidents::open(conn, &new)).unwrap();
    }
    let (first, now) = (ids[0], bench.now());
    write!(bench, |conn| incidents::resolve(conn, first, now)).unwrap();
    let conn = &mut bench.conn().await;
    let open = incidents::Filter { state: Some(IncidentState::Open), ..Default::default() };
    let page = incidents::list(conn, &open, Page::first(1)).await.unwrap();
    assert_eq!(page.data.iter().map(|incident| incident.id).collect::<Vec<_>>(), [ids[2]]);
    let next = Page { limit: 1, cursor: page.next_cursor };
    let page = incidents::list(conn, &open, next).await.unwrap();
    assert_eq!(page.data.iter().map(|incident| incident.id).collect::<Vec<_>>(), [ids[1]]);
    assert_eq!(page.next_cursor, None);
    let other = incidents::Filter { monitor: Some(slug("other")), ..Default::default() };
    assert_eq!(incidents::list(conn, &other, Page::first(9)).await.unwrap().data, []);
}

fn key(n: u8) -> health::HealthKey {
    (
        MonitorId::new(chrono::DateTime::UNIX_EPOCH, [n; 10]),
        CollectionId::new(chrono::DateTime::UNIX_EPOCH, [n; 10]),
    )
}

/// A tracker that is told apart from an empty one.
fn tracker(bench: &Bench, failures: usize) -> domain::incident::Tracker {
    let mut tracker = domain::incident::Tracker::default();
    for _ in 0..failures {
        let now = bench.now();
        let _ = tracker.observe(&[], failed(RunId::new(now, [0; 10]), now), Fresh::random(now));
    }
    tracker
}

async fn a_tracker_is_kept_from_one_transaction_to_the_next(bench: Bench) {
    let (now, kept) = (bench.now(), tracker(&bench, 2));
    assert_ne!(kept, domain::incident::Tracker::default());
    let save = BTreeMap::from([(key(1), kept.clone())]);
    let first = write!(bench, |conn| async {
        let locked = health::lock(conn, &[key(2), key(1), key(2)], now).await?;
        health::save(conn, &save, now).await?;
        Ok(locked)
    })
    .unwrap();
    assert_eq!(
        first.into_iter().collect::<Vec<_>>(),
        [(key(1), Default::default()), (key(2), Default::default())]
    );
    let second = write!(bench, |conn| health::lock(conn, &[key(1), key(2)], now)).unwrap();
    assert_eq!((&second[&key(1)], &second[&key(2)]), (&kept, &Default::default()));
}

async fn two_recorders_of_one_monitor_follow_each_other(bench: Bench) {
    let mut recorders = tokio::task::JoinSet::new();
    for recorder in 0..8_u8 {
        let bench = bench.clone();
        recorders.spawn(async move {
            let (now, run) = (bench.now(), domain::id::RunId::new(bench.now(), [recorder; 10]));
            // Each names its keys in another order: without one order for all they would wait in a circle.
            let keys = if recorder % 2 == 0 { [key(1), key(2)] } else { [key(2), key(1)] };
            write!(bench, |conn| async {
                let mut locked = health::lock(conn, &keys, now).await?;
                for tracker in locked.values_mut() {
                    let _ = tracker.observe(&[], failed(run, now), Fresh::random(now));
                }
                health::save(conn, &locked, now).await
            })
            .unwrap();
        });
    }
    recorders.join_all().await;
    let now = bench.now();
    let locked = write!(bench, |conn| health::lock(conn, &[key(1), key(2)], now)).unwrap();
    assert!(locked.values().all(|kept| *kept == tracker(&bench, 8)));
}

async fn what_goes_away_ends_its_incident_and_whoever_was_told_hears_of_it(bench: Bench) {
    let now = bench.now();
    let pager =
        serde_json::from_value(json!({ "id": "pager", "type": "webhook", "url": "https://example.com" }))
            .unwrap();
    write!(bench, |conn| channels::create(conn, &pager, now)).unwrap();
    let mut ids = Vec::new();
    for id in ["cart", "search"] {
        let document = collection(id, json!({}));
        ids.push(write!(bench, |conn| collections::create(conn, &document, now)).unwrap().id);
    }
    let alerts = json!({ "alerts": [{ "channels": ["pager"] }] });
    let document = monitor("shop", &["cart", "search"], alerts.clone());
    let saved = write!(bench, |conn| monitors::create(conn, &document, now)).unwrap();
    let (cart, search) =
        (failing(&bench, &saved, ids[0], "cart").await, failing(&bench, &saved, ids[1], "search").await);

    let document = monitor("shop", &["cart"], alerts);
    write!(bench, |conn| monitors::replace(conn, &document, now)).unwrap();
    assert_eq!(state(&bench, search).await, (IncidentState::Resolved, vec![Opened, Resolved]));
    assert_eq!(state(&bench, cart).await, (IncidentState::Open, vec![Opened]));

    assert!(write!(bench, |conn| monitors::delete(conn, &slug("shop"))).unwrap());
    assert_eq!(state(&bench, cart).await, (IncidentState::Resolved, vec![Opened, Resolved]));
    assert_eq!(state(&bench, search).await.1.len(), 2, "what was over is not told again");
}

/// A failed run of one collection of a monitor, and the incident that it opens.
pub(crate) async fn failing(
    bench: &Bench,
    monitor: &SavedMonitor,
    collection: CollectionId,
    name: &str,
) -> IncidentId {
    let (monitor, name, now) = (monitor.clone(), name.to_owned(), bench.now());
    write!(bench, |conn| fail(conn, &monitor, collection, &name, now)).unwrap()
}

/// The same in a transaction that is there.
async fn fail(
    conn: &mut Conn,
    monitor: &SavedMonitor,
    collection: CollectionId,
    name: &str,
    now: DateTime<Utc>,
) -> store::Result<IncidentId> {
    let (key, rules) = ((monitor.id, collection), monitor.document.alerts.clone());
    let cause = Cause {
        monitor: monitor.document.id.clone(),
        collection: slug(name),
        collection_name: name.to_owned(),
        location: slug("default"),
        run: RunId::random(now),
        reason: Some(Reason::new(ReasonCode::Timeout, "no answer in 10 s")),
        step: None,
        assertion: None,
        shared: None,
    };
    let mut trackers = health::lock(conn, &[key], now).await?;
    let tracker = trackers.get_mut(&key).unwrap();
    let changes = tracker.observe(&rules, failed(cause.run, now), Fresh::random(now));
    incidents::apply(conn, key, &cause, changes, now).await?;
    health::save(conn, &trackers, now).await?;
    Ok(incidents::unresolved(conn, key.0, key.1).await?.unwrap().id)
}

pub(crate) async fn state(bench: &Bench, incident: IncidentId) -> (IncidentState, Vec<NotificationKind>) {
    let mut conn = bench.conn().await;
    let state = incidents::get(&mut conn, incident).await.unwrap().unwrap().state;
    let told = notifications::of_incident(&mut conn, incident).await.unwrap();
    (state, told.iter().map(|notification| notification.kind).collect())
}
