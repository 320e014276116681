//! Forgetting.

use chrono::TimeDelta;
use domain::{id::RunId, run::PinnedCollection};
use serde_json::json;
use store::{
    collections,
    gaps::{self, Gap},
    incidents, results,
    retention::{self, Pruned},
    runs,
};

use crate::{
    fixtures::{collection, incident, inserted, manual, passed, result, running, slug},
    harness::{Bench, conformance, write},
};

conformance! {
    what_is_old_and_over_goes_and_the_rest_stays
    a_version_stays_for_as_long_as_a_run_is_pinned_to_it
    pruning_is_done_in_batches
    gaps_are_kept_once
}

async fn prune(bench: &Bench, seconds: i64, limit: u32) -> Pruned {
    let older_than = bench.after(-seconds);
    write!(bench, |conn| retention::prune(conn, older_than, limit)).unwrap()
}

/// A run that is over and has a result.
async fn finished(bench: &Bench) -> RunId {
    let ((run, owner), now) = (running(bench).await, bench.now());
    write!(bench, |conn| async {
        assert_eq!(runs::finish(conn, &[passed(run, 1, owner)], now).await?, [run]);
        results::insert(conn, &[(run, result())]).await
    })
    .unwrap();
    run
}

async fn what_is_old_and_over_goes_and_the_rest_stays(bench: Bench) {
    let old = finished(&bench).await;
    let unfinished = inserted(&bench, vec![manual(bench.now())]).await[0];
    let (over, now) = (incident(&bench), bench.now());
    let ended = over.id;
    write!(bench, |conn| async {
        incidents::open(conn, &over).await?;
        incidents::resolve(conn, ended, now).await
    })
    .unwrap();
    let open = incident(&bench);
    let ongoing = open.id;
    write!(bench, |conn| incidents::open(conn, &open)).unwrap();
    write!(bench, |conn| gaps::insert(conn, &[gap(now)], now)).unwrap();
    bench.clock.advance(TimeDelta::seconds(200));
    let young = finished(&bench).await;

    let pruned = prune(&bench, 50, 100).await;
    assert_eq!(pruned, Pruned { runs: 1, incidents: 1, gaps: 1, workers: 1, versions: 0 });
    assert_eq!(prune(&bench, 50, 100).await.total(), 0);
    let conn = &mut bench.conn().await;
    assert_eq!(runs::get(conn, old).await.unwrap(), None);
    assert_eq!(results::get(conn, old).await.unwrap(), None);
    assert!(runs::get(conn, unfinished).await.unwrap().is_some());
    assert!(results::get(conn, young).await.unwrap().is_some());
    assert_eq!(incidents::get(conn, ended).await.unwrap(), None);
    assert!(incidents::get(conn, ongoing).await.unwrap().is_some());
}

async fn a_version_stays_for_as_long_as_a_run_is_pinned_to_it(bench: Bench) {
    let now = bench.now();
    let saved = write!(bench, |conn| async {
        collections::create(conn, &collection("shop", json!({})), now).await?;
        collections::replace(conn, &collection("shop", json!({ "name": "2" })), now).await?;
        collections::replace(conn, &collection("shop", json!({ "name": "3" })), now).await
    })
    .unwrap()
    .1;
    let pinned = PinnedCollection { id: saved.id, slug: slug("shop"), version: 2 };
    let run = inserted(&bench, vec![runs::NewRun { collection: pinned, ..manual(now) }]).await[0];
    bench.clock.advance(TimeDelta::seconds(100));
    assert_eq!(prune(&bench, 50, 100).await.versions, 1);
    let conn = &mut bench.conn().await;
    assert_eq!(collections::version(conn, saved.id, 1).await.unwrap(), None);
    assert!(collections::version(conn, saved.id, 2).await.unwrap().is_some());

    let now = bench.now();
    write!(bench, |conn| runs::cancel(conn, run, now)).unwrap();
    write!(bench, |conn| collections::delete(conn, &slug("shop"))).unwrap();
    let pruned = prune(&bench, 50, 100).await;
    assert_eq!((pruned.runs, pruned.versions), (1, 2));
}

async fn pruning_is_done_in_batches(bench: Bench) {
    for _ in 0..3 {
        finished(&bench).await;
    }
    bench.clock.advance(TimeDelta::seconds(100));
    let counts =
        [prune(&bench, 50, 2).await.runs, prune(&bench, 50, 2).await.runs, prune(&bench, 50, 2).await.runs];
    assert_eq!(counts, [2, 1, 0]);
}

fn gap(at: chrono::DateTime<chrono::Utc>) -> Gap {
    let run = crate::fixtures::scheduled(at);
    Gap {
        monitor: run.monitor.unwrap(),
        collection: run.collection.id,
        location: run.location,
        first_slot_at: at,
        last_slot_at: at + TimeDelta::seconds(60),
        slots: 2,
    }
}

async fn gaps_are_kept_once(bench: Bench) {
    let now = bench.now();
    let both = [gap(now), gap(bench.after(600))];
    for _ in 0..2 {
        let some = both.clone();
        write!(bench, |conn| gaps::insert(conn, &some, now)).unwrap();
    }
    let mut newest = both.to_vec();
    newest.reverse();
    let conn = &mut bench.conn().await;
    assert_eq!(gaps::list(conn, &slug("shop"), 10).await.unwrap(), newest);
    assert_eq!(gaps::list(conn, &slug("other"), 10).await.unwrap(), []);
}
