//! Writes down what happens in a run, step by step, in the form that is kept.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use serde_json::Value;

use crate::{
    answer::Answer,
    exchange::{Failure, Request, Response, Timing},
    masking::MASK,
    outcome::{Outcome, Reason},
    plan::Plan,
    result::{Attempt, FailureView, ReceivedResponse, SentRequest, StepOutcome, StepResult, TimingView},
};

use super::judge::Judgement;

/// Bytes of a body that are kept, at most.
pub(super) const KEPT_BODY: usize = 64 * 1024;
/// Kept beyond that until the body is masked, so that a secret at the cut is still recognised.
const MARGIN: usize = 16 * 1024;
/// Tries of one step that are kept: the first half of them and the last. A poll may have hundreds.
const KEPT_ATTEMPTS: usize = 20;

/// The steps that have begun, in order.
#[derive(Debug, Default)]
pub(super) struct Records(Vec<Record>);

#[derive(Debug)]
struct Record {
    index: usize,
    outcome: StepOutcome,
    reason: Option<Reason>,
    started: Duration,
    attempts: Vec<Attempt>,
    captures: BTreeMap<String, Value>,
}

impl Records {
    pub(super) fn begin(&mut self, index: usize, at: Duration) {
        self.0.push(Record {
            index,
            outcome: StepOutcome::Skipped,
            reason: None,
            started: at,
            attempts: Vec::new(),
            captures: BTreeMap::new(),
        });
    }

    /// Whether no step has begun.
    pub(super) fn are_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The step that began last turned out to be one to skip.
    pub(super) fn forget_last(&mut self) {
        self.0.pop();
    }

    pub(super) fn answered(&mut self, sent_at: Duration, answer: &Answer, judged: &mut Judgement) {
        let evidence = judged.outcome != StepOutcome::Passed;
        self.attempt(Attempt {
            started_ms: millis(sent_at),
            request: sent(answer.request(), evidence),
            response: Some(received(answer, evidence)),
            failure: None,
            assertions: std::mem::take(&mut judged.assertions),
            timing: timing(&answer.response().timing),
        });
        if let Some(record) = self.0.last_mut() {
            record.reason.clone_from(&judged.soft);
        }
    }

    pub(super) fn unanswered(&mut self, sent_at: Duration, request: &Request, failure: &Failure) {
        self.attempt(Attempt {
            started_ms: millis(sent_at),
            request: sent(request, true),
            response: None,
            failure: Some(FailureView { code: failure.code, message: failure.message.clone() }),
            assertions: Vec::new(),
            timing: timing(&failure.timing),
        });
    }

    fn attempt(&mut self, attempt: Attempt) {
        let Some(record) = self.0.last_mut() else { return };
        if record.attempts.len() == KEPT_ATTEMPTS {
            record.attempts.remove(KEPT_ATTEMPTS / 2);
        }
        record.attempts.push(attempt);
    }

    pub(super) fn captured(&mut self, name: &str, value: Value) {
        if let Some(record) = self.0.last_mut() {
            record.captures.insert(name.to_owned(), value);
        }
    }

    /// The step that began last is over. Without a reason of its own it keeps the soft one of its last answer.
    pub(super) fn end(&mut self, outcome: StepOutcome, reason: Option<Reason>) {
        if let Some(record) = self.0.last_mut() {
            record.outcome = outcome;
            if reason.is_some() || outcome == StepOutcome::Passed {
                record.reason = reason;
            }
        }
    }

    /// The index of the first step that was not passed.
    pub(super) fn first_failure(&self) -> Option<usize> {
        let good = |outcome| matches!(outcome, StepOutcome::Passed | StepOutcome::Degraded);
        self.0.iter().find(|record| !good(record.outcome)).map(|record| record.index)
    }

