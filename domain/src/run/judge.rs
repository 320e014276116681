//! What one answer means for its step.

use serde_json::json;

use crate::{
    answer::Answer,
    assertion::Assertion,
    document::RetryClass,
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

    fn of(assertions: Vec<AssertionResult>, code: ReasonCode) -> Self {
        let first = |outcome| {
            assertions
                .iter()
                .find(|assertion| assertion.outcome == outcome)
                .map(|a| Reason::new(code, sentence(a)))
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
            message: (outcome == AssertionOutcome::Failed)
                .then(|| format!("expected a status below {BAD_STATUS}, found {status}")),
        };
        return Ok(Judgement::of(vec![assertion], ReasonCode::BadStatus));
    }
    let results = Assertion::evaluate_all(&step.assertions, answer, scope)?;
    Ok(Judgement::of(results, ReasonCode::AssertionFailed))
}

/// Evaluates what a step polls for.
pub(super) fn until(poll: &PollPlan, answer: &Answer, scope: &dyn Scope) -> Result<Judgement, Unresolved> {
    let results = Assertion::evaluate_all(&poll.until, answer, scope)?;
    Ok(Judgement::of(results, ReasonCode::PollTimeout))
}

/// One assertion that did not hold, for people. Its message is complete, and never shows part of a text.
fn sentence(assertion: &AssertionResult) -> String {
    match &assertion.message {
        Some(message) => format!("{}: {message}", assertion.source),
        None => assertion.source.clone(),
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
        | ReasonCode::Proxy
        | ReasonCode::Protocol => Some(RetryClass::Network),
        _ => None,
    }
}
