//! Every edge of the machine's table, driven by hand: no clock, no socket.

mod authorizing;
mod cleaning;
mod rows;
mod set_ups;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::DateTime;
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use serde_json::{Map, Value, json};

use crate::{
    exchange::{Failure, Request, Response, Timing},
    id::RunId,
    outcome::{Outcome, ReasonCode},
    plan::Plan,
    result::{RunResult, StepOutcome},
};

use super::{
    inputs::{Inputs, RunFacts, Secrets},
    machine::{CLEANING_TIME, Command, Event, MAX_REQUESTS, Machine},
};

const URL: &str = "http://shop.example/";

fn plan(steps: Value) -> Arc<Plan> {
    let collection = json!({ "id": "shop", "timeout": "60s", "steps": steps });
    let collection = serde_json::from_value(collection).expect("the test's collection is well-formed");
    Arc::new(Plan::compile(&collection).expect("the test's collection compiles"))
}

fn inputs() -> Inputs {
    let started_at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let facts = RunFacts {
        id: RunId::new(started_at, [1; 10]),
        started_at,
        attempt: 1,
        location: "default".parse().unwrap(),
    };
    let vars = vec![json!({ "user": "ada" }).as_object().cloned().unwrap_or_else(Map::new)];
    let secrets: Secrets = [("PASSWORD".to_owned(), "correct horse".to_owned())].into_iter().collect();
    Inputs { facts, vars, secrets, seed: 7 }
}

/// A machine and the time it has been told.
struct Drive {
    machine: Machine,
    at: Duration,
}

impl Drive {
    fn start(steps: Value) -> (Self, Command) {
        let mut drive = Self { machine: Machine::new(plan(steps), inputs()), at: Duration::ZERO };
        let command = drive.on(Event::Started);
        (drive, command)
    }

    fn on(&mut self, event: Event) -> Command {
        self.at += Duration::from_millis(10);
        self.machine.on(event, self.at)
    }

    fn answer(&mut self, status: u16, body: &Value) -> Command {
        self.on(Event::Responded(Box::new(response(status, &body.to_string()))))
    }

    fn unreachable(&mut self, code: ReasonCode) -> Command {
        self.on(Event::Unreachable(Box::new(Failure {
            code,
            message: format!("it was {code}"),
            timing: Timing::default(),
            peer: None,
            tls: None,
        })))
    }
}

fn response(status: u16, body: &str) -> Response {
    Response {
        status,
        http_version: "HTTP/1.1",
        url: URL.into(),
        headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]),
        body: Bytes::copy_from_slice(body.as_bytes()),
        timing: Timing { total: Duration::from_millis(5), ..Timing::default() },
        peer: None,
        redirects: 0,
        tls: None,
    }
}

fn sent(command: Command) -> Request {
    match command {
        Command::Send { request, .. } => Arc::unwrap_or_clone(request),
        other => panic!("expected a request, got {other:?}"),
    }
}

fn waits(command: Command) -> Duration {
    match command {
        Command::Wait(duration) => duration,
        other => panic!("expected a wait, got {other:?}"),
    }
}

fn finished(command: Command) -> RunResult {
    match command {
        Command::Finish(result) => *result,
        other => panic!("expected the end, got {other:?}"),
    }
}

fn outcomes(result: &RunResult) -> Vec<StepOutcome> {
    result.steps.iter().map(|step| step.outcome).collect()
}

fn blamed(result: &RunResult) -> (Outcome, ReasonCode, Option<&str>) {
    let reason = result.reason.as_ref().expect("a run that did not pass says why");
    (result.outcome, reason.code, reason.step.as_deref())
}

/// Two steps, the second uses the first's answer, and a clean-up that uses it too.
fn chained() -> Value {
    json!([
        { "id": "login", "request": { "method": "POST", "url": URL, "json": { "user": "@{{vars.user}}" } } },
        { "id": "pay", "request": { "method": "POST", "url": URL, "json": { "cart": "@{{login.body.cart}}" } } },
        { "id": "cleanup", "always": true,
          "request": { "method": "DELETE", "url": "http://shop.example/carts/@{{login.body.cart}}" } },
    ])
}

