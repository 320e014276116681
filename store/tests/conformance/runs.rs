//! Inserting, waking, listing and cancelling runs.

use chrono::TimeDelta;
use domain::{
    id::RunId,
    outcome::{Outcome, Reason, ReasonCode, RunState, Trigger},
};
use store::{
    Page, results,
    runs::{self, Cancelled, End, Filter, NewRun},
};

use crate::{
    fixtures::{inserted, manual, passed, result, running, scheduled, slug, worker},
    harness::{Bench, conformance, write},
};

conformance! {
    a_run_comes_back_as_it_was_inserted
    a_slot_has_one_run
    manual_runs_of_one_instant_are_several
    a_skipped_slot_is_finished_from_the_start
    a_queued_run_is_woken_again_and_again_with_a_growing_wait
    a_run_whose_publish_failed_is_woken_at_once
    concurrent_relays_wake_different_runs
    a_claimed_run_is_not_woken
    a_queued_run_is_cancelled_at_once_and_a_running_one_through_its_worker
    runs_are_paged_newest_first_without_gaps_or_repeats
    drafts_are_not_in_the_history
    filters_narrow_the_list
    an_unfinished_run_is_seen_by_the_next_slot
    the_latest_run_of_each_collection_is_found
    a_result_comes_back_with_its_nul_bytes
}

async fn a_run_comes_back_as_it_was_inserted(bench: Bench) {
    let new =
        NewRun { environment: Some(slug("production")), in_maintenance: true, ..scheduled(bench.now()) };
    let ids = inserted(&bench, vec![new.clone()]).await;
    assert_eq!(ids, [new.id]);
    let run = runs::get(&mut bench.conn().await, new.id).await.unwrap().unwrap();
    assert_eq!((run.due_at, run.slot_at), (bench.now(), Some(bench.now())));
    assert_eq!((run.state, run.outcome, run.attempt), (RunState::Queued, None, 0));
    assert_eq!((run.collection, run.monitor), (new.collection, new.monitor));
    assert_eq!((run.environment, run.location), (new.environment, new.location));
    assert_eq!((run.trigger, run.max_lateness), (Trigger::Schedule, new.max_lateness));
    assert!(run.in_maintenance);
    let unknown = RunId::random(bench.now());
    assert_eq!(runs::get(&mut bench.conn().await, unknown).await.unwrap(), None);
}

async fn a_slot_has_one_run(bench: Bench) {
    let slot = bench.now();
    let elsewhere = NewRun { location: slug("eu"), ..scheduled(slot) };
    let confirm = NewRun { trigger: Trigger::Confirm, ..scheduled(slot) };
    let first = inserted(&bench, vec![scheduled(slot)]).await;
    assert_eq!(first.len(), 1);
    let more = vec![scheduled(slot), elsewhere.clone(), confirm.clone(), scheduled(bench.after(60))];
    let later = more[3].id;
    assert_eq!(inserted(&bench, more).await, [elsewhere.id, confirm.id, later]);
}

async fn manual_runs_of_one_instant_are_several(bench: Bench) {
    assert_eq!(inserted(&bench, vec![manual(bench.now()), manual(bench.now())]).await.len(), 2);
}

async fn a_skipped_slot_is_finished_from_the_start(bench: Bench) {
    let reason = Reason::new(ReasonCode::Overlap, "the previous run was not finished");
    let end = Some(End { outcome: Outcome::Skipped, reason: reason.clone() });
    let ids = inserted(&bench, vec![NewRun { end, ..scheduled(bench.now()) }]).await;
    let run = runs::get(&mut bench.conn().await, ids[0]).await.unwrap().unwrap();
    assert_eq!(
        (run.state, run.outcome, run.reason),
        (RunState::Finished, Some(Outcome::Skipped), Some(reason))
    );
    let now = bench.now();
    assert_eq!(write!(bench, |conn| runs::wake(conn, now, 10)).unwrap(), []);
}

async fn woken(bench: &Bench) -> Vec<RunId> {
    let now = bench.now();
    let woken = write!(bench, |conn| runs::wake(conn, now, 100)).unwrap();
    assert!(woken.iter().all(|(_, location)| *location == slug("default")));
    woken.into_iter().map(|(id, _)| id).collect()
}

