//! Workers that are asked to stop.

use domain::outcome::{Outcome, ReasonCode};
use serde_json::json;

use crate::harness::{Fleet, PASSED, on_both};

on_both! {
    a_worker_that_is_asked_to_stop_finishes_what_it_has_and_leaves_the_rest_to_others
    what_outlasts_the_grace_period_is_another_worker_s_at_once
    what_must_not_be_repeated_ends_inconclusive_with_its_worker
}

async fn a_worker_that_is_asked_to_stop_finishes_what_it_has_and_leaves_the_rest_to_others(
    fleet: &mut Fleet,
) {
    fleet.watch("GET", "/held", json!({ "overlap": "allow" })).await;
    let leaving = fleet.worker().await;
    fleet.schedule().await;
    fleet.asked("GET /held", 1).await;
    leaving.ask_to_stop();
    fleet.pass(5);
    fleet.tick().await;
    fleet.relay().await;
    let staying = fleet.worker().await;
    fleet.asked("GET /held", 2).await;
    fleet.target.release();
    fleet.target.release();
    leaving.stopped().await;
    assert_eq!(fleet.ends(2).await, [PASSED, PASSED]);
    let runs = fleet.runs().await;
    assert_ne!(runs[0].owner, runs[1].owner);
    assert!(runs.iter().all(|run| run.attempt == 1 && run.losses == 0), "{runs:?}");
    staying.stop().await;
}

async fn what_outlasts_the_grace_period_is_another_worker_s_at_once(fleet: &mut Fleet) {
    fleet.watch("GET", "/held", json!({})).await;
    let leaving = fleet.hasty_worker().await;
    fleet.schedule().await;
    fleet.asked("GET /held", 1).await;
    leaving.stop().await;
    let staying = fleet.worker().await;
    // No lease has to run out first.
    fleet.relay().await;
    fleet.asked("GET /held", 2).await;
    fleet.target.release();
    fleet.target.release();
    assert_eq!(fleet.ends(1).await, [PASSED]);
    let run = &fleet.runs().await[0];
    assert_eq!((run.attempt, run.losses), (2, 0), "a drain is no loss");
    staying.stop().await;
}

async fn what_must_not_be_repeated_ends_inconclusive_with_its_worker(fleet: &mut Fleet) {
    fleet.watch("POST", "/held", json!({})).await;
    let leaving = fleet.hasty_worker().await;
    fleet.schedule().await;
    fleet.asked("POST /held", 1).await;
    leaving.stop().await;
    assert_eq!(fleet.ends(1).await, [Some((Outcome::Inconclusive, Some(ReasonCode::WorkerLost)))]);
    assert_eq!(fleet.target.count("POST /held"), 1);
}
