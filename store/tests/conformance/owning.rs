//! Claiming, finishing and giving back: fencing (I3) and one outcome for ever (I2).

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use chrono::TimeDelta;
use domain::{
    id::RunId,
    outcome::{Outcome, Reason, ReasonCode, RunState},
};
use store::{runs, workers};

use crate::{
    fixtures::{inserted, manual, passed, running, worker},
    harness::{Bench, conformance, execute, postgres, write},
};

conformance! {
    a_claim_names_the_owner_and_counts_the_attempt
    a_duplicate_claim_finds_nothing
    concurrent_claims_share_the_runs_without_overlap
    a_run_that_is_too_late_is_not_claimed
    what_an_outage_of_days_left_over_is_ended
    a_run_that_had_begun_and_cannot_start_again_in_time_is_inconclusive
    a_result_of_another_attempt_or_owner_changes_nothing
    one_stale_result_takes_no_neighbour_along
    each_of_many_results_ends_its_own_run
    many_unsafe_markers_are_fenced_one_by_one
    batches_that_overlap_in_any_order_all_get_through
    an_outcome_never_changes
    the_database_itself_refuses_to_change_a_finished_run
    a_drained_run_is_claimed_again_at_once
    a_run_is_handed_back_by_its_owner_only
    runs_of_dead_workers_are_found_and_queued_again
    the_unsafe_marker_belongs_to_the_attempt
    a_lost_run_ends_inconclusive_once
}

// SQLite has one writer at a time.
postgres! {
    a_worker_does_not_wait_for_the_claim_of_another
    a_run_that_is_locked_is_passed_over_and_still_waits
}

async fn a_claim_names_the_owner_and_counts_the_attempt(bench: Bench) {
    let (run, worker) = running(&bench).await;
    let run = runs::get(&mut bench.conn().await, run).await.unwrap().unwrap();
    assert_eq!((run.state, run.attempt, run.owner), (RunState::Running, 1, Some(worker)));
    assert_eq!(run.started_at, Some(bench.now()));
}

async fn a_duplicate_claim_finds_nothing(bench: Bench) {
    let (run, _) = running(&bench).await;
    let (other, now) = (worker(&bench).await, bench.now());
    let claimed = write!(bench, |conn| runs::claim(conn, other, &[run], now)).unwrap();
    assert_eq!(claimed, []);
}

async fn concurrent_claims_share_the_runs_without_overlap(bench: Bench) {
    let new = (0..60).map(|_| manual(bench.now())).collect();
    let ids = inserted(&bench, new).await;
    let mut claims = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (bench, ids) = (bench.clone(), ids.clone());
        claims.spawn(async move {
            let (worker, now) = (worker(&bench).await, bench.now());
            let mut mine = Vec::new();
            for some in ids.chunks(7) {
                let some = some.to_vec();
                mine.extend(write!(bench, |conn| runs::claim(conn, worker, &some, now)).unwrap());
            }
            mine
        });
    }
    let claimed: Vec<_> = claims.join_all().await.into_iter().flatten().collect();
    assert_eq!(claimed.len(), ids.len());
    assert!(claimed.iter().all(|run| run.attempt == 1));
    assert_eq!(claimed.iter().map(|run| run.id).collect::<BTreeSet<_>>(), ids.into_iter().collect());
}

/// The first worker's transaction is still open when the second one asks.
async fn a_worker_does_not_wait_for_the_claim_of_another(bench: Bench) {
    let ids = inserted(&bench, vec![manual(bench.now()), manual(bench.now())]).await;
    let (one, other, now) = (worker(&bench).await, worker(&bench).await, bench.now());
    let (first, both) = (ids[0], ids.clone());
    let inner = bench.clone();
    let claimed = write!(bench, |conn| async {
        let mine = runs::claim(conn, one, &[first], now).await?;
        let theirs = write!(inner, |conn| runs::claim(conn, other, &both, now))?;
        Ok((mine, theirs))
    });
    let (mine, theirs) = claimed.unwrap();
    assert_eq!((mine[0].id, mine.len()), (ids[0], 1));
    assert_eq!((theirs[0].id, theirs.len()), (ids[1], 1));
}

