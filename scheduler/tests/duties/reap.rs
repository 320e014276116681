//! What was left behind.

use domain::{
    id::RunId,
    outcome::{Outcome, ReasonCode, RunState},
};
use scheduler::{Turn, reap};
use serde_json::json;
use store::{Topic, runs};

use crate::fleet::{Fleet, end, write};

/// A fleet whose only run may start within five minutes.
async fn fleet_with_a_run() -> (Fleet, RunId) {
    let fleet = Fleet::watching(json!({ "max_lateness": "5m" })).await;
    fleet.tick().await;
    let run = fleet.run().await.id;
    (fleet, run)
}

#[tokio::test]
async fn a_run_of_a_worker_that_is_alive_is_left_alone() {
    let (fleet, run) = fleet_with_a_run().await;
    fleet.claim(run).await;
    fleet.pass(7);
    fleet.reap().await;
    assert_eq!(fleet.run().await.state, RunState::Running);
}

#[tokio::test]
async fn a_run_whose_worker_died_before_an_unsafe_request_runs_again() {
    let (fleet, run) = fleet_with_a_run().await;
    let lost = fleet.claim(run).await;
    fleet.pass(8);
    let mut woken = fleet.store.listen(Topic::Runs);
    fleet.reap().await;
    assert_eq!(fleet.run().await.state, RunState::Queued);
    woken.heard().await;
    fleet.relay().await;
    assert_eq!(fleet.called("default").await, [run]);

    fleet.claim(run).await;
    assert_eq!(fleet.run().await.attempt, 2);
    let (now, finished) = (
        fleet.now(),
        runs::Finished { run, attempt: 1, worker: lost, outcome: Outcome::Passed, reason: None },
    );
    assert_eq!(
        write!(fleet, |conn| runs::finish(conn, &[finished], now)),
        [],
        "the lost worker is fenced off"
    );
}

#[tokio::test]
async fn a_run_whose_worker_died_after_an_unsafe_request_is_inconclusive() {
    let (fleet, run) = fleet_with_a_run().await;
    let worker = fleet.claim(run).await;
    assert!(write!(fleet, |conn| runs::mark_unsafe(conn, run, 1, worker)));
    fleet.pass(8);
    let mut told = fleet.store.listen(Topic::Results);
    fleet.reap().await;
    assert_eq!(end(&fleet.run().await), Some((Outcome::Inconclusive, Some(ReasonCode::WorkerLost))));
    told.heard().await;
    fleet.pass(60);
    fleet.relay().await;
    assert_eq!(fleet.called("default").await, []);
}

#[tokio::test]
async fn a_run_takes_two_workers_along_and_no_third() {
    let (fleet, run) = fleet_with_a_run().await;
    for _ in 0..2 {
        assert_eq!(fleet.run().await.state, RunState::Queued);
        fleet.claim(run).await;
        fleet.pass(8);
        fleet.reap().await;
    }
    assert_eq!(end(&fleet.run().await), Some((Outcome::Inconclusive, Some(ReasonCode::Poison))));
}

#[tokio::test]
async fn a_run_that_nobody_started_in_time_is_missed() {
    let (fleet, run) = fleet_with_a_run().await;
    fleet.pass(299);
    fleet.reap().await;
    assert_eq!(fleet.run().await.state, RunState::Queued);
    fleet.pass(1);
    fleet.reap().await;
    assert_eq!(end(&fleet.run().await), Some((Outcome::Missed, Some(ReasonCode::TooLate))));
    let (now, worker) = (fleet.now(), domain::id::WorkerId::random(fleet.now()));
    assert_eq!(write!(fleet, |conn| runs::claim(conn, worker, &[run], now)), []);
}

#[tokio::test]
async fn a_run_whose_worker_died_is_not_started_again_too_late() {
    let (fleet, run) = fleet_with_a_run().await;
    fleet.pass(295);
    fleet.claim(run).await;
    fleet.pass(8);
    fleet.reap().await;
    assert_eq!(end(&fleet.run().await), Some((Outcome::Inconclusive, Some(ReasonCode::WorkerLost))));
}

#[tokio::test]
async fn what_an_outage_of_days_left_over_is_over_all_the_same() {
    let (fleet, run) = fleet_with_a_run().await;
    fleet.claim(run).await;
    fleet.pass(2 * 24 * 3600);
    fleet.reap().await;
    assert_eq!(fleet.run().await.outcome, None, "nobody looks so far back all the time");
    assert_eq!(reap::stragglers(&fleet.store).await.unwrap(), Turn::Done);
    assert_eq!(end(&fleet.run().await), Some((Outcome::Inconclusive, Some(ReasonCode::WorkerLost))));
}