    /// What a run in which nothing failed comes to: degraded by its first degraded step, or passed.
    pub(super) fn soft_outcome(&self, plan: &Plan) -> (Outcome, Option<Reason>) {
        let degraded = self.0.iter().find(|record| record.outcome == StepOutcome::Degraded);
        degraded.map_or((Outcome::Passed, None), |record| {
            let reason = record.reason.clone().map(|reason| reason.at_step(&plan.steps[record.index].id));
            (Outcome::Degraded, reason)
        })
    }

    /// One result per step of the plan: steps that never began are skipped.
    pub(super) fn into_steps(self, plan: &Plan, at: Duration) -> Vec<StepResult> {
        let mut records = self.0.into_iter().peekable();
        let mut results = Vec::with_capacity(plan.steps.len());
        for (index, step) in plan.steps.iter().enumerate() {
            let record = records.next_if(|record| record.index == index);
            results.push(record.map_or_else(
                || StepResult {
                    id: step.id.clone(),
                    name: step.name.clone(),
                    outcome: StepOutcome::Skipped,
                    reason: None,
                    started_ms: millis(at),
                    latency_ms: None,
                    attempts: Vec::new(),
                    captures: BTreeMap::new(),
                },
                |record| record.into_result(&step.id, &step.name),
            ));
        }
        results
    }
}

impl Record {
    fn into_result(self, id: &str, name: &str) -> StepResult {
        let answered = self.attempts.last().filter(|attempt| attempt.response.is_some());
        StepResult {
            id: id.to_owned(),
            name: name.to_owned(),
            outcome: self.outcome,
            latency_ms: answered.map(|attempt| attempt.timing.total),
            reason: self.reason.map(|reason| reason.at_step(id)),
            started_ms: millis(self.started),
            attempts: self.attempts,
            captures: self.captures,
        }
    }
}

/// Milliseconds, to the microsecond.
pub(super) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

fn timing(timing: &Timing) -> TimingView {
    TimingView {
        dns: timing.dns.map(millis),
        connect: timing.connect.map(millis),
        tls: timing.tls.map(millis),
        first_byte: timing.first_byte.map(millis),
        download: timing.download.map(millis),
        total: millis(timing.total),
    }
}

/// Headers whose value is who somebody is: shown by their scheme only.
const CREDENTIALS: [&str; 5] = ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"];

fn shown<'h>(headers: impl Iterator<Item = (&'h str, Cow<'h, str>)>) -> Vec<(String, String)> {
    let one = |(name, value): (&str, Cow<'_, str>)| {
        let credential = CREDENTIALS.iter().any(|known| name.eq_ignore_ascii_case(known));
        (name.to_owned(), if credential { scheme(&value) } else { value.into_owned() })
    };
    headers.map(one).collect()
}

/// What of a credential can be shown.
fn scheme(credential: &str) -> String {
    let scheme = credential.find([' ', '=']).map_or("", |end| &credential[..=end]);
    [scheme, MASK].concat()
}

fn sent(request: &Request, with_body: bool) -> SentRequest {
    let body =
        (with_body && !request.body.is_empty()).then(|| kept(&String::from_utf8_lossy(&request.body)).0);
    SentRequest {
        method: request.method.clone(),
        url: request.url.as_str().to_owned(),
        headers: shown(request.header_texts()),
        body,
    }
}

fn received(answer: &Answer, with_body: bool) -> ReceivedResponse {
    let response: &Response = answer.response();
    let (body, body_truncated) = if with_body {
        let (text, truncated) = kept(&answer.text());
        (Some(text), truncated)
    } else {
        (None, false)
    };
    ReceivedResponse {
        status: response.status,
        http_version: response.http_version.into(),
        url: response.url.clone(),
        headers: shown(response.header_texts()),
        size: response.body.len() as u64,
        body,
        body_truncated,
        redirects: response.redirects,
        peer: response.peer,
        certificate_expires_at: response.tls.as_ref().map(|tls| tls.expires_at),
    }
}

/// As much of a body as is kept until it is masked, and whether something was cut.
fn kept(text: &str) -> (String, bool) {
    (text[..text.floor_char_boundary(KEPT_BODY + MARGIN)].to_owned(), text.len() > KEPT_BODY)
}
