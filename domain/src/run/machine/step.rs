//! How one step proceeds: begun, sent, answered, repeated, passed.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    answer::Answer,
    exchange::{Failure, Request, Response},
    outcome::{Reason, ReasonCode},
    plan::{PlannedStep, Rendered},
    reference::{Unresolved, UnresolvedCause},
    result::StepOutcome,
};

use super::{
    super::{
        judge::{self, Judgement},
        mask,
    },
    Command, MAX_REQUESTS, Machine, State, StepInHand,
    authorize::Ready,
};

/// What an answer means to a step that polls.
enum Polled {
    /// `until` holds, or the step does not poll: the assertions decide.
    Holds,
    /// The same request once more, after this long.
    Again(Duration),
    /// Its time is over.
    TimedOut(Reason),
}

impl Machine {
    /// Begins the next step from `index` on that is to run, or ends the run.
    pub(super) fn advance(&mut self, index: usize) -> Command {
        let mut index = index;
        loop {
            let plan = Arc::clone(&self.plan);
            let Some(step) = plan.steps.get(index) else { return self.finish() };
            if self.cleaning && (!step.always || self.progress.begun.contains(&index)) {
                index += 1;
                continue;
            }
            match self.begin(index, step) {
                Some(command) => return command,
                None => index += 1,
            }
        }
    }

    /// `None`: the step is skipped.
    fn begin(&mut self, index: usize, step: &PlannedStep) -> Option<Command> {
        let progress =
            StepInHand { index, rendered: None, sent: None, tries: 0, polling_since: None, sent_at: self.at };
        match self.conditions_hold(step) {
            Ok(true) => {}
            Ok(false) => return None,
            Err(unresolved) if never_ran(step, &unresolved) => return None,
            Err(unresolved) => {
                self.records.begin(index, self.at);
                return Some(self.unresolved(progress, unresolved));
            }
        }
        self.records.begin(index, self.at);
        if step.delay.is_zero() {
            return Some(self.send(progress));
        }
        self.state = State::Waiting(progress);
        Some(Command::Wait(step.delay))
    }

