//! Clean-up of runs that their worker leaves in the middle.

use std::time::Duration;

use domain::{
    outcome::{Outcome, ReasonCode, RunState},
    result::StepOutcome,
};
use serde_json::{Value, json};

use crate::bench::{Bench, Target};

/// An order, a look at it that does not end, and the order's removal.
fn order(target: &Target) -> Value {
    json!({ "id": "shop", "steps": [
        { "id": "order", "request": { "method": "POST", "url": target.url("/cart") } },
        { "id": "look", "request": { "url": target.url("/held") } },
        { "id": "remove", "always": true,
          "request": { "method": "DELETE", "url": format!("{}/@{{{{order.body.total}}}}", target.url("/orders")) } },
    ] })
}

#[tokio::test]
async fn another_worker_cleans_up_from_what_the_first_one_kept() {
    let target = Target::start().await;
    let mut bench = Bench::impatient(order(&target)).await;
    let run = bench.run_now(None).await;
    target.arrived("/held").await;
    bench.begin_stop();
    bench.stopped().await;
    let left = bench.get(run).await;
    assert_eq!((left.state, left.cleaning, left.attempt), (RunState::Queued, true, 1));
    assert_eq!(target.requests("/orders/19.5"), 0);

    bench.another_worker();
    bench.publish(run).await;
    let ended = bench.finished(run).await;
    let reason = ended.reason.expect("it did not pass");
    assert_eq!((ended.outcome, reason.code), (Some(Outcome::Inconclusive), ReasonCode::WorkerLost));
    assert!(reason.message.ends_with("cleanup: carried out"), "{}", reason.message);
    assert_eq!((target.requests("/cart"), target.requests("/held"), ended.attempt), (1, 1, 2));
    assert_eq!(target.headers("/orders/19.5", "x-skopos-run-attempt"), ["2"]);
    let steps = bench.result(run).await.steps;
    let outcomes: Vec<StepOutcome> = steps.iter().map(|step| step.outcome).collect();
    assert_eq!(outcomes, [StepOutcome::Skipped, StepOutcome::Skipped, StepOutcome::Passed]);
    bench.stop().await;
}

#[tokio::test]
async fn a_worker_that_stops_cleans_up_itself_while_there_is_time() {
    let target = Target::start().await;
    let bench = Bench::draining(order(&target), Duration::from_secs(4)).await;
    let run = bench.run_now(None).await;
    target.arrived("/held").await;
    bench.begin_stop();
    bench.stopped().await;
    let ended = bench.get(run).await;
    let code = ended.reason.map(|reason| reason.code);
    assert_eq!((ended.outcome, code), (Some(Outcome::Inconclusive), Some(ReasonCode::WorkerLost)));
    assert_eq!((target.requests("/orders/19.5"), ended.attempt), (1, 1));
}
