//! Results for the tests of reporters.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    outcome::{Outcome, Reason, ReasonCode},
    result::{
        AssertionOutcome, AssertionResult, Attempt, ReceivedResponse, RowResult, RunResult, SentRequest,
        StepOutcome, StepResult, TimingView,
    },
};
use serde_json::{Value, json};

use super::{Source, Tested};

pub(super) fn step(id: &str, name: &str, outcome: StepOutcome, latency_ms: f64) -> StepResult {
    StepResult {
        id: id.to_owned(),
        name: name.to_owned(),
        outcome,
        reason: None,
        started_ms: 0.0,
        latency_ms: Some(latency_ms),
        attempts: Vec::new(),
        captures: BTreeMap::new(),
    }
}

pub(super) fn assertion(
    source: &str,
    comparison: &'static str,
    expected: Value,
    actual: Option<Value>,
) -> AssertionResult {
    let (source, comparison) = (source.to_owned(), comparison.into());
    AssertionResult { source, comparison, expected, actual, outcome: AssertionOutcome::Failed, message: None }
}

pub(super) fn payment(assertions: Vec<AssertionResult>) -> Attempt {
    Attempt {
        started_ms: 12.0,
        request: SentRequest {
            method: "POST".to_owned(),
            url: "http://shop.test/payments".to_owned(),
            headers: vec![("Authorization".to_owned(), "Bearer ***".to_owned())],
            body: Some(r#"{"amount":2500}"#.to_owned()),
        },
        response: Some(ReceivedResponse {
            status: 201,
            http_version: "HTTP/1.1".into(),
            url: "http://shop.test/payments".to_owned(),
            headers: Vec::new(),
            size: 27,
            body: Some(r#"{"status":"pending_review"}"#.to_owned()),
            body_truncated: false,
            redirects: 0,
            peer: None,
            certificate_expires_at: None,
        }),
        failure: None,
        assertions,
        timing: TimingView::default(),
    }
}

pub(super) fn tested(outcome: Outcome, reason: Option<Reason>, steps: Vec<StepResult>) -> Tested {
    Tested {
        collection: "checkout".parse().unwrap(),
        name: "Checkout works".to_owned(),
        place: "checkout.yaml:21".to_owned(),
        repetition: None,
        environment: None,
        source: Arc::new(Source {
            path: "checkout.yaml".into(),
            line: 21,
            steps: BTreeMap::from([("login".to_owned(), 30), ("payment".to_owned(), 40)]),
        }),
        result: RunResult {
            outcome,
            reason,
            duration_ms: 1_240.0,
            set_ups: Vec::new(),
            steps,
            rows: Vec::new(),
        },
    }
}

/// A run that passed, one that failed with everything that a target can think of, and one that was cancelled.
pub(super) fn runs() -> Vec<Tested> {
    let passed = tested(Outcome::Passed, None, vec![step("login", "Log in", StepOutcome::Passed, 12.3)]);
    let unmet = vec![
        assertion("body.status", "equals", json!("captured"), Some(json!("a | b <i>%0A\r\n::error::c]]>#"))),
        assertion("body.amount", "equals", json!(2500), None),
    ];
    let pay = StepResult {
        attempts: vec![payment(unmet)],
        ..step("payment", "Pay # \\ <1>\n::warning::x", StepOutcome::Failed, 3.4)
    };
    let slow = AssertionResult {
        outcome: AssertionOutcome::Degraded,
        ..assertion("latency", "degraded", json!("1s"), Some(json!(1200)))
    };
    let slow = StepResult {
        attempts: vec![payment(vec![slow])],
        ..step("login", "Log in", StepOutcome::Degraded, 1_200.0)
    };
    let skipped = StepResult {
        reason: Some(Reason::new(ReasonCode::AssertionFailed, "an earlier step failed")),
        latency_ms: None,
        ..step("delivery", "Delivery gets booked", StepOutcome::Skipped, 0.0)
    };
    let failed = tested(Outcome::Failed, None, vec![slow, pay, skipped]);
    let reason = Reason::new(ReasonCode::Cancelled, "the run was cancelled");
    let cancelled = tested(Outcome::Cancelled, Some(reason), Vec::new());
    vec![
        Tested { environment: Some("local".parse().unwrap()), ..passed },
        Tested { repetition: Some(2), ..failed },
        cancelled,
    ]
}

/// A row of `each`.
pub(super) fn row(index: u32, outcome: Outcome, reason: Option<Reason>, steps: Vec<StepResult>) -> RowResult {
    let values = json!({ "sku": format!("SKU-{index}") }).as_object().cloned().unwrap_or_default();
    let started_ms = f64::from(index) * 100.0;
    RowResult { index, values, outcome, reason, started_ms, duration_ms: 100.0, steps }
}

/// A run of three rows: one passed, one failed, and one never began.
pub(super) fn rows() -> Tested {
    let cart = |outcome| step("login", "Log in", outcome, 12.0);
    let unmet = vec![assertion("body.status", "equals", json!("captured"), Some(json!("pending")))];
    let pay =
        StepResult { attempts: vec![payment(unmet)], ..step("payment", "Pay", StepOutcome::Failed, 3.4) };
    let why = Reason::new(ReasonCode::AssertionFailed, "body.status is not captured").at_step("payment");
    let message = format!("row 2 (sku: SKU-2): {}", why.message);
    let reason = Reason { row: Some(2), message, ..why.clone() };
    let over = Reason::new(ReasonCode::DeadlinePassed, "the run's time-out of 60s passed");
    let rows = vec![
        row(1, Outcome::Passed, None, vec![cart(StepOutcome::Passed)]),
        row(2, Outcome::Failed, Some(why), vec![cart(StepOutcome::Passed), pay]),
        row(3, Outcome::Skipped, Some(over), Vec::new()),
    ];
    let tested = tested(Outcome::Failed, Some(reason), Vec::new());
    Tested { result: RunResult { rows, ..tested.result }, ..tested }
}
