//! The tree, as it stands in a terminal.

use domain::{
    outcome::{Reason, ReasonCode},
    result::{AssertionOutcome, AssertionResult, Attempt, StepOutcome, StepResult},
};
use serde_json::json;

use super::*;
use crate::report::{
    Summary,
    sample::{self, assertion, payment, step, tested},
};

const SHOWN: usize = 300;

fn show(tested: Tested) -> String {
    let mut out = Vec::new();
    Pretty { style: Style::Plain }.run(&mut out, &Arc::new(tested)).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_failed_step_shows_expected_actual_answer_and_a_curl_line() {
    let held = AssertionResult {
        outcome: AssertionOutcome::Passed,
        ..assertion("status", "equals", json!(201), Some(json!(201)))
    };
    let attempt = payment(vec![
        held,
        assertion("body.status", "equals", json!("captured"), Some(json!("pending_review"))),
        assertion("body.amount", "equals", json!(2500), None),
    ]);
    let reason = Reason::new(ReasonCode::AssertionFailed, "body.status is not captured").at_step("payment");
    let pay = StepResult {
        attempts: vec![attempt.clone(), attempt],
        reason: Some(reason.clone()),
        ..step("payment", "Pay", StepOutcome::Failed, 3.4)
    };
    let skipped = StepResult {
        reason: Some(Reason::new(ReasonCode::AssertionFailed, "an earlier step failed")),
        latency_ms: None,
        ..step("delivery", "Delivery gets booked", StepOutcome::Skipped, 0.0)
    };
    let steps = vec![step("login", "Log in", StepOutcome::Passed, 12.3), pay, skipped];
    insta::assert_snapshot!(show(tested(Outcome::Failed, Some(reason), steps)), @r#"
    ✗ Checkout works  1.24 s  checkout.yaml:21
      ✓ Log in  12 ms
      ✗ Pay  3 ms, 2 requests
          ✗ body.status equals
            expected "captured"
            actual   "pending_review"
          ✗ body.amount equals
            expected 2500
            actual   nothing there
            answer   201 {"status":"pending_review"}
            try it   curl -X POST http://shop.test/payments -H 'Authorization: Bearer ***' --data-raw '{"amount":2500}'
      ○ Delivery gets booked  an earlier step failed
    "#);
}

#[test]
fn a_reason_that_no_step_tells_is_told_at_the_end() {
    let reason = Reason::new(ReasonCode::DeadlinePassed, "the run took longer than 60s");
    let shown = show(tested(Outcome::Failed, Some(reason), vec![step("a", "A", StepOutcome::Passed, 1.0)]));
    insta::assert_snapshot!(shown, @r#"
    ✗ Checkout works  1.24 s  checkout.yaml:21
      ✓ A  1 ms
        the run took longer than 60s
    "#);
}

#[test]
fn a_step_without_an_answer_shows_its_reason() {
    let reason = Reason::new(ReasonCode::Connect, "connection refused").at_step("a");
    let attempt = Attempt { response: None, ..payment(Vec::new()) };
    let broken = StepResult {
        reason: Some(reason.clone()),
        latency_ms: None,
        attempts: vec![attempt],
        ..step("a", "A", StepOutcome::Failed, 0.0)
    };
    insta::assert_snapshot!(show(tested(Outcome::Failed, Some(reason), vec![broken])), @r#"
    ✗ Checkout works  1.24 s  checkout.yaml:21
      ✗ A
          connection refused
            try it   curl -X POST http://shop.test/payments -H 'Authorization: Bearer ***' --data-raw '{"amount":2500}'
    "#);
}

#[test]
fn what_a_target_answers_cannot_move_the_cursor_or_flood_the_terminal() {
    let attempt =
        payment(vec![assertion("body", "equals", json!("\u{9b}31m"), Some(json!("x".repeat(1_000))))]);
    let failed = StepResult { attempts: vec![attempt], ..step("a", "A\u{1b}[2J", StepOutcome::Failed, 1.0) };
    let shown = show(tested(Outcome::Failed, None, vec![failed]));
    assert!(!shown.contains(['\u{1b}', '\u{9b}']), "{shown}");
    assert!(
        shown.contains(&format!("{}…", "x".repeat(SHOWN - 1))) && !shown.contains(&"x".repeat(SHOWN + 1)),
        "{shown}"
    );
}

#[test]
fn the_summary_counts_what_there_is() {
    let mut summary = Summary::default();
    for outcome in [Outcome::Passed, Outcome::Failed, Outcome::Passed, Outcome::Cancelled] {
        summary.add(outcome);
    }
    summary.not_run = 3;
    let mut out = Vec::new();
    Pretty { style: Style::Plain }.finish(&mut out, Ending { summary, duration_ms: 1_500.0 }).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "1 failed, 1 inconclusive, 2 passed, 3 not run in 1.50 s\n");
}

#[test]
fn rows_stand_under_their_run_and_the_failed_ones_with_their_steps() {
    insta::assert_snapshot!(show(sample::rows()), @r#"
    ✗ Checkout works  1.24 s  checkout.yaml:21
      ✓ row 1 (sku: SKU-1)  100 ms
      ✗ row 2 (sku: SKU-2)  100 ms
        ✓ Log in  12 ms
        ✗ Pay  3 ms
            ✗ body.status equals
              expected "captured"
              actual   "pending"
              answer   201 {"status":"pending_review"}
              try it   curl -X POST http://shop.test/payments -H 'Authorization: Bearer ***' --data-raw '{"amount":2500}'
      ○ row 3 (sku: SKU-3)  the run's time-out of 60s passed
    "#);
}

#[test]
fn many_quiet_rows_in_a_row_take_one_line() {
    let passed = |index| sample::row(index, Outcome::Passed, None, Vec::new());
    let over = Reason::new(ReasonCode::Cancelled, "the run was cancelled");
    let mut run = tested(Outcome::Cancelled, None, Vec::new());
    run.result.rows = (1..=40).map(passed).collect();
    run.result.rows.push(sample::row(41, Outcome::Cancelled, Some(over.clone()), Vec::new()));
    run.result.rows.extend((42..=44).map(passed));
    run.result.rows.extend(
        (45..=1_000).map(|index| sample::row(index, Outcome::Skipped, Some(over.clone()), Vec::new())),
    );
    insta::assert_snapshot!(show(run), @r#"
    ○ Checkout works  1.24 s  checkout.yaml:21
      ✓ rows 1 to 40  4.00 s
      ○ row 41 (sku: SKU-41)  100 ms
          the run was cancelled
      ✓ row 42 (sku: SKU-42)  100 ms
      ✓ row 43 (sku: SKU-43)  100 ms
      ✓ row 44 (sku: SKU-44)  100 ms
      ○ rows 45 to 1000  the run was cancelled
    "#);
}
