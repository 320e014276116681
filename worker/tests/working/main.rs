//! A worker on a real store, a real queue and a target on loopback.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bench;
mod cleaning;
mod rows;
mod set_ups;

use bench::{Bench, Target};
use domain::{
    incident::IncidentState,
    notification::NotificationKind,
    outcome::{Outcome, ReasonCode, RunState, Trigger},
};
use serde_json::{Value, json};

fn one_step(method: &str, url: &str) -> Value {
    json!({ "id": "shop", "steps": [{ "id": "a", "request": { "method": method, "url": url } }] })
}

#[tokio::test]
async fn a_run_is_executed_and_recorded_with_typed_values() {
    let target = Target::start().await;
    let bench = Bench::start(json!({
        "id": "shop",
        "steps": [
            { "id": "cart", "request": { "url": target.url("/cart") } },
            { "id": "pay", "request": {
                "method": "POST", "url": target.url("/pay"), "json": { "amount": "@{{cart.body.total}}" } } },
        ],
    }))
    .await;
    let run = bench.run_now(None).await;
    let run = bench.finished(run).await;
    assert_eq!((run.outcome, run.reason.clone(), run.attempt), (Some(Outcome::Passed), None, 1));
    assert_eq!(target.bodies("/pay"), [r#"{"amount":19.5}"#]);
    assert!(run.unsafe_begun, "the marker stands before a POST is sent");
    let result = bench.result(run.id).await;
    assert_eq!(result.steps.len(), 2);
    bench.stop().await;
}

#[tokio::test]
async fn every_request_carries_the_run_and_its_attempt() {
    let target = Target::start().await;
    let bench = Bench::start(one_step("GET", &target.url("/cart"))).await;
    let id = bench.run_now(None).await;
    let run = bench.finished(id).await;
    assert_eq!(target.headers("/cart", "x-skopos-run-id"), [id.to_string()]);
    assert_eq!(target.headers("/cart", "x-skopos-run-attempt"), ["1"]);
    assert!(!run.unsafe_begun, "a GET needs no marker");
    bench.stop().await;
}

#[tokio::test]
async fn a_duplicate_delivery_runs_once() {
    let target = Target::start().await;
    let bench = Bench::start(one_step("GET", &target.url("/cart"))).await;
    let run = bench.insert(None).await;
    for _ in 0..5 {
        bench.publish(run).await;
    }
    bench.finished(run).await;
    bench.drained().await;
    assert_eq!(target.requests("/cart"), 1);
    bench.stop().await;
}

#[tokio::test]
async fn a_run_whose_environment_has_gone_is_inconclusive() {
    let target = Target::start().await;
    let bench = Bench::start(one_step("GET", &target.url("/cart"))).await;
    let run = bench.run_now(Some("nowhere")).await;
    let run = bench.finished(run).await;
    assert_eq!(run.outcome, Some(Outcome::Inconclusive));
    assert_eq!(run.reason.map(|reason| reason.code), Some(ReasonCode::NotRunnable));
    assert_eq!(target.requests("/cart"), 0);
    bench.stop().await;
}

#[tokio::test]
async fn an_address_outside_the_policy_is_never_connected_to() {
    let target = Target::start().await;
    let bench = Bench::strict(one_step("GET", &target.url("/cart"))).await;
    let run = bench.run_now(None).await;
    let run = bench.finished(run).await;
    assert_eq!(run.outcome, Some(Outcome::Inconclusive));
    assert_eq!(run.reason.map(|reason| reason.code), Some(ReasonCode::AddressDenied));
    assert_eq!(target.requests("/cart"), 0);
    bench.stop().await;
}

#[tokio::test]
async fn failures_open_one_incident_and_a_success_resolves_it() {
    let target = Target::start().await;
    let bench = Bench::start(json!({
        "id": "shop",
        "steps": [{ "id": "a", "name": "Look", "request": { "url": target.url("/switch") }, "assert": [{ "status": 200 }] }],
        "schedule": { "every": "1h" },
        "alerts": [{ "channels": ["pager"], "after": { "failures": 2 }, "confirm": false }],
    }))
    .await;
    target.switch(500);
    for opened in [0, 1, 1] {
        let run = bench.run_monitor().await;
        bench.finished(run).await;
        assert_eq!(bench.incidents().await.len(), opened);
    }
    target.switch(200);
    let run = bench.run_monitor().await;
    bench.finished(run).await;
    let incidents = bench.incidents().await;
    assert_eq!(
        incidents.iter().map(|incident| incident.state).collect::<Vec<_>>(),
        [IncidentState::Resolved]
    );
    let told = bench.notifications(incidents[0].id).await;
    let kinds: Vec<NotificationKind> = told.iter().map(|notification| notification.kind).collect();
    assert_eq!(kinds, [NotificationKind::Opened, NotificationKind::Resolved]);
    let notice = &told[0].notice;
    assert_eq!(notice.step, Some((1, "Look".into())));
    let assertion = notice.assertion.as_ref().expect("the assertion that did not hold");
    assert_eq!((&assertion.expected, assertion.actual.as_ref()), (&json!(200), Some(&json!(500))));
    bench.stop().await;
}

#[tokio::test]
async fn a_failure_is_confirmed_before_anybody_is_told() {
    let target = Target::start().await;
    let bench = Bench::start(json!({
        "id": "shop",
        "steps": [{ "id": "a", "request": { "url": target.url("/switch") } }],
        "schedule": { "every": "1h" },
        "alerts": [{ "channels": ["pager"] }],
    }))
    .await;
    for (second_look, opened) in [(200, 0), (500, 1)] {
        target.switch(500);
        let failed = bench.run_monitor().await;
        assert_eq!(bench.finished(failed).await.outcome, Some(Outcome::Failed));
        assert_eq!(bench.incidents().await.len(), 0);
        target.switch(second_look);
        let confirmation = bench.asked_for(failed).await;
        bench.publish(confirmation).await;
        assert_eq!(bench.finished(confirmation).await.trigger, Trigger::Confirm);
        assert_eq!(bench.incidents().await.len(), opened);
    }
    bench.stop().await;
}

#[tokio::test]
async fn a_stop_signal_lets_the_run_in_hand_finish() {
    let target = Target::start().await;
    let bench = Bench::start(one_step("GET", &target.url("/held"))).await;
    let run = bench.run_now(None).await;
    target.arrived("/held").await;
    bench.begin_stop();
    target.release();
    bench.stopped().await;
    let run = bench.finished(run).await;
    assert_eq!((run.state, run.outcome), (RunState::Finished, Some(Outcome::Passed)));
}

#[tokio::test]
async fn a_run_that_outlasts_the_grace_period_is_handed_back() {
    let target = Target::start().await;
    let bench = Bench::impatient(one_step("GET", &target.url("/held"))).await;
    let run = bench.run_now(None).await;
    target.arrived("/held").await;
    bench.begin_stop();
    bench.stopped().await;
    let run = bench.get(run).await;
    assert_eq!((run.state, run.attempt), (RunState::Queued, 1));
}

#[tokio::test]
async fn an_unsafe_run_that_outlasts_the_grace_period_ends_inconclusive() {
    let target = Target::start().await;
    let bench = Bench::impatient(one_step("POST", &target.url("/held"))).await;
    let run = bench.run_now(None).await;
    target.arrived("/held").await;
    bench.begin_stop();
    bench.stopped().await;
    let run = bench.get(run).await;
    assert_eq!((run.state, run.outcome), (RunState::Finished, Some(Outcome::Inconclusive)));
    assert_eq!(run.reason.map(|reason| reason.code), Some(ReasonCode::WorkerLost));
}

#[tokio::test]
async fn a_message_that_comes_after_the_stop_signal_is_left_to_others() {
    let target = Target::start().await;
    let bench = Bench::start(one_step("GET", &target.url("/cart"))).await;
    let run = bench.insert(None).await;
    bench.begin_stop();
    bench.publish(run).await;
    bench.stopped().await;
    assert_eq!(bench.waiting().await, 1);
    assert_eq!((bench.get(run).await.attempt, target.requests("/cart")), (0, 0));
}

#[tokio::test]
async fn a_run_of_a_collection_in_quarantine_ends_at_once() {
    let target = Target::start().await;
    let bench = Bench::start(one_step("GET", &target.url("/cart"))).await;
    bench.quarantine().await;
    let run = bench.run_now(None).await;
    let run = bench.finished(run).await;
    let reason = run.reason.expect("it did not pass");
    assert_eq!((run.outcome, reason.code), (Some(Outcome::Inconclusive), ReasonCode::Poison));
    assert!(reason.message.starts_with("quarantined since "), "{}", reason.message);
    assert_eq!(target.requests("/cart"), 0);
    bench.stop().await;
}
