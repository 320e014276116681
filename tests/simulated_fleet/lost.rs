//! Workers that are lost, and what becomes of what they had in hand.

use domain::outcome::{Outcome, ReasonCode};
use serde_json::json;

use crate::harness::{Fleet, PASSED, on_fleet};

on_fleet! {
    a_run_of_a_lost_worker_starts_again_when_that_repeats_nothing
    a_run_of_a_lost_worker_that_had_begun_to_pay_is_inconclusive_and_pays_once
    a_run_that_is_lost_twice_is_given_up
}

/// Longer than a lease.
const LEASE: i64 = 9;

async fn a_run_of_a_lost_worker_starts_again_when_that_repeats_nothing(fleet: &mut Fleet) {
    fleet.watch("GET", "/held", json!({ "schedule": { "every": "1h" } })).await;
    let worker = fleet.worker().await;
    fleet.schedule().await;
    fleet.asked("GET /held", 1).await;
    worker.kill();
    fleet.pass(LEASE);
    let another = fleet.worker().await;
    fleet.schedule().await;
    fleet.asked("GET /held", 2).await;
    fleet.target.release();
    fleet.target.release();
    assert_eq!(fleet.ends(1).await, [PASSED]);
    let attempts: Vec<u32> = fleet.target.seen().iter().map(|seen| seen.attempt).collect();
    assert_eq!(attempts, [1, 2]);
    another.stop().await;
}

async fn a_run_of_a_lost_worker_that_had_begun_to_pay_is_inconclusive_and_pays_once(fleet: &mut Fleet) {
    fleet.watch("POST", "/held", json!({ "schedule": { "every": "1h" } })).await;
    let worker = fleet.worker().await;
    fleet.schedule().await;
    fleet.asked("POST /held", 1).await;
    worker.kill();
    fleet.pass(LEASE);
    let another = fleet.worker().await;
    fleet.schedule().await;
    assert_eq!(fleet.ends(1).await, [Some((Outcome::Inconclusive, Some(ReasonCode::WorkerLost)))]);
    another.stop().await;
    assert_eq!(fleet.target.count("POST /held"), 1);
}

async fn a_run_that_is_lost_twice_is_given_up(fleet: &mut Fleet) {
    fleet.watch("GET", "/held", json!({ "schedule": { "every": "1h" }, "max_lateness": "5m" })).await;
    for attempt in 1..=2 {
        let worker = fleet.worker().await;
        fleet.schedule().await;
        fleet.asked("GET /held", attempt).await;
        worker.kill();
        fleet.pass(LEASE);
    }
    let third = fleet.worker().await;
    fleet.schedule().await;
    assert_eq!(fleet.ends(1).await, [Some((Outcome::Inconclusive, Some(ReasonCode::Poison)))]);
    third.stop().await;
    assert_eq!(fleet.target.count("GET /held"), 2);
}