async fn a_queued_run_is_woken_again_and_again_with_a_growing_wait(bench: Bench) {
    let later = NewRun { wake_at: bench.after(1), ..manual(bench.now()) };
    let ids = inserted(&bench, vec![later]).await;
    assert_eq!(woken(&bench).await, []);
    bench.clock.advance(TimeDelta::seconds(1));
    assert_eq!(woken(&bench).await, ids);
    for wait in [10, 20, 40, 60, 60] {
        bench.clock.advance(TimeDelta::seconds(wait) - TimeDelta::milliseconds(1));
        assert_eq!(woken(&bench).await, [], "before {wait} s");
        bench.clock.advance(TimeDelta::milliseconds(1));
        assert_eq!(woken(&bench).await, ids, "after {wait} s");
    }
}

async fn a_run_whose_publish_failed_is_woken_at_once(bench: Bench) {
    let ids = inserted(&bench, vec![manual(bench.now())]).await;
    assert_eq!(woken(&bench).await, ids);
    let (some, now) = (ids.clone(), bench.now());
    write!(bench, |conn| runs::wake_again(conn, &some, now)).unwrap();
    assert_eq!(woken(&bench).await, ids);
}

async fn concurrent_relays_wake_different_runs(bench: Bench) {
    let ids = inserted(&bench, (0..40).map(|_| manual(bench.now())).collect()).await;
    let mut relays = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let bench = bench.clone();
        relays.spawn(async move {
            let (now, mut mine) = (bench.now(), Vec::new());
            for _ in 0..5 {
                mine.extend(write!(bench, |conn| runs::wake(conn, now, 3)).unwrap());
            }
            mine
        });
    }
    let mut all: Vec<_> = relays.join_all().await.into_iter().flatten().map(|(id, _)| id).collect();
    // PostgreSQL passes over what others hold, so a round may come back short; nothing is taken twice.
    all.extend(woken(&bench).await);
    all.sort();
    let mut expected = ids;
    expected.sort();
    assert_eq!(all, expected);
}

async fn a_claimed_run_is_not_woken(bench: Bench) {
    let (run, _) = running(&bench).await;
    let now = bench.now();
    write!(bench, |conn| runs::wake_again(conn, &[run], now)).unwrap();
    bench.clock.advance(TimeDelta::seconds(100));
    assert_eq!(woken(&bench).await, []);
}

async fn a_queued_run_is_cancelled_at_once_and_a_running_one_through_its_worker(bench: Bench) {
    let queued = inserted(&bench, vec![manual(bench.now())]).await[0];
    let (running, owner) = running(&bench).await;
    let now = bench.now();
    let unknown = RunId::random(now);
    for (run, expected) in [
        (queued, Some(Cancelled::Ended)),
        (queued, Some(Cancelled::TooLate)),
        (running, Some(Cancelled::Requested)),
        (unknown, None),
    ] {
        assert_eq!(write!(bench, |conn| runs::cancel(conn, run, now)).unwrap(), expected);
    }
    let run = runs::get(&mut bench.conn().await, queued).await.unwrap().unwrap();
    assert_eq!(run.outcome, Some(Outcome::Cancelled));
    assert_eq!(runs::cancel_requested(&mut bench.conn().await, owner, bench.now()).await.unwrap(), [running]);
    let other = worker(&bench).await;
    assert_eq!(runs::cancel_requested(&mut bench.conn().await, other, bench.now()).await.unwrap(), []);
}

async fn runs_are_paged_newest_first_without_gaps_or_repeats(bench: Bench) {
    // Three of each instant, so that pages break between runs of the same due_at.
    let mut ids = Vec::new();
    for second in 0..5 {
        ids.extend(inserted(&bench, (0..3).map(|_| manual(bench.after(second))).collect()).await);
    }
    ids.sort();
    ids.reverse();
    let (mut seen, mut page) = (Vec::new(), Page::first(4));
    loop {
        let listing = runs::list(&mut bench.conn().await, &Filter::default(), page).await.unwrap();
        assert!(listing.data.len() <= 4);
        seen.extend(listing.data.into_iter().map(|run| run.id));
        let Some(cursor) = listing.next_cursor else { break };
        page.cursor = Some(cursor.to_string().parse().unwrap());
    }
    assert_eq!(seen, ids);
}

async fn ids(bench: &Bench, filter: Filter) -> Vec<RunId> {
    let listing = runs::list(&mut bench.conn().await, &filter, Page::first(50)).await.unwrap();
    listing.data.into_iter().map(|run| run.id).collect()
}

