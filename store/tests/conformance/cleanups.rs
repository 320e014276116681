//! What is kept for the clean-up of runs that are lost, and the runs of which only that is left.

use chrono::TimeDelta;
use domain::{
    id::{RunId, WorkerId},
    outcome::{Outcome, Reason, ReasonCode, RunState},
    run::{Checkpoint, Run},
};
use serde_json::json;
use store::{
    SecretKey,
    cleanups::{self, Sealed},
    runs::{self, Held},
};

use crate::{
    fixtures::{passed, running, worker},
    harness::{Bench, conformance, write},
};

conformance! {
    what_is_kept_opens_for_its_run_and_with_its_key_only
    what_was_kept_before_is_replaced
    keeping_marks_the_run_and_belongs_to_the_attempt
    what_is_kept_goes_with_the_end_of_its_run
    a_lost_run_is_queued_for_its_clean_up_with_a_time_to_start_of_its_own
    a_run_handed_back_for_its_clean_up_is_no_loss
    a_clean_up_that_nobody_begins_ends_inconclusive_and_is_not_missed
    a_queued_clean_up_is_not_cancelled
}

fn checkpoint(attempt: u32) -> Checkpoint {
    let progress = json!({ "begun": [], "awaited": [attempt] });
    let whole = json!({ "started_at": "2026-01-01T00:00:00Z", "attempt": attempt, "answers": {}, "progress": progress });
    serde_json::from_value(whole).unwrap()
}

fn sealed(bench: &Bench, run: RunId, attempt: u32) -> Sealed {
    Sealed::seal(bench.store.secrets_key(), run, &checkpoint(attempt)).unwrap()
}

async fn save(bench: &Bench, run: RunId, attempt: u32, owner: WorkerId) -> bool {
    let (sealed, now) = (sealed(bench, run, attempt), bench.now());
    write!(bench, |conn| async {
        cleanups::save(conn, Held { run, attempt, worker: owner }, &sealed, now).await
    })
    .unwrap()
}

async fn kept(bench: &Bench, run: RunId) -> Option<String> {
    let sealed = cleanups::get(&mut bench.conn().await, run).await.unwrap()?;
    let checkpoint = sealed.open(bench.store.secrets_key(), run).unwrap();
    Some(serde_json::to_string(&checkpoint).unwrap())
}

async fn row(bench: &Bench, run: RunId) -> Run {
    runs::get(&mut bench.conn().await, run).await.unwrap().unwrap()
}

/// A run that was lost, queued for its clean-up.
async fn lost(bench: &Bench) -> RunId {
    let (run, owner) = running(bench).await;
    assert!(save(bench, run, 1, owner).await);
    let now = bench.now();
    assert!(write!(bench, |conn| runs::requeue_for_cleaning(conn, run, 1, now)).unwrap());
    run
}

async fn what_is_kept_opens_for_its_run_and_with_its_key_only(bench: Bench) {
    let ((run, owner), (other, _)) = (running(&bench).await, running(&bench).await);
    assert!(save(&bench, run, 1, owner).await);
    assert_eq!(kept(&bench, run).await, Some(serde_json::to_string(&checkpoint(1)).unwrap()));
    let sealed = cleanups::get(&mut bench.conn().await, run).await.unwrap().unwrap();
    assert!(sealed.open(bench.store.secrets_key(), other).is_err());
    assert!(sealed.open(&SecretKey::new([8; 32]), run).is_err());
    let mut conn = bench.conn().await;
    assert_eq!(cleanups::kept(&mut conn, &[run, other]).await.unwrap(), [run].into());
    assert!(cleanups::kept(&mut conn, &[]).await.unwrap().is_empty());
}

async fn what_was_kept_before_is_replaced(bench: Bench) {
    let (run, owner) = running(&bench).await;
    assert!(save(&bench, run, 1, owner).await);
    let (newer, now) = (Sealed::seal(bench.store.secrets_key(), run, &checkpoint(5)).unwrap(), bench.now());
    assert!(
        write!(bench, |conn| async {
            cleanups::save(conn, Held { run, attempt: 1, worker: owner }, &newer, now).await
        })
        .unwrap()
    );
    assert_eq!(kept(&bench, run).await, Some(serde_json::to_string(&checkpoint(5)).unwrap()));
}