    fn conditions_hold(&self, step: &PlannedStep) -> Result<bool, Unresolved> {
        let scope = self.scope();
        for condition in &step.when {
            if !condition.holds(&scope)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Renders the request if this is its first try, and sends it, or what has to go before it.
    pub(super) fn send(&mut self, mut step: StepInHand) -> Command {
        let plan = Arc::clone(&self.plan);
        let planned = &plan.steps[step.index];
        let rendered = match step.rendered.take() {
            Some(rendered) => rendered,
            None => match self.render(planned) {
                Ok(rendered) => rendered,
                Err(unresolved) if never_ran(planned, &unresolved) => {
                    self.records.forget_last();
                    return self.advance(step.index + 1);
                }
                Err(unresolved) => return self.unresolved(step, unresolved),
            },
        };
        step.tries += 1;
        match self.authorize(&rendered) {
            Ready::Send(request) => self.request(StepInHand { rendered: Some(rendered), ..step }, request),
            Ready::Ask(request) => self.ask(StepInHand { rendered: Some(rendered), ..step }, request),
        }
    }

    /// Sends the step's own request.
    pub(super) fn request(&mut self, mut step: StepInHand, request: Arc<Request>) -> Command {
        if let Some(reason) = self.count_request() {
            return self.failed(step, reason);
        }
        let repeatable = self.plan.steps[step.index].repeatable;
        step.sent_at = self.at;
        step.sent = Some(Arc::clone(&request));
        self.about_to_send(step.index);
        self.state = State::Requesting(step);
        Command::Send { request, repeatable }
    }

    /// The reason not to send one more, if there is one.
    pub(super) fn count_request(&mut self) -> Option<Reason> {
        self.requests += 1;
        (self.requests > MAX_REQUESTS).then(|| {
            let message =
                format!("the run has sent {MAX_REQUESTS} requests, which is the most that one run may");
            let reason = Reason::new(ReasonCode::TooManyRequests, message);
            self.begin_no_more(&reason);
            reason
        })
    }

    fn render(&mut self, step: &PlannedStep) -> Result<Rendered, Unresolved> {
        let mut rendered = step.request.render(&self.scope())?;
        rendered.secrets().iter().for_each(|secret| self.masker.add(secret));
        let facts = &self.inputs.facts;
        let headers = &mut Arc::make_mut(&mut rendered.request).headers;
        headers.push(("X-Skopos-Run-Id".into(), facts.id.to_string()));
        headers.push(("X-Skopos-Run-Attempt".into(), facts.attempt.to_string()));
        Ok(rendered)
    }

    pub(super) fn responded(&mut self, mut step: StepInHand, response: Box<Response>) -> Command {
        let plan = Arc::clone(&self.plan);
        let planned = &plan.steps[step.index];
        let request = step.sent.take().expect("a request was sent before it was answered");
        let status = response.status;
        self.forget_refused_token(&step, status);
        let answer = Answer::new(request, response).received_at(self.inputs.facts.started_at + self.at);
        self.learn_secrets(planned, &answer);
        match self.polled(&mut step, planned, &answer) {
            Ok(Polled::Holds) => {}
            Ok(Polled::Again(wait)) => {
                let refused = self.refused(planned, status);
                if !refused.is_empty() {
                    return self.renew(step, refused);
                }
                self.state = State::Waiting(step);
                return Command::Wait(wait);
            }
            Ok(Polled::TimedOut(reason)) => {
                self.keep(step.index, answer);
                return self.failed(step, reason);
            }
            Err(unresolved) => return self.unresolved(step, unresolved),
        }
        let mut judged = match judge::answer(planned, &answer, &self.scope()) {
            Ok(judged) => judged,
            Err(unresolved) => {
                self.records.answered(step.sent_at, &answer, &mut Judgement::unjudged());
                return self.unresolved(step, unresolved);
            }
        };
        self.records.answered(step.sent_at, &answer, &mut judged);
        let Some(reason) = judged.reason else { return self.passed(step, planned, answer, judged.outcome) };
        let refused = self.refused(planned, status);
        if !refused.is_empty() {
            return self.renew(step, refused);
        }
        self.keep(step.index, answer);
        if step.tries <= planned.retry.attempts && judge::worth_another_try(&planned.retry, status) {
            return self.wait_to_retry(step, planned);
        }
        self.failed(step, reason)
    }

    /// Every answer is kept as evidence when it does not pass, so its secrets are learned whatever becomes of it.
    /// Everything that is captured for others is one.
    pub(super) fn learn_secrets(&mut self, planned: &PlannedStep, answer: &Answer) {
        let all = self.captured.is_some();
        for capture in planned.captures.iter().filter(|capture| capture.secret || all) {
            if let Ok(value) = capture.take(answer) {
                mask::learn(&mut self.masker, &value);
            }
        }
    }

    /// Keeps an answer that a later step refers to; the others would only fill the memory.
    fn keep(&mut self, index: usize, answer: Answer) {
        let step = &self.plan.steps[index];
        self.checkpoint_due |= step.cleaned_up_after;
        if step.referenced {
            self.answers[index] = Some(answer);
        }
    }

    /// Takes the captures of an answer that passed, and goes on.
    fn passed(
        &mut self,
        step: StepInHand,
        planned: &PlannedStep,
        mut answer: Answer,
        outcome: StepOutcome,
    ) -> Command {
        let mut captures = BTreeMap::new();
        for capture in &planned.captures {
            match capture.take(&answer) {
                Ok(value) => {
                    self.records.captured(&capture.name, value.clone());
                    captures.insert(capture.name.clone(), value);
                }
                Err(found) => {
                    self.keep(step.index, answer);
                    let message = format!("capture `{}` found nothing: {found}", capture.name);
                    return self.failed(step, Reason::new(ReasonCode::CaptureMissing, message));
                }
            }
        }
        if let Some(captured) = &mut self.captured {
            captured.extend(captures.clone());
        }
        answer.set_captures(captures);
        self.keep(step.index, answer);
        self.end(step.index, outcome, None);
        self.advance(step.index + 1)
    }

    pub(super) fn unreachable(&mut self, step: StepInHand, failure: &Failure) -> Command {
        let plan = Arc::clone(&self.plan);
        let planned = &plan.steps[step.index];
        let request = step.sent.as_ref().expect("a request was sent before it failed");
        self.records.unanswered(step.sent_at, request, failure);
        let class = judge::retry_class(failure.code);
        if step.tries <= planned.retry.attempts && class.is_some_and(|class| planned.retry.covers(class)) {
            return self.wait_to_retry(step, planned);
        }
        self.failed(step, Reason::new(failure.code, failure.message.clone()))
    }

    fn wait_to_retry(&mut self, step: StepInHand, planned: &PlannedStep) -> Command {
        let wait = planned.retry.wait(step.tries);
        self.state = State::Waiting(step);
        Command::Wait(wait)
    }

    /// Records a try whose `until` does not hold yet.
    fn polled(
        &mut self,
        step: &mut StepInHand,
        planned: &PlannedStep,
        answer: &Answer,
    ) -> Result<Polled, Unresolved> {
        let Some(poll) = &planned.poll else { return Ok(Polled::Holds) };
        let mut judged = judge::until(poll, answer, &self.scope())?;
        let Some(reason) = judged.reason.clone() else { return Ok(Polled::Holds) };
        self.records.answered(step.sent_at, answer, &mut judged);
        let since = *step.polling_since.get_or_insert(step.sent_at);
        step.tries = 0;
        if self.at + poll.every > since + poll.timeout {
            let message = format!("not yet true after {:?} of polling: {}", poll.timeout, reason.message);
            return Ok(Polled::TimedOut(Reason::new(ReasonCode::PollTimeout, message)));
        }
        Ok(Polled::Again(poll.every))
    }
}

/// Clean-up of something that never came to be is not needed, and is nobody's failure.
fn never_ran(step: &PlannedStep, unresolved: &Unresolved) -> bool {
    step.always && unresolved.cause == UnresolvedCause::NeverRan
}
