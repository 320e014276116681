//! Workers that are lost, and what becomes of what they had in hand.

use domain::outcome::{Outcome, ReasonCode};
use serde_json::{Value, json};

use crate::harness::{Fleet, PASSED, Worker, on_fleet};

on_fleet! {
    a_run_of_a_lost_worker_starts_again_when_that_repeats_nothing
    a_run_of_a_lost_worker_that_had_begun_to_pay_is_inconclusive_and_pays_once
    a_run_that_is_lost_twice_is_given_up
    a_run_whose_worker_is_lost_in_its_second_row_begins_with_its_first_row_again
    a_run_whose_worker_is_lost_while_its_second_row_pays_is_inconclusive_and_pays_once
}

/// Longer than a lease.
const LEASE: i64 = 9;

/// Loses a worker while the target holds this request of it. Another one is there then, and the schedulers have looked.
async fn lose_one(fleet: &mut Fleet, request: &str) -> Worker {
    let worker = fleet.worker().await;
    fleet.schedule().await;
    fleet.asked(request, 1).await;
    worker.kill();
    fleet.pass(LEASE);
    let another = fleet.worker().await;
    fleet.schedule().await;
    another
}

async fn a_run_of_a_lost_worker_starts_again_when_that_repeats_nothing(fleet: &mut Fleet) {
    fleet.watch("GET", "/held", json!({ "schedule": { "every": "1h" } })).await;
    let another = lose_one(fleet, "GET /held").await;
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
    let another = lose_one(fleet, "POST /held").await;
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

/// The second row is held.
fn rows() -> Value {
    json!([{ "path": "first" }, { "path": "held" }, { "path": "last" }])
}

async fn a_run_whose_worker_is_lost_in_its_second_row_begins_with_its_first_row_again(fleet: &mut Fleet) {
    fleet.watch_rows(rows(), "GET", "/@{{row.path}}", json!({ "schedule": { "every": "1h" } })).await;
    let another = lose_one(fleet, "GET /held").await;
    fleet.asked("GET /held", 2).await;
    fleet.target.release();
    fleet.target.release();
    assert_eq!(fleet.ends(1).await, [PASSED]);
    another.stop().await;
    let seen = fleet.target.seen();
    let seen: Vec<_> = seen.iter().map(|seen| (seen.request.as_str(), seen.attempt)).collect();
    let lost = [("GET /first", 1), ("GET /held", 1)];
    assert_eq!(seen[..2], lost);
    assert_eq!(seen[2..], [("GET /first", 2), ("GET /held", 2), ("GET /last", 2)]);
    let run = fleet.runs().await.remove(0);
    assert_eq!(fleet.rows(run.id).await, [Outcome::Passed; 3], "of the second attempt only");
}

async fn a_run_whose_worker_is_lost_while_its_second_row_pays_is_inconclusive_and_pays_once(
    fleet: &mut Fleet,
) {
    fleet.watch_rows(rows(), "POST", "/@{{row.path}}", json!({ "schedule": { "every": "1h" } })).await;
    let another = lose_one(fleet, "POST /held").await;
    assert_eq!(fleet.ends(1).await, [Some((Outcome::Inconclusive, Some(ReasonCode::WorkerLost)))]);
    another.stop().await;
    let seen: Vec<_> = fleet.target.seen().into_iter().map(|seen| seen.request).collect();
    assert_eq!(seen, ["POST /first", "POST /held"], "no row is paid again, and none is begun");
}