/// The relay of another scheduler has the row locked when the message comes.
async fn a_run_that_is_locked_is_passed_over_and_still_waits(bench: Bench) {
    let run = inserted(&bench, vec![manual(bench.now())]).await[0];
    let (owner, now) = (worker(&bench).await, bench.now());
    let inner = bench.clone();
    let passed_over = write!(bench, |conn| async {
        runs::wake(conn, now, 10).await?;
        write!(inner, |conn| async {
            let claimed = runs::claim(conn, owner, &[run], now).await?;
            Ok((claimed.len(), runs::still_waiting(conn, &[run], now).await?))
        })
    });
    assert_eq!(passed_over.unwrap(), (0, vec![run]));
    let again = write!(bench, |conn| async {
        let claimed = runs::claim(conn, owner, &[run], now).await?;
        Ok((claimed.len(), runs::still_waiting(conn, &[run], now).await?))
    });
    assert_eq!(again.unwrap(), (1, vec![]));
}

async fn a_run_that_is_too_late_is_not_claimed(bench: Bench) {
    let ids = inserted(&bench, vec![manual(bench.now())]).await;
    let worker = worker(&bench).await;
    bench.clock.advance(TimeDelta::seconds(60));
    let now = bench.now();
    let some = ids.clone();
    assert_eq!(write!(bench, |conn| runs::claim(conn, worker, &some, now)).unwrap(), []);
    assert_eq!(write!(bench, |conn| runs::expire(conn, now, 10)).unwrap(), ids);
    let run = runs::get(&mut bench.conn().await, ids[0]).await.unwrap().unwrap();
    assert_eq!((run.outcome, run.attempt, run.started_at), (Some(Outcome::Missed), 0, None));
}

async fn a_run_that_had_begun_and_cannot_start_again_in_time_is_inconclusive(bench: Bench) {
    let (run, owner) = running(&bench).await;
    let now = bench.now();
    assert_eq!(write!(bench, |conn| runs::hand_back(conn, owner, &[run], now)).unwrap(), [run]);
    bench.clock.advance(TimeDelta::seconds(60));
    let now = bench.now();
    assert_eq!(write!(bench, |conn| runs::expire(conn, now, 10)).unwrap(), [run]);
    let run = runs::get(&mut bench.conn().await, run).await.unwrap().unwrap();
    let code = run.reason.map(|reason| reason.code);
    assert_eq!((run.outcome, code), (Some(Outcome::Inconclusive), Some(ReasonCode::WorkerLost)));
}

async fn a_result_of_another_attempt_or_owner_changes_nothing(bench: Bench) {
    let (run, owner) = running(&bench).await;
    let (other, now) = (worker(&bench).await, bench.now());
    for stale in [passed(run, 1, other), passed(run, 2, owner), passed(run, 0, owner)] {
        assert_eq!(write!(bench, |conn| runs::finish(conn, &[stale], now)).unwrap(), []);
    }
    let row = runs::get(&mut bench.conn().await, run).await.unwrap().unwrap();
    assert_eq!((row.state, row.outcome), (RunState::Running, None));
    assert_eq!(write!(bench, |conn| runs::finish(conn, &[passed(run, 1, owner)], now)).unwrap(), [run]);
}

async fn one_stale_result_takes_no_neighbour_along(bench: Bench) {
    let ((first, owner), (second, other)) = (running(&bench).await, running(&bench).await);
    let now = bench.now();
    let batch = [passed(first, 7, owner), passed(second, 1, other)];
    assert_eq!(write!(bench, |conn| runs::finish(conn, &batch, now)).unwrap(), [second]);
}

async fn each_of_many_results_ends_its_own_run(bench: Bench) {
    let mut batch = Vec::new();
    for outcome in [Outcome::Passed, Outcome::Failed, Outcome::Degraded] {
        let (run, owner) = running(&bench).await;
        let reason = (outcome != Outcome::Passed)
            .then(|| Reason::new(ReasonCode::Timeout, format!("\"{outcome}\", {{}} and \u{0}")));
        batch.push(runs::Finished { outcome, reason, ..passed(run, 1, owner) });
        bench.clock.advance(TimeDelta::hours(20));
    }
    let (now, ends) = (bench.now(), batch.clone());
    let accepted = write!(bench, |conn| runs::finish(conn, &ends, now)).unwrap();
    assert_eq!(accepted, batch.iter().map(|one| one.run).collect::<Vec<_>>());
    for one in batch {
        let row = runs::get(&mut bench.conn().await, one.run).await.unwrap().unwrap();
        assert_eq!((row.outcome, row.reason), (Some(one.outcome), one.reason));
        assert_eq!((row.state, row.finished_at), (RunState::Finished, Some(now)));
    }
}