async fn keeping_marks_the_run_and_belongs_to_the_attempt(bench: Bench) {
    let (run, owner) = running(&bench).await;
    let other = worker(&bench).await;
    assert!(!save(&bench, run, 1, other).await);
    assert!(!save(&bench, run, 2, owner).await);
    assert_eq!((kept(&bench, run).await, row(&bench, run).await.unsafe_begun), (None, false));
    assert!(save(&bench, run, 1, owner).await);
    assert!(row(&bench, run).await.unsafe_begun);
}

async fn what_is_kept_goes_with_the_end_of_its_run(bench: Bench) {
    let ((first, owner), (second, other)) = (running(&bench).await, running(&bench).await);
    assert!(save(&bench, first, 1, owner).await && save(&bench, second, 1, other).await);
    let now = bench.now();
    let stale = passed(second, 7, other);
    write!(bench, |conn| async { runs::finish(conn, &[passed(first, 1, owner), stale], now).await }).unwrap();
    assert_eq!(kept(&bench, first).await, None);
    assert!(kept(&bench, second).await.is_some(), "a stale result takes nothing along");
    let reason = Reason::new(ReasonCode::WorkerLost, "lost");
    write!(bench, |conn| async { runs::end_inconclusive(conn, second, 1, &reason, now).await }).unwrap();
    assert_eq!(kept(&bench, second).await, None);
}

async fn a_lost_run_is_queued_for_its_clean_up_with_a_time_to_start_of_its_own(bench: Bench) {
    let (run, owner) = running(&bench).await;
    assert!(save(&bench, run, 1, owner).await);
    bench.clock.advance(TimeDelta::seconds(90));
    let now = bench.now();
    assert!(!write!(bench, |conn| runs::requeue_for_cleaning(conn, run, 2, now)).unwrap());
    assert!(write!(bench, |conn| runs::requeue_for_cleaning(conn, run, 1, now)).unwrap());
    let queued = row(&bench, run).await;
    assert_eq!((queued.state, queued.cleaning, queued.losses), (RunState::Queued, true, 1));
    let woken = write!(bench, |conn| runs::wake(conn, now, 10)).unwrap();
    assert_eq!(woken.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [run]);

    bench.clock.advance(TimeDelta::seconds(59));
    let (next, now) = (worker(&bench).await, bench.now());
    let claimed = write!(bench, |conn| runs::claim(conn, next, &[run], now)).unwrap();
    assert_eq!((claimed[0].attempt, claimed[0].cleaning), (2, true), "too late to start, not to clean up");
    assert_eq!(write!(bench, |conn| runs::finish(conn, &[passed(run, 1, owner)], now)).unwrap(), []);
}

async fn a_run_handed_back_for_its_clean_up_is_no_loss(bench: Bench) {
    let (run, owner) = running(&bench).await;
    assert!(save(&bench, run, 1, owner).await);
    let (other, now) = (worker(&bench).await, bench.now());
    assert_eq!(write!(bench, |conn| runs::hand_back(conn, owner, &[run], now)).unwrap(), []);
    assert!(!write!(bench, |conn| runs::hand_back_for_cleaning(conn, other, run, now)).unwrap());
    assert!(write!(bench, |conn| runs::hand_back_for_cleaning(conn, owner, run, now)).unwrap());
    let queued = row(&bench, run).await;
    assert_eq!((queued.state, queued.cleaning, queued.losses), (RunState::Queued, true, 0));
}

async fn a_clean_up_that_nobody_begins_ends_inconclusive_and_is_not_missed(bench: Bench) {
    let run = lost(&bench).await;
    bench.clock.advance(TimeDelta::seconds(599));
    let now = bench.now();
    assert_eq!(write!(bench, |conn| runs::expire(conn, now, 10)).unwrap(), []);
    bench.clock.advance(TimeDelta::seconds(1));
    let now = bench.now();
    assert_eq!(write!(bench, |conn| runs::expire(conn, now, 10)).unwrap(), [run]);
    let row = row(&bench, run).await;
    let reason = row.reason.unwrap();
    assert_eq!((row.outcome, reason.code), (Some(Outcome::Inconclusive), ReasonCode::WorkerLost));
    assert!(reason.message.contains("clean-up could not be carried out"), "{}", reason.message);
    assert_eq!(kept(&bench, run).await, None);
}

async fn a_queued_clean_up_is_not_cancelled(bench: Bench) {
    let run = lost(&bench).await;
    let now = bench.now();
    let answer = write!(bench, |conn| runs::cancel(conn, run, now)).unwrap();
    assert_eq!(answer, Some(runs::Cancelled::Requested));
    assert_eq!(row(&bench, run).await.state, RunState::Queued);
}
