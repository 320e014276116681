//! From slots to outcomes: due, missed, caught up, overlapping.

use domain::outcome::{Outcome, ReasonCode};
use serde_json::json;

use crate::harness::{Fleet, PASSED, on_both};

on_both! {
    a_slot_that_is_due_is_executed_once_and_passes
    a_slot_for_which_no_worker_was_free_is_missed_and_stays_so
    after_an_outage_the_latest_slot_runs_and_the_others_are_one_gap
    after_an_outage_a_monitor_that_skips_has_a_gap_only
    a_slot_that_comes_while_the_run_before_goes_on_is_skipped
    a_monitor_that_allows_overlap_runs_both
}

async fn a_slot_that_is_due_is_executed_once_and_passes(fleet: &mut Fleet) {
    fleet.watch("GET", "/ok", json!({})).await;
    let worker = fleet.worker().await;
    fleet.schedule().await;
    assert_eq!(fleet.ends(1).await, [PASSED]);
    let seen = fleet.target.seen();
    assert_eq!((seen.len(), seen[0].attempt), (1, 1), "{seen:?}");
    assert_eq!(seen[0].run, fleet.runs().await[0].id.to_string());
    // Nothing is due again before the next slot.
    fleet.schedule().await;
    assert_eq!(fleet.runs().await.len(), 1);
    fleet.pass(5);
    fleet.schedule().await;
    assert_eq!(fleet.ends(2).await, [PASSED, PASSED]);
    worker.stop().await;
}

async fn a_slot_for_which_no_worker_was_free_is_missed_and_stays_so(fleet: &mut Fleet) {
    fleet.watch("GET", "/ok", json!({})).await;
    fleet.tick().await;
    fleet.relay().await;
    // The default is `every`, and no less than thirty seconds.
    fleet.pass(30);
    fleet.reap().await;
    let missed = Some((Outcome::Missed, Some(ReasonCode::TooLate)));
    assert_eq!(fleet.ends(1).await, [missed]);
    // Its message is still there for a worker that comes too late.
    let worker = fleet.worker().await;
    fleet.tick().await;
    fleet.relay().await;
    assert_eq!(fleet.ends(2).await, [missed, PASSED]);
    assert_eq!(fleet.target.count("GET /ok"), 1);
    worker.stop().await;
}

async fn after_an_outage_the_latest_slot_runs_and_the_others_are_one_gap(fleet: &mut Fleet) {
    fleet.watch("GET", "/ok", json!({})).await;
    let first = fleet.now();
    fleet.pass(52);
    let worker = fleet.worker().await;
    fleet.schedule().await;
    assert_eq!(fleet.ends(1).await, [PASSED]);
    let seconds = |at: chrono::DateTime<chrono::Utc>| (at - first).num_seconds();
    assert_eq!(fleet.runs().await[0].slot_at.map(seconds), Some(50));
    let gaps = fleet.gaps().await;
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!((seconds(gaps[0].first_slot_at), seconds(gaps[0].last_slot_at), gaps[0].slots), (0, 45, 10));
    worker.stop().await;
}

async fn after_an_outage_a_monitor_that_skips_has_a_gap_only(fleet: &mut Fleet) {
    fleet.watch("GET", "/ok", json!({ "catch_up": "skip" })).await;
    fleet.pass(52);
    let worker = fleet.worker().await;
    fleet.schedule().await;
    assert_eq!(fleet.runs().await, []);
    assert_eq!(fleet.gaps().await[0].slots, 11);
    fleet.pass(3);
    fleet.schedule().await;
    assert_eq!(fleet.ends(1).await, [PASSED], "the next slot runs as ever");
    worker.stop().await;
}

async fn a_slot_that_comes_while_the_run_before_goes_on_is_skipped(fleet: &mut Fleet) {
    fleet.watch("GET", "/held", json!({})).await;
    let worker = fleet.worker().await;
    fleet.schedule().await;
    fleet.asked("GET /held", 1).await;
    fleet.pass(5);
    fleet.tick().await;
    fleet.relay().await;
    let skipped = Some((Outcome::Skipped, Some(ReasonCode::Overlap)));
    assert_eq!(fleet.ends(1).await, [None, skipped]);
    fleet.target.release();
    assert_eq!(fleet.ends(2).await, [PASSED, skipped]);
    worker.stop().await;
}

async fn a_monitor_that_allows_overlap_runs_both(fleet: &mut Fleet) {
    fleet.watch("GET", "/held", json!({ "overlap": "allow" })).await;
    let worker = fleet.worker().await;
    fleet.schedule().await;
    fleet.asked("GET /held", 1).await;
    fleet.pass(5);
    fleet.tick().await;
    fleet.relay().await;
    fleet.asked("GET /held", 2).await;
    fleet.target.release();
    fleet.target.release();
    assert_eq!(fleet.ends(2).await, [PASSED, PASSED]);
    worker.stop().await;
}