async fn many_unsafe_markers_are_fenced_one_by_one(bench: Bench) {
    let ((first, owner), (second, other)) = (running(&bench).await, running(&bench).await);
    let held = [(first, 1, owner), (second, 1, owner), (second, 2, other)];
    let held = held.map(|(run, attempt, worker)| runs::Held { run, attempt, worker });
    let marked = write!(bench, |conn| runs::mark_all_unsafe(conn, &held)).unwrap();
    assert_eq!(marked.into_iter().collect::<Vec<_>>(), [first]);
    let unsafe_begun =
        async |run| runs::get(&mut bench.conn().await, run).await.unwrap().unwrap().unsafe_begun;
    assert!(unsafe_begun(first).await && !unsafe_begun(second).await);
}

/// Recorders, relays, claims and drains of the same runs, each naming them in another order. The victim of a deadlock
/// would be called again.
async fn batches_that_overlap_in_any_order_all_get_through(bench: Bench) {
    let new = (0..40).map(|n| manual(bench.after(n))).collect();
    let ids = inserted(&bench, new).await;
    let (owner, now, calls) = (worker(&bench).await, bench.now(), Arc::new(AtomicUsize::new(0)));
    let half = ids[..20].to_vec();
    write!(bench, |conn| runs::claim(conn, owner, &half, now)).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..12_usize {
        let (bench, calls, mut ids) = (bench.clone(), calls.clone(), ids.clone());
        ids.rotate_left(n * 3);
        if n % 2 == 1 {
            ids.reverse();
        }
        tasks.spawn(async move {
            let ends: Vec<_> = ids.iter().map(|id| passed(*id, 1, owner)).collect();
            write!(bench, |conn| async {
                calls.fetch_add(1, Ordering::SeqCst);
                match n % 4 {
                    0 => runs::claim(conn, owner, &ids, now).await.map(drop),
                    1 => runs::wake_again(conn, &ids, now).await,
                    2 => runs::hand_back(conn, owner, &ids, now).await.map(drop),
                    _ => runs::finish(conn, &ends, now).await.map(drop),
                }
            })
            .unwrap();
        });
    }
    tasks.join_all().await;
    assert_eq!(calls.load(Ordering::SeqCst), 12);
}

async fn an_outcome_never_changes(bench: Bench) {
    let (run, owner) = running(&bench).await;
    let now = bench.now();
    write!(bench, |conn| runs::finish(conn, &[passed(run, 1, owner)], now)).unwrap();
    let before = runs::get(&mut bench.conn().await, run).await.unwrap();

    bench.clock.advance(TimeDelta::seconds(90));
    let now = bench.now();
    let failed = runs::Finished { outcome: Outcome::Failed, ..passed(run, 1, owner) };
    assert_eq!(write!(bench, |conn| runs::finish(conn, &[failed], now)).unwrap(), []);
    assert_eq!(write!(bench, |conn| runs::expire(conn, now, 10)).unwrap(), []);
    assert!(!write!(bench, |conn| runs::requeue(conn, run, 1, now)).unwrap());
    assert_eq!(write!(bench, |conn| runs::hand_back(conn, owner, &[run], now)).unwrap(), []);
    let cancelled = write!(bench, |conn| runs::cancel(conn, run, now)).unwrap();
    assert_eq!(cancelled, Some(runs::Cancelled::TooLate));
    let reason = Reason::new(ReasonCode::WorkerLost, "lost");
    assert!(!write!(bench, |conn| runs::end_inconclusive(conn, run, 1, &reason, now)).unwrap());
    assert_eq!(runs::get(&mut bench.conn().await, run).await.unwrap(), before);
}

async fn the_database_itself_refuses_to_change_a_finished_run(bench: Bench) {
    let (run, owner) = running(&bench).await;
    let now = bench.now();
    write!(bench, |conn| runs::finish(conn, &[passed(run, 1, owner)], now)).unwrap();
    let refused = execute(&bench.place, "UPDATE runs SET outcome = 'failed'").await.unwrap_err();
    assert!(refused.contains("a finished run does not change"), "{refused}");
    execute(&bench.place, "DELETE FROM runs").await.unwrap();
}

async fn a_drained_run_is_claimed_again_at_once(bench: Bench) {
    let (run, owner) = running(&bench).await;
    let now = bench.now();
    assert_eq!(write!(bench, |conn| runs::hand_back(conn, owner, &[run], now)).unwrap(), [run]);
    let woken = write!(bench, |conn| runs::wake(conn, now, 10)).unwrap();
    assert_eq!(woken.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [run]);
    let next = worker(&bench).await;
    let claimed = write!(bench, |conn| runs::claim(conn, next, &[run], now)).unwrap();
    assert_eq!((claimed[0].attempt, claimed[0].owner), (2, Some(next)));
    // The first owner wakes up and reports.
    assert_eq!(write!(bench, |conn| runs::finish(conn, &[passed(run, 1, owner)], now)).unwrap(), []);
}

