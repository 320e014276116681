//! `each` on a real worker: rows, cookies, and clean-up of the row in hand.

use domain::outcome::{Outcome, ReasonCode, RunState};
use serde_json::json;

use crate::bench::{Bench, Target};

#[tokio::test]
async fn every_row_runs_as_another_visitor_and_one_that_fails_stops_none() {
    let target = Target::start().await;
    target.switch(503);
    let bench = Bench::start(json!({
        "id": "shop",
        "each": [{ "sku": "A", "path": "cart" }, { "sku": "B", "path": "switch" }, { "sku": "C", "path": "cart" }],
        "steps": [
            { "id": "before", "request": { "url": target.url("/before") } },
            { "id": "visit", "request": { "url": target.url("/visit") } },
            { "id": "look", "request": { "url": target.url("/@{{row.path}}") } },
            { "id": "after", "always": true, "request": { "url": target.url("/after"), "json": "@{{row.sku}}" } },
        ],
    }))
    .await;
    let run = bench.run_now(None).await;
    let run = bench.finished(run).await;
    let reason = run.reason.clone().expect("a row failed");
    assert_eq!(
        (run.outcome, reason.code, reason.row),
        (Some(Outcome::Failed), ReasonCode::BadStatus, Some(2))
    );
    assert!(reason.message.starts_with("row 2 (sku: B, path: switch): "), "{}", reason.message);
    assert_eq!(target.bodies("/after"), [r#""A""#, r#""B""#, r#""C""#], "clean-up of every row");
    assert_eq!((target.requests("/before"), target.headers("/before", "cookie").len()), (3, 0));
    assert_eq!(target.headers("/cart", "cookie"), ["session=s", "session=s"]);
    let result = bench.result(run.id).await;
    let outcomes: Vec<_> = result.rows.iter().map(|row| row.outcome).collect();
    assert_eq!(outcomes, [Outcome::Passed, Outcome::Failed, Outcome::Passed]);
    assert!(result.steps.is_empty());
    bench.stop().await;
}

#[tokio::test]
async fn another_worker_cleans_up_after_the_row_in_hand_only() {
    let target = Target::start().await;
    let mut bench = Bench::impatient(json!({
        "id": "shop",
        "each": [{ "sku": "A", "look": "fast" }, { "sku": "B", "look": "held" }, { "sku": "C", "look": "fast" }],
        "steps": [
            { "id": "order", "request": { "method": "POST", "url": target.url("/cart") } },
            { "id": "look", "request": { "url": target.url("/@{{row.look}}") } },
            { "id": "remove", "always": true, "request": {
                "method": "DELETE", "url": target.url("/gone"),
                "json": ["@{{row.sku}}", "@{{order.body.total}}"] } },
        ],
    }))
    .await;
    let run = bench.run_now(None).await;
    target.arrived("/held").await;
    bench.begin_stop();
    bench.stopped().await;
    let left = bench.get(run).await;
    assert_eq!((left.state, left.cleaning), (RunState::Queued, true));
    assert_eq!(target.bodies("/gone"), [r#"["A",19.5]"#]);

    bench.another_worker();
    bench.publish(run).await;
    let ended = bench.finished(run).await;
    let reason = ended.reason.expect("it did not pass");
    assert_eq!((ended.outcome, reason.code), (Some(Outcome::Inconclusive), ReasonCode::WorkerLost));
    assert!(reason.message.starts_with("row 2 (sku: B,"), "{}", reason.message);
    assert!(reason.message.ends_with("cleanup: carried out"), "{}", reason.message);
    assert_eq!(target.bodies("/gone"), [r#"["A",19.5]"#, r#"["B",19.5]"#]);
    assert_eq!(target.requests("/cart"), 2, "the third row never began");
    bench.stop().await;
}