async fn drafts_are_not_in_the_history(bench: Bench) {
    let draft = NewRun { trigger: Trigger::Draft, ..manual(bench.now()) };
    let id = draft.id;
    inserted(&bench, vec![draft]).await;
    assert_eq!(ids(&bench, Filter::default()).await, []);
    assert_eq!(ids(&bench, Filter { trigger: Some(Trigger::Draft), ..Filter::default() }).await, [id]);
}

async fn filters_narrow_the_list(bench: Bench) {
    let by_schedule = scheduled(bench.now());
    let slot = by_schedule.id;
    inserted(&bench, vec![by_schedule, manual(bench.now())]).await;
    let (run, owner) = running(&bench).await;
    let now = bench.now();
    write!(bench, |conn| runs::finish(conn, &[passed(run, 1, owner)], now)).unwrap();

    let all = Filter::default;
    assert_eq!(ids(&bench, all()).await.len(), 3);
    assert_eq!(ids(&bench, Filter { monitor: Some(slug("shop")), ..all() }).await, [slot]);
    assert_eq!(ids(&bench, Filter { outcome: Some(Outcome::Passed), ..all() }).await, [run]);
    assert_eq!(ids(&bench, Filter { state: Some(RunState::Queued), ..all() }).await.len(), 2);
    assert_eq!(ids(&bench, Filter { collection: Some(slug("other")), ..all() }).await, []);
    assert_eq!(ids(&bench, Filter { location: Some(slug("eu")), ..all() }).await, []);
}

async fn an_unfinished_run_is_seen_by_the_next_slot(bench: Bench) {
    let new = scheduled(bench.now());
    let (monitor, collection) = (new.monitor.clone().unwrap().id, new.collection.id);
    let now = bench.now();
    let unfinished = async |location: &str| {
        let conn = &mut bench.conn().await;
        runs::any_unfinished(conn, monitor, collection, &slug(location), now).await.unwrap()
    };
    assert!(!unfinished("default").await);
    let run = inserted(&bench, vec![new]).await[0];
    assert!(unfinished("default").await);
    assert!(!unfinished("eu").await);
    let now = bench.now();
    write!(bench, |conn| runs::cancel(conn, run, now)).unwrap();
    assert!(!unfinished("default").await);
}

async fn the_latest_run_of_each_collection_is_found(bench: Bench) {
    use crate::fixtures::{collection, monitor};
    use domain::run::{MonitorRef, PinnedCollection};
    use store::{collections, monitors};
    let now = bench.now();
    let saved = write!(bench, |conn| async {
        for id in ["shop", "search", "idle"] {
            collections::create(conn, &collection(id, serde_json::json!({})), now).await?;
        }
        let document = monitor("all", &["shop", "search", "idle"], serde_json::json!({}));
        monitors::create(conn, &document, now).await
    })
    .unwrap();
    let end = Some(End { outcome: Outcome::Skipped, reason: Reason::new(ReasonCode::Overlap, "busy") });
    let run = |collection: &str, seconds: i64| NewRun {
        collection: PinnedCollection { slug: slug(collection), ..manual(now).collection },
        monitor: Some(MonitorRef { id: saved.id, slug: slug("all") }),
        end: end.clone(),
        ..manual(bench.after(seconds))
    };
    let mut new = vec![run("shop", 0), run("shop", 60), run("search", 30)];
    let expected = [new[1].id, new[2].id];
    new.push(NewRun { end: None, ..run("shop", 90) });
    new.push(NewRun { trigger: Trigger::Draft, ..run("search", 90) });
    inserted(&bench, new).await;
    let latest = runs::latest(&mut bench.conn().await, &[saved.id]).await.unwrap();
    assert_eq!(latest.iter().map(|run| run.id).collect::<Vec<_>>(), expected);
}

async fn a_result_comes_back_with_its_nul_bytes(bench: Bench) {
    let (run, _) = running(&bench).await;
    let reason = Some(Reason::new(ReasonCode::AssertionFailed, "expected \"a\", found \"\0\""));
    let kept = domain::result::RunResult { reason, ..result() };
    let row = (run, kept.clone());
    write!(bench, |conn| results::insert(conn, &[row])).unwrap();
    assert_eq!(results::get(&mut bench.conn().await, run).await.unwrap(), Some(kept));
    let unknown = RunId::random(bench.now());
    assert_eq!(results::get(&mut bench.conn().await, unknown).await.unwrap(), None);
    write!(bench, |conn| results::insert(conn, &[])).unwrap();
}
