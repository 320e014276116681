//! Forgetting.

use chrono::TimeDelta;
use domain::{id::RunId, run::PinnedCollection};
use serde_json::json;
use store::{
    collections,
    gaps::{self, Gap},
    incidents, queues, results,
    retention::{self, Pruned},
    runs,
};

use crate::{
    fixtures::{collection, incident, inserted, manual, passed, result, running, slug, worker},
    harness::{Bench, Place, conformance, execute, postgres, write},
};

conformance! {
    what_is_old_and_over_goes_and_the_rest_stays
    a_version_stays_for_as_long_as_a_run_is_pinned_to_it
    pruning_is_done_in_batches
    gaps_are_kept_once
}

postgres! {
    days_are_made_once_though_two_ask_at_the_same_time
    a_day_that_holds_rows_already_is_left_as_it_is
    an_old_day_goes_with_its_results
    a_day_with_an_unfinished_run_stays
    a_day_that_is_in_use_is_left_to_the_next_turn
    a_run_of_a_day_that_is_not_made_is_pruned_by_itself
    who_looks_for_what_is_due_locks_few_days_however_many_there_are
}

const DAY: i64 = 24 * 3600;

async fn make_days(bench: &Bench) -> usize {
    let now = bench.now();
    write!(bench, |conn| retention::create_partitions(conn, now)).unwrap()
}

async fn prune_day(bench: &Bench, seconds: i64) -> store::Result<usize> {
    let older_than = bench.after(-seconds);
    write!(bench, |conn| retention::prune_day(conn, older_than)).map(|pruned| pruned.days)
}

/// Refuses unless the row of this run, and its result if it has one, lie in these partitions.
async fn lies_in(bench: &Bench, run: RunId, partition: &str) {
    let check = format!(
        "DO $$ BEGIN ASSERT (SELECT tableoid::regclass::text FROM runs WHERE id = '{run}') = 'runs_{partition}', \
         'the run'; ASSERT COALESCE((SELECT tableoid::regclass::text FROM run_results WHERE run_id = '{run}'), \
         'run_results_{partition}') = 'run_results_{partition}', 'its result'; END $$",
        run = run.uuid()
    );
    execute(&bench.place, &check).await.unwrap();
}