async fn a_run_is_handed_back_by_its_owner_only(bench: Bench) {
    let (run, _) = running(&bench).await;
    let (other, now) = (worker(&bench).await, bench.now());
    assert_eq!(write!(bench, |conn| runs::hand_back(conn, other, &[run], now)).unwrap(), []);
}

async fn runs_of_dead_workers_are_found_and_queued_again(bench: Bench) {
    let ((lost, dead), (kept, alive)) = (running(&bench).await, running(&bench).await);
    let (now, until) = (bench.now(), bench.after(20));
    assert_eq!(orphans(&bench).await, []);
    assert!(write!(bench, |conn| workers::renew(conn, alive, now, until)).unwrap());

    bench.clock.advance(TimeDelta::seconds(8));
    let now = bench.now();
    // A lease is over at its instant: too late to renew.
    assert!(!write!(bench, |conn| workers::renew(conn, dead, now, until)).unwrap());
    assert_eq!(orphans(&bench).await, [lost]);

    assert!(!write!(bench, |conn| runs::requeue(conn, lost, 2, now)).unwrap());
    assert!(write!(bench, |conn| runs::requeue(conn, lost, 1, now)).unwrap());
    assert!(!write!(bench, |conn| runs::requeue(conn, lost, 1, now)).unwrap());
    assert_eq!(orphans(&bench).await, []);

    write!(bench, |conn| workers::deregister(conn, alive)).unwrap();
    assert_eq!(orphans(&bench).await, [kept]);
}

async fn orphans(bench: &Bench) -> Vec<RunId> {
    let runs = runs::of_dead_workers(&mut bench.conn().await, bench.now(), 10).await.unwrap();
    runs.into_iter().map(|run| run.id).collect()
}

async fn the_unsafe_marker_belongs_to_the_attempt(bench: Bench) {
    let (run, owner) = running(&bench).await;
    let other = worker(&bench).await;
    assert!(!write!(bench, |conn| runs::mark_unsafe(conn, run, 1, other)).unwrap());
    assert!(!write!(bench, |conn| runs::mark_unsafe(conn, run, 2, owner)).unwrap());
    assert!(!runs::get(&mut bench.conn().await, run).await.unwrap().unwrap().unsafe_begun);
    assert!(write!(bench, |conn| runs::mark_unsafe(conn, run, 1, owner)).unwrap());
    assert!(runs::get(&mut bench.conn().await, run).await.unwrap().unwrap().unsafe_begun);
}

async fn a_lost_run_ends_inconclusive_once(bench: Bench) {
    let (run, owner) = running(&bench).await;
    let (reason, now) = (Reason::new(ReasonCode::WorkerLost, "its worker died"), bench.now());
    let end = reason.clone();
    assert!(write!(bench, |conn| runs::end_inconclusive(conn, run, 1, &end, now)).unwrap());
    assert_eq!(write!(bench, |conn| runs::finish(conn, &[passed(run, 1, owner)], now)).unwrap(), []);
    let row = runs::get(&mut bench.conn().await, run).await.unwrap().unwrap();
    assert_eq!((row.outcome, row.reason), (Some(Outcome::Inconclusive), Some(reason)));
}

async fn what_an_outage_of_days_left_over_is_ended(bench: Bench) {
    let (begun, _) = running(&bench).await;
    let queued = inserted(&bench, vec![manual(bench.now())]).await[0];
    bench.clock.advance(store::runs::HORIZON);
    let young = inserted(&bench, vec![manual(bench.after(-1))]).await[0];
    let now = bench.now();
    // Nobody else looks so far back.
    assert_eq!(write!(bench, |conn| runs::expire(conn, now, 10)).unwrap(), []);
    assert_eq!(write!(bench, |conn| runs::of_dead_workers(conn, now, 10)).unwrap(), []);
    let ended = write!(bench, |conn| runs::end_stragglers(conn, now, 10)).unwrap();
    assert_eq!((ended.len(), ended.contains(&begun), ended.contains(&queued)), (2, true, true));
    assert_eq!(write!(bench, |conn| runs::end_stragglers(conn, now, 10)).unwrap(), []);
    let conn = &mut bench.conn().await;
    let mut outcomes = Vec::new();
    for run in [begun, queued, young] {
        outcomes.push(runs::get(conn, run).await.unwrap().unwrap().outcome);
    }
    assert_eq!(outcomes, [Some(Outcome::Inconclusive), Some(Outcome::Missed), None]);
}
