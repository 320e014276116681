//! What one answer means for its step.

use serde_json::{Value, json};

use crate::{
    answer::Answer,
    assertion::Assertion,
    document::RetryClass,
    masking::Masker,
    outcome::{Reason, ReasonCode},
    plan::{PlannedStep, PollPlan, RetryPlan},
    reference::{Scope, Unresolved},
    result::{AssertionOutcome, AssertionResult, StepOutcome},
};

/// A step with no `assert` passes below this status.
const BAD_STATUS: u16 = 400;

/// All assertions of one answer, and what they come to.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) assertions: Vec<AssertionResult>,
    pub(super) outcome: StepOutcome,
    /// Set when the answer did not pass.
    pub(super) reason: Option<Reason>,
    /// Set when it passed, but a soft limit was crossed.
    pub(super) soft: Option<Reason>,
}

impl Judgement {
    /// An answer that nothing was asserted of.
    pub(super) fn unjudged() -> Self {
        Self { assertions: Vec::new(), outcome: StepOutcome::Failed, reason: None, soft: None }
    }

    fn of(assertions: Vec<AssertionResult>, code: ReasonCode, masker: &Masker) -> Self {
        let first = |outcome| {
            assertions
                .iter()
                .find(|assertion| assertion.outcome == outcome)
                .map(|a| Reason::new(code, sentence(a, masker)))
        };
        let (reason, soft) = (first(AssertionOutcome::Failed), first(AssertionOutcome::Degraded));
        let outcome = match (&reason, &soft) {
            (Some(_), _) => StepOutcome::Failed,
            (None, Some(_)) => StepOutcome::Degraded,
            (None, None) => StepOutcome::Passed,
        };
        Self { assertions, outcome, reason, soft }
    }
}

/// Evaluates the step's assertions, or the one that stands in for none.
pub(super) fn answer(
    step: &PlannedStep,
    answer: &Answer,
    scope: &dyn Scope,
    masker: &Masker,
) -> Result<Judgement, Unresolved> {
    if step.assertions.is_empty() {
        let status = answer.response().status;
        let outcome = if status < BAD_STATUS { AssertionOutcome::Passed } else { AssertionOutcome::Failed };
        let assertion = AssertionResult {
            source: "status".into(),
            comparison: "lt".into(),
            expected: json!(BAD_STATUS),
            actual: Some(json!(status)),
            outcome,
            message: None,
        };
        return Ok(Judgement::of(vec![assertion], ReasonCode::BadStatus, masker));
    }
    Ok(Judgement::of(evaluate(&step.assertions, answer, scope)?, ReasonCode::AssertionFailed, masker))
}

/// Evaluates what a step polls for.
pub(super) fn until(
    poll: &PollPlan,
    answer: &Answer,
    scope: &dyn Scope,
    masker: &Masker,
) -> Result<Judgement, Unresolved> {
    Ok(Judgement::of(evaluate(&poll.until, answer, scope)?, ReasonCode::PollTimeout, masker))
}

fn evaluate(
    assertions: &[Assertion],
    answer: &Answer,
    scope: &dyn Scope,
) -> Result<Vec<AssertionResult>, Unresolved> {
    let mut results = Vec::with_capacity(assertions.len());
    for assertion in assertions {
        results.extend(assertion.evaluate(answer, scope)?);
    }
    Ok(results)
}

/// One assertion that did not hold, for people.
fn sentence(assertion: &AssertionResult, masker: &Masker) -> String {
    let AssertionResult { source, comparison, expected, actual, message, .. } = assertion;
    let expectation =
        format!("expected {source} {} {}", comparison.replace('_', " "), short(expected, masker));
    match (message, actual) {
        (Some(message), _) => format!("{expectation}: {message}"),
        (None, Some(actual)) => format!("{expectation}, found {}", short(actual, masker)),
        (None, None) => format!("{expectation}, found nothing there"),
    }
}

/// Masked before it is cut: half a secret would not be recognised.
fn short(value: &Value, masker: &Masker) -> String {
    const LIMIT: usize = 200;
    let text = masker.value(value).to_string();
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Whether an answer that did not pass is worth another try.
pub(super) fn worth_another_try(retry: &RetryPlan, status: u16) -> bool {
    retry.covers_status(status) || retry.covers(RetryClass::Assertion)
}

/// The class of a failure without an answer; `None` for what another try cannot change.
pub(super) fn retry_class(code: ReasonCode) -> Option<RetryClass> {
    match code {
        ReasonCode::Timeout => Some(RetryClass::Timeout),
        ReasonCode::Dns
        | ReasonCode::Connect
        | ReasonCode::Tls
        | ReasonCode::ConnectionLost
        | ReasonCode::Protocol => Some(RetryClass::Network),
        _ => None,
    }
}