/// Refuses unless these are the partitions of both tables.
async fn days_are(bench: &Bench, days: &[&str]) {
    for table in ["runs", "run_results"] {
        let names: Vec<String> = days.iter().map(|day| format!("{table}_{day}")).collect();
        let check = format!(
            "DO $$ DECLARE found text; BEGIN found := (SELECT string_agg(inhrelid::regclass::text, ' ' ORDER BY \
             inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = '{table}'::regclass); \
             ASSERT found = '{}', found; END $$",
            names.join(" ")
        );
        execute(&bench.place, &check).await.unwrap();
    }
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
    assert_eq!(
        pruned,
        Pruned { days: 0, runs: 1, incidents: 1, gaps: 1, notifications: 0, workers: 1, versions: 0 }
    );
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

async fn days_are_made_once_though_two_ask_at_the_same_time(bench: Bench) {
    let Place::Url(url) = &bench.place else { unreachable!() };
    let other = store::Store::open_postgres(url, bench.store.secrets_key().clone()).await.unwrap();
    let other = Bench { store: other, ..bench.clone() };
    let (one, two) = tokio::join!(make_days(&bench), make_days(&other));
    assert_eq!(one + two, 4);
    assert!(one == 0 || two == 0, "{one} and {two}");
    assert_eq!(make_days(&bench).await, 0);
    days_are(&bench, &["20270115", "20270116", "20270117", "20270118", "default"]).await;
    bench.clock.advance(TimeDelta::seconds(DAY));
    assert_eq!(make_days(&bench).await, 1);
    lies_in(&bench, finished(&bench).await, "20270116").await;
}

async fn a_day_that_holds_rows_already_is_left_as_it_is(bench: Bench) {
    let run = finished(&bench).await;
    assert_eq!(make_days(&bench).await, 3);
    days_are(&bench, &["20270116", "20270117", "20270118", "default"]).await;
    lies_in(&bench, run, "default").await;
}

async fn an_old_day_goes_with_its_results(bench: Bench) {
    make_days(&bench).await;
    let old = finished(&bench).await;
    bench.clock.advance(TimeDelta::seconds(DAY));
    let young = finished(&bench).await;
    // The day of the run is not over before that instant: it stays whole.
    assert_eq!(prune_day(&bench, DAY / 2).await.unwrap(), 0);
    assert_eq!(prune(&bench, DAY / 2, 100).await.runs, 0);
    assert!(runs::get(&mut bench.conn().await, old).await.unwrap().is_some());

    assert_eq!(prune_day(&bench, 0).await.unwrap(), 1);
    assert_eq!(prune_day(&bench, 0).await.unwrap(), 0);
    days_are(&bench, &["20270116", "20270117", "20270118", "default"]).await;
    let conn = &mut bench.conn().await;
    assert_eq!(runs::get(conn, old).await.unwrap(), None);
    assert_eq!(results::get(conn, old).await.unwrap(), None);
    assert!(results::get(conn, young).await.unwrap().is_some());
}

async fn a_day_with_an_unfinished_run_stays(bench: Bench) {
    make_days(&bench).await;
    let over = finished(&bench).await;
    let unfinished = inserted(&bench, vec![manual(bench.now())]).await[0];
    bench.clock.advance(TimeDelta::seconds(DAY));
    let next = finished(&bench).await;
    bench.clock.advance(TimeDelta::seconds(DAY));
    // The one after it goes.
    assert_eq!(prune_day(&bench, 0).await.unwrap(), 1);
    assert_eq!(prune_day(&bench, 0).await.unwrap(), 0);
    assert_eq!(prune(&bench, 0, 100).await.runs, 1);
    let now = bench.now();
    let conn = &mut bench.conn().await;
    assert_eq!(runs::get(conn, over).await.unwrap(), None);
    assert_eq!(runs::get(conn, next).await.unwrap(), None);
    assert!(runs::get(conn, unfinished).await.unwrap().is_some());

    write!(bench, |conn| runs::cancel(conn, unfinished, now)).unwrap();
    assert_eq!(prune_day(&bench, 0).await.unwrap(), 1);
}

async fn a_day_that_is_in_use_is_left_to_the_next_turn(bench: Bench) {
    make_days(&bench).await;
    let run = finished(&bench).await;
    bench.clock.advance(TimeDelta::seconds(DAY));
    let (other, now) = (bench.clone(), bench.now());
    let refused = write!(bench, |conn| async {
        assert!(runs::get(conn, run).await?.is_some());
        let older_than = now;
        let dropped = other.store.write(move |conn| Box::pin(retention::prune_day(conn, older_than))).await;
        Ok(dropped.unwrap_err().is_retryable())
    });
    assert!(refused.unwrap());
    assert_eq!(prune_day(&bench, 0).await.unwrap(), 1);
}

async fn a_run_of_a_day_that_is_not_made_is_pruned_by_itself(bench: Bench) {
    make_days(&bench).await;
    bench.clock.advance(TimeDelta::seconds(30 * DAY));
    let run = finished(&bench).await;
    lies_in(&bench, run, "default").await;
    bench.clock.advance(TimeDelta::seconds(100));
    assert_eq!(prune(&bench, 50, 100).await.runs, 1);
    let conn = &mut bench.conn().await;
    assert_eq!(runs::get(conn, run).await.unwrap(), None);
    assert_eq!(results::get(conn, run).await.unwrap(), None);
}

async fn who_looks_for_what_is_due_locks_few_days_however_many_there_are(bench: Bench) {
    for _ in 0..20 {
        make_days(&bench).await;
        bench.clock.advance(TimeDelta::seconds(DAY));
    }
    let (now, place, dead) = (bench.now(), bench.place.clone(), worker(&bench).await);
    // PostgreSQL considers one plan for all parameters from the sixth time on.
    for _ in 0..8 {
        let place = place.clone();
        let looked = write!(bench, |conn| async {
            assert_eq!(runs::wake(conn, now, 10).await?, []);
            assert_eq!(runs::next_wake(conn, now).await?, None);
            assert_eq!(runs::expire(conn, now, 10).await?, []);
            assert_eq!(runs::of_dead_workers(conn, now, 10).await?, []);
            assert_eq!(runs::cancel_requested(conn, dead, now).await?, []);
            assert_eq!(runs::owned_since(conn, dead, now).await?, []);
            assert_eq!(runs::claim(conn, dead, &[RunId::random(now)], now).await?, []);
            assert!(queues::waiting_runs(conn, now).await?.contains_key(&slug("default")));
            assert_eq!(store::workers::running(conn, now).await?.len(), 0);
            execute(&place, FEW_LOCKED).await.unwrap();
            Ok(())
        });
        looked.unwrap();
    }
}

/// Yesterday, today, the days that are made ahead, and the default one.
const FEW_LOCKED: &str = "DO $$ DECLARE found text; BEGIN found := (SELECT string_agg(relname, ' ') \
     FROM (SELECT DISTINCT relname FROM pg_locks JOIN pg_class ON pg_class.oid = relation \
     WHERE relnamespace = current_schema()::regnamespace AND relname ~ '^runs_[0-9]{8}$') AS days); \
     ASSERT (SELECT count(*) FROM regexp_split_to_table(found, ' ')) BETWEEN 1 AND 5, found; END $$";