#[test]
fn steps_run_in_order_and_values_keep_their_type() {
    let (mut drive, command) = Drive::start(chained());
    let login = sent(command);
    assert_eq!(login.body, Bytes::from(r#"{"user":"ada"}"#));
    let run_id = drive.machine_run_id();
    assert!(login.headers.iter().any(|(name, value)| name == "X-Skopos-Run-Id" && *value == run_id));

    let pay = sent(drive.answer(200, &json!({ "cart": 9_007_199_254_740_993_u64 })));
    assert_eq!(pay.body, Bytes::from(r#"{"cart":9007199254740993}"#));
    let cleanup = sent(drive.answer(201, &json!({})));
    assert_eq!(cleanup.url, "http://shop.example/carts/9007199254740993");
    let result = finished(drive.answer(204, &json!(null)));
    assert_eq!((result.outcome, result.reason.clone()), (Outcome::Passed, None));
    assert_eq!(outcomes(&result), [StepOutcome::Passed; 3]);
}

impl Drive {
    fn machine_run_id(&self) -> String {
        inputs().facts.id.to_string()
    }
}

#[test]
fn a_failed_step_leads_to_the_clean_up_and_then_to_failed() {
    let (mut drive, _) = Drive::start(chained());
    sent(drive.answer(200, &json!({ "cart": 1 })));
    let cleanup = sent(drive.answer(500, &json!({ "error": "no" })));
    assert_eq!(cleanup.method, "DELETE");
    let result = finished(drive.answer(500, &json!({})));
    assert_eq!(blamed(&result), (Outcome::Failed, ReasonCode::BadStatus, Some("pay")));
    assert_eq!(outcomes(&result), [StepOutcome::Passed, StepOutcome::Failed, StepOutcome::Failed]);
}

#[test]
fn a_clean_up_of_what_never_came_to_be_is_skipped_and_never_the_reason() {
    let (mut drive, _) = Drive::start(chained());
    let result = finished(drive.unreachable(ReasonCode::Connect));
    assert_eq!(blamed(&result), (Outcome::Failed, ReasonCode::Connect, Some("login")));
    assert_eq!(outcomes(&result), [StepOutcome::Failed, StepOutcome::Skipped, StepOutcome::Skipped]);
}

#[test]
fn an_earlier_answer_that_lacks_a_value_fails_the_run_and_names_the_reference() {
    let (mut drive, _) = Drive::start(chained());
    let result = finished(drive.answer(200, &json!({ "basket": 1, "total": 2 })));
    assert_eq!(blamed(&result), (Outcome::Failed, ReasonCode::ReferenceMissing, Some("pay")));
    let message = result.reason.unwrap().message;
    assert!(message.contains("login.body.cart"), "{message}");
    assert!(message.contains("basket"), "it tells what was there: {message}");
}

#[test]
fn a_variable_that_has_gone_makes_the_run_inconclusive() {
    let (_, command) = Drive::start(json!([{ "id": "a", "request": { "url": "@{{vars.base_url}}/x" } }]));
    let result = finished(command);
    assert_eq!(blamed(&result), (Outcome::Inconclusive, ReasonCode::VariableMissing, Some("a")));
}

#[test]
fn an_address_that_our_policy_denies_makes_the_run_inconclusive() {
    let (mut drive, _) = Drive::start(json!([
        { "id": "a", "continue_on_failure": true, "request": { "url": URL } },
        { "id": "b", "request": { "url": URL } },
    ]));
    let result = finished(drive.unreachable(ReasonCode::AddressDenied));
    assert_eq!(blamed(&result), (Outcome::Inconclusive, ReasonCode::AddressDenied, Some("a")));
    assert_eq!(outcomes(&result), [StepOutcome::Inconclusive, StepOutcome::Skipped]);
}

#[test]
fn continue_on_failure_goes_on_and_still_ends_failed() {
    let (mut drive, _) = Drive::start(json!([
        { "id": "a", "continue_on_failure": true, "request": { "url": URL } },
        { "id": "b", "request": { "url": URL } },
    ]));
    sent(drive.answer(503, &json!({})));
    let result = finished(drive.answer(200, &json!({})));
    assert_eq!(blamed(&result), (Outcome::Failed, ReasonCode::BadStatus, Some("a")));
    assert_eq!(outcomes(&result), [StepOutcome::Failed, StepOutcome::Passed]);
}

#[test]
fn a_retry_sends_the_same_request_and_only_the_last_try_counts() {
    let (mut drive, first) = Drive::start(json!([{
        "id": "a",
        "request": { "url": URL, "headers": { "Idempotency-Key": "@{{uuid()}}" } },
        "assert": [{ "status": 200 }],
        "retry": { "attempts": 2, "initial": "500ms" },
    }]));
    let first = sent(first);
    assert_eq!(waits(drive.answer(503, &json!({}))), Duration::from_millis(500));
    assert_eq!(sent(drive.on(Event::Woke)), first);
    assert_eq!(waits(drive.unreachable(ReasonCode::Timeout)), Duration::from_secs(1));
    assert_eq!(sent(drive.on(Event::Woke)), first);
    let result = finished(drive.answer(200, &json!({})));
    assert_eq!(result.outcome, Outcome::Passed);
    assert_eq!(result.steps[0].attempts.len(), 3);
}

#[test]
fn a_cause_that_is_not_worth_another_try_is_not_tried_again() {
    let step = json!({
        "id": "a", "request": { "url": URL }, "assert": [{ "body.ok": true }], "retry": { "attempts": 2 },
    });
    let (mut drive, _) = Drive::start(json!([step]));
    let result = finished(drive.answer(200, &json!({ "ok": false })));
    assert_eq!(blamed(&result), (Outcome::Failed, ReasonCode::AssertionFailed, Some("a")));

    let (mut drive, _) =
        Drive::start(json!([{ "id": "a", "request": { "url": URL }, "retry": { "attempts": 1 } }]));
    waits(drive.unreachable(ReasonCode::Connect));
    sent(drive.on(Event::Woke));
    let result = finished(drive.unreachable(ReasonCode::Connect));
    assert_eq!(result.steps[0].attempts.len(), 2, "one repeat, then no more");
}

#[test]
fn a_poll_repeats_until_it_holds_and_then_the_assertions_decide() {
    let (mut drive, _) = Drive::start(json!([{
        "id": "a",
        "request": { "url": URL },
        "poll": { "every": "2s", "timeout": "20s", "until": [{ "body.state": "booked" }] },
        "assert": [{ "body.carrier": { "type": "string" } }],
    }]));
    assert_eq!(waits(drive.answer(200, &json!({ "state": "pending" }))), Duration::from_secs(2));
    sent(drive.on(Event::Woke));
    let result = finished(drive.answer(200, &json!({ "state": "booked", "carrier": "bike" })));
    assert_eq!(result.outcome, Outcome::Passed);
    assert_eq!(result.steps[0].attempts.len(), 2);
}

#[test]
fn a_poll_that_never_holds_ends_in_its_own_time_out() {
    let (mut drive, _) = Drive::start(json!([{
        "id": "a",
        "request": { "url": URL },
        "poll": { "every": "2s", "timeout": "3s", "until": [{ "body.state": "booked" }] },
    }]));
    waits(drive.answer(200, &json!({ "state": "pending" })));
    drive.at += Duration::from_secs(2);
    sent(drive.on(Event::Woke));
    let result = finished(drive.answer(200, &json!({ "state": "pending" })));
    assert_eq!(blamed(&result), (Outcome::Failed, ReasonCode::PollTimeout, Some("a")));
}

#[test]
fn a_step_whose_condition_does_not_hold_is_skipped() {
    let (mut drive, _) = Drive::start(json!([
        { "id": "a", "request": { "url": URL } },
        { "id": "b", "when": [{ "value": "@{{a.body.plan}}", "equals": "pro" }], "request": { "url": URL } },
        { "id": "c", "request": { "url": "http://shop.example/c" } },
    ]));
    assert_eq!(sent(drive.answer(200, &json!({ "plan": "free" }))).url, "http://shop.example/c");
    let result = finished(drive.answer(200, &json!({})));
    assert_eq!(outcomes(&result), [StepOutcome::Passed, StepOutcome::Skipped, StepOutcome::Passed]);
    assert_eq!(result.outcome, Outcome::Passed);
}

#[test]
fn a_delay_waits_before_the_request_is_rendered() {
    let (mut drive, command) = Drive::start(json!([{ "id": "a", "delay": "3s", "request": { "url": URL } }]));
    assert_eq!(waits(command), Duration::from_secs(3));
    sent(drive.on(Event::Woke));
}

#[test]
fn the_deadline_fails_the_run_and_gives_the_clean_up_time_of_its_own() {
    let (mut drive, _) = Drive::start(chained());
    sent(drive.answer(200, &json!({ "cart": 1 })));
    assert_eq!(drive.machine.deadline(), Duration::from_secs(60));
    drive.at = Duration::from_secs(60);
    let cleanup = sent(drive.on(Event::DeadlinePassed));
    assert_eq!(cleanup.method, "DELETE");
    assert_eq!(drive.machine.deadline(), drive.at + CLEANING_TIME);
    let result = finished(drive.answer(204, &json!(null)));
    assert_eq!(blamed(&result), (Outcome::Failed, ReasonCode::DeadlinePassed, Some("pay")));
}

#[test]
fn a_clean_up_that_takes_too_long_is_cut_off_and_changes_no_verdict() {
    let (mut drive, _) = Drive::start(chained());
    sent(drive.answer(200, &json!({ "cart": 1 })));
    sent(drive.on(Event::DeadlinePassed));
    let result = finished(drive.on(Event::DeadlinePassed));
    assert_eq!(blamed(&result), (Outcome::Failed, ReasonCode::DeadlinePassed, Some("pay")));
    assert_eq!(outcomes(&result)[2], StepOutcome::Failed);
}

#[test]
fn a_cancel_cleans_up_and_that_is_not_to_be_stopped() {
    let (mut drive, _) = Drive::start(chained());
    sent(drive.answer(200, &json!({ "cart": 1 })));
    sent(drive.on(Event::Cancelled));
    assert!(drive.machine.is_cleaning(), "nobody tells it another cancel");
    let result = finished(drive.answer(204, &json!(null)));
    assert_eq!(blamed(&result), (Outcome::Cancelled, ReasonCode::Cancelled, Some("pay")));
}

#[test]
fn a_cancel_while_waiting_ends_the_run() {
    let (mut drive, _) = Drive::start(json!([{ "id": "a", "delay": "3s", "request": { "url": URL } }]));
    assert_eq!(finished(drive.on(Event::Cancelled)).outcome, Outcome::Cancelled);
}

#[test]
fn a_soft_limit_degrades_the_run() {
    let (mut drive, _) = Drive::start(json!([
        { "id": "a", "request": { "url": URL }, "assert": [{ "latency": { "lt": "2s", "degraded": "1ms" } }] },
        { "id": "b", "request": { "url": URL } },
    ]));
    sent(drive.answer(200, &json!({})));
    let result = finished(drive.answer(200, &json!({})));
    assert_eq!(blamed(&result), (Outcome::Degraded, ReasonCode::AssertionFailed, Some("a")));
    assert_eq!(outcomes(&result), [StepOutcome::Degraded, StepOutcome::Passed]);
}

#[test]
fn a_capture_can_be_referred_to_and_a_missing_one_fails_the_step() {
    let steps = json!([
        { "id": "a", "request": { "url": URL }, "capture": { "order": "body.order_id" } },
        { "id": "b", "request": { "url": "http://shop.example/@{{a.captures.order}}" } },
    ]);
    let (mut drive, _) = Drive::start(steps.clone());
    assert_eq!(sent(drive.answer(200, &json!({ "order_id": 5 }))).url, "http://shop.example/5");

    let (mut drive, _) = Drive::start(steps);
    let result = finished(drive.answer(200, &json!({})));
    assert_eq!(blamed(&result), (Outcome::Failed, ReasonCode::CaptureMissing, Some("a")));
}

#[test]
fn no_secret_value_is_in_the_result() {
    let (mut drive, command) = Drive::start(json!([
        { "id": "a",
          "request": { "method": "POST", "url": URL, "json": { "password": "@{{secrets.PASSWORD}}" } },
          "capture": { "token": { "path": "body.token", "secret": true } } },
        { "id": "b", "request": { "url": URL, "headers": { "X-Token": "@{{a.captures.token}}" } } },
    ]));
    assert!(String::from_utf8_lossy(&sent(command).body).contains("correct horse"));
    sent(drive.answer(200, &json!({ "token": "t0ken-of-ada" })));
    let result = finished(drive.answer(500, &json!({ "echo": "correct horse, t0ken-of-ada" })));
    let kept = serde_json::to_string(&result).unwrap();
    assert!(!kept.contains("correct horse") && !kept.contains("t0ken-of-ada"), "{kept}");
}

#[test]
fn a_secret_capture_is_masked_also_in_answers_that_did_not_pass() {
    let (mut drive, _) = Drive::start(json!([{
        "id": "login",
        "request": { "url": URL },
        "assert": [{ "body.ok": true }],
        "capture": { "token": { "path": "body.token", "secret": true } },
        "retry": { "attempts": 1, "when": ["assertion"] },
    }]));
    waits(drive.answer(200, &json!({ "ok": false, "token": "first-token" })));
    sent(drive.on(Event::Woke));
    let result = finished(drive.answer(200, &json!({ "ok": false, "token": "second-token" })));
    let kept = serde_json::to_string(&result).unwrap();
    assert!(!kept.contains("first-token") && !kept.contains("second-token"), "{kept}");
}

#[test]
fn no_half_of_a_secret_is_left_where_a_value_was_cut() {
    for shift in 0..13 {
        let (mut drive, _) = Drive::start(json!([
            { "id": "a", "request": { "url": URL }, "assert": [{ "body.note": { "equals": "@{{secrets.PASSWORD}}" } }] },
        ]));
        let note = format!("{}correct horse", "x".repeat(4 * 1024 - shift));
        let result = finished(drive.answer(200, &json!({ "note": note })));
        let actual = result.steps[0].attempts[0].assertions[0].actual.clone().unwrap();
        let text = actual.as_str().unwrap().trim_end_matches("… (truncated)");
        assert!(text.bytes().all(|byte| byte == b'x'), "shift {shift}: {}", &text[text.len() - 20..]);
    }
}

#[test]
fn a_run_cannot_send_requests_without_end() {
    let (mut drive, mut command) = Drive::start(json!([{
        "id": "a",
        "request": { "url": URL },
        "poll": { "every": "1ms", "timeout": "15m", "until": [{ "body.done": true }] },
    }]));
    let mut requests = 0;
    let result = loop {
        command = match command {
            Command::Send { .. } => {
                requests += 1;
                drive.answer(200, &json!({}))
            }
            Command::Wait(_) => drive.on(Event::Woke),
            other => break finished(other),
        };
    };
    assert_eq!(requests, MAX_REQUESTS);
    assert_eq!(blamed(&result), (Outcome::Inconclusive, ReasonCode::TooManyRequests, Some("a")));
    assert!(result.steps[0].attempts.len() <= 20, "what is kept is bounded");
}

#[test]
fn an_event_out_of_turn_is_our_defect_not_the_targets() {
    let (mut drive, _) = Drive::start(json!([{ "id": "a", "request": { "url": URL } }]));
    let result = finished(drive.on(Event::Woke));
    assert_eq!(blamed(&result).0, Outcome::Inconclusive);
}

#[test]
fn only_requests_that_the_target_can_tell_apart_are_repeatable() {
    let plan = plan(json!([
        { "id": "a", "request": { "url": URL } },
        { "id": "b", "request": { "url": URL, "method": "POST" } },
        { "id": "c", "request": { "url": URL, "method": "POST", "headers": { "idempotency-key": "1" } } },
        { "id": "d", "on_redelivery": "rerun", "request": { "url": URL, "method": "POST" } },
        { "id": "e", "on_redelivery": "stop", "request": { "url": URL } },
    ]));
    let repeatable: Vec<bool> = plan.steps.iter().map(|step| step.repeatable).collect();
    assert_eq!(repeatable, [true, false, true, true, false]);
}
