//! Confirmations: who takes them, and what becomes of a failure that cannot be confirmed.

use domain::{
    id::RunId,
    incident::{Fresh, IncidentState},
    notification::NotificationKind::Opened,
    outcome::{RunState, Trigger},
    run::{MonitorRef, PinnedCollection},
};
use serde_json::json;
use store::{
    channels, collections, health,
    incidents::{self, Applied, Cause},
    monitors,
    runs::{self, NewRun},
};

use crate::{
    fixtures::{collection, failed, inserted, manual, monitor, slug, worker},
    harness::{Bench, conformance, write},
    incidents::state,
};

conformance! {
    a_worker_leaves_a_confirmation_to_others_for_a_moment
    a_worker_that_is_alone_takes_a_confirmation_at_once
    a_failure_is_confirmed_by_a_run_like_it
    a_failure_that_cannot_be_confirmed_stands
}

async fn claim(bench: &Bench, owner: domain::id::WorkerId, run: RunId) -> (usize, Vec<RunId>) {
    let now = bench.now();
    write!(bench, |conn| async {
        let claimed = runs::claim(conn, owner, &[run], now).await?.len();
        Ok((claimed, runs::still_waiting(conn, &[run], now).await?))
    })
    .unwrap()
}

async fn a_worker_leaves_a_confirmation_to_others_for_a_moment(bench: Bench) {
    let (one, other) = (worker(&bench).await, worker(&bench).await);
    let avoiding = || NewRun { avoid: Some(one), ..manual(bench.now()) };
    let ids = inserted(&bench, vec![avoiding(), avoiding()]).await;
    assert_eq!(claim(&bench, one, ids[0]).await, (0, vec![ids[0]]));
    assert_eq!(claim(&bench, other, ids[0]).await, (1, vec![]));
    bench.clock.advance(chrono::TimeDelta::seconds(2));
    assert_eq!(claim(&bench, one, ids[1]).await, (1, vec![]), "the others had their time");
}

async fn a_worker_that_is_alone_takes_a_confirmation_at_once(bench: Bench) {
    let one = worker(&bench).await;
    let run = inserted(&bench, vec![NewRun { avoid: Some(one), ..manual(bench.now()) }]).await[0];
    assert_eq!(claim(&bench, one, run).await, (1, vec![]));
}

/// A run of a monitor whose rule wants its failures confirmed, executed by a worker; and the confirmation that the
/// failure asks for.
async fn suspected(bench: &Bench) -> (RunId, RunId) {
    let now = bench.now();
    let pager = json!({ "id": "pager", "type": "webhook", "url": "https://example.com" });
    let pager = serde_json::from_value(pager).unwrap();
    write!(bench, |conn| channels::create(conn, &pager, now)).unwrap();
    let document = collection("shop", json!({}));
    let alerts = json!({ "alerts": [{ "channels": ["pager"], "confirm": true }] });
    let watch = monitor("watch", &["shop"], alerts);
    let (monitor, shop) = write!(bench, |conn| async {
        let shop = collections::create(conn, &document, now).await?;
        Ok((monitors::create(conn, &watch, now).await?, shop))
    })
    .unwrap();
    let owner = worker(bench).await;
    let new = NewRun {
        collection: PinnedCollection { id: shop.id, slug: slug("shop"), version: 1 },
        monitor: Some(MonitorRef { id: monitor.id, slug: slug("watch") }),
        ..manual(now)
    };
    let run = inserted(bench, vec![new]).await[0];
    write!(bench, |conn| runs::claim(conn, owner, &[run], now)).unwrap();
    let (key, rules) = ((monitor.id, shop.id), monitor.document.alerts.clone());
    let fresh = Fresh::random(now);
    let applied = write!(bench, |conn| async {
        let mut trackers = health::lock(conn, &[key], now).await?;
        let changes = trackers.get_mut(&key).unwrap().observe(&rules, failed(run, now), fresh);
        let applied = incidents::apply(conn, key, &cause(run), changes, now).await?;
        health::save(conn, &trackers, now).await?;
        Ok(applied)
    });
    assert_eq!(applied.unwrap(), Applied { told: false, asked: true });
    (run, fresh.run)
}

fn cause(run: RunId) -> Cause {
    Cause {
        monitor: slug("watch"),
        collection: slug("shop"),
        collection_name: "Shop".to_owned(),
        location: slug("default"),
        run,
        reason: None,
        step: None,
        assertion: None,
        shared: None,
    }
}

async fn a_failure_is_confirmed_by_a_run_like_it(bench: Bench) {
    let (failed, confirmation) = suspected(&bench).await;
    let conn = &mut bench.conn().await;
    let failed = runs::get(conn, failed).await.unwrap().unwrap();
    let run = runs::get(conn, confirmation).await.unwrap().unwrap();
    assert_eq!((run.trigger, run.state, run.slot_at), (Trigger::Confirm, RunState::Queued, None));
    assert_eq!((&run.collection, &run.monitor), (&failed.collection, &failed.monitor));
    let now = bench.now();
    let woken = write!(bench, |conn| runs::wake(conn, now, 10)).unwrap();
    assert_eq!(woken, [(confirmation, slug("default"))]);
}

async fn a_failure_that_cannot_be_confirmed_stands(bench: Bench) {
    let (failed, confirmation) = suspected(&bench).await;
    bench.clock.advance(chrono::TimeDelta::seconds(30));
    let now = bench.now();
    let (ended, applied) = write!(bench, |conn| async {
        let ended = runs::expire(conn, now, 10).await?;
        let applied = incidents::unconfirmed(conn, &ended, now).await?;
        Ok((ended, applied))
    })
    .unwrap();
    assert_eq!((ended, applied), (vec![confirmation], Applied { told: true, asked: false }));
    let open = incidents::list(&mut bench.conn().await, &Default::default(), store::Page::first(9)).await;
    let incident = open.unwrap().data.remove(0);
    assert_eq!((incident.opened_by, incident.opened_at), (failed, now));
    assert_eq!(state(&bench, incident.id).await, (IncidentState::Open, vec![Opened]));
    let again = write!(bench, |conn| incidents::unconfirmed(conn, &[confirmation], now)).unwrap();
    assert_eq!(again, Applied::default());
}
