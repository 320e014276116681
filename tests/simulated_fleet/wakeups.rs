//! Messages that come twice, or never.

use queue::Message;
use serde_json::json;

use crate::harness::{Fleet, PASSED, destination, on_both};

on_both! {
    a_message_that_is_delivered_many_times_runs_once
    a_broker_that_loses_everything_costs_time_and_nothing_else
    two_schedulers_make_one_run_of_a_slot
}

async fn a_message_that_is_delivered_many_times_runs_once(fleet: &mut Fleet) {
    fleet.watch("GET", "/ok", json!({})).await;
    let workers = [fleet.worker().await, fleet.worker().await];
    fleet.tick().await;
    let run_id = fleet.runs().await[0].id;
    let message = Message::ExecuteRun { run_id };
    fleet.queue().publish(&destination(), &[message; 20]).await.unwrap();
    assert_eq!(fleet.ends(1).await, [PASSED]);
    for worker in workers {
        worker.stop().await;
    }
    assert_eq!(fleet.target.count("GET /ok"), 1);
    assert_eq!(fleet.runs().await[0].attempt, 1);
}

async fn a_broker_that_loses_everything_costs_time_and_nothing_else(fleet: &mut Fleet) {
    fleet.watch("GET", "/ok", json!({})).await;
    fleet.tick().await;
    fleet.relay().await;
    fleet.lose_all_messages().await;
    // The first wake-up is trusted for ten seconds.
    fleet.pass(10);
    let worker = fleet.worker().await;
    fleet.relay().await;
    assert_eq!(fleet.ends(1).await, [PASSED]);
    worker.stop().await;
}

async fn two_schedulers_make_one_run_of_a_slot(fleet: &mut Fleet) {
    fleet.watch("GET", "/ok", json!({})).await;
    let worker = fleet.worker().await;
    tokio::join!(fleet.schedule(), fleet.schedule(), fleet.schedule());
    assert_eq!(fleet.ends(1).await, [PASSED]);
    worker.stop().await;
    assert_eq!(fleet.target.count("GET /ok"), 1);
}
