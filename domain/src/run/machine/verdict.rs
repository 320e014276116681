//! What ends a step or the run other than passing, and who is to blame.

use std::mem;

use crate::{
    outcome::{Outcome, Reason, ReasonCode},
    reference::{Unresolved, UnresolvedCause},
    result::{RowResult, RunResult, StepOutcome, StepResult},
};

use super::{
    super::{mask, record::millis},
    Asking, CLEANING_TIME, Command, Machine, State, StepInHand,
    rows::Ended,
};

impl Machine {
    /// A reference has no value. Whose fault that is decides the outcome; `continue_on_failure` does not help.
    pub(super) fn unresolved(&mut self, step: StepInHand, unresolved: Unresolved) -> Command {
        let code = match unresolved.cause {
            UnresolvedCause::MissingValue | UnresolvedCause::NeverRan => ReasonCode::ReferenceMissing,
            UnresolvedCause::Invalid => ReasonCode::ReferenceInvalid,
            UnresolvedCause::Gone => ReasonCode::VariableMissing,
        };
        self.stopped(step.index, Reason::new(code, unresolved.to_string()))
    }

    /// The step is over and did not pass.
    pub(super) fn failed(&mut self, step: StepInHand, reason: Reason) -> Command {
        if reason.code.is_ours() || !self.plan.steps[step.index].continue_on_failure {
            return self.stopped(step.index, reason);
        }
        let reason = reason.at_step(&self.plan.steps[step.index].id);
        self.end(step.index, StepOutcome::Failed, Some(reason.clone()));
        self.blame(Outcome::Failed, reason);
        self.advance(step.index + 1)
    }

    /// The step is over, and with it all but the clean-up.
    pub(super) fn stopped(&mut self, index: usize, reason: Reason) -> Command {
        let (ended, outcome) = if reason.code.is_ours() {
            (StepOutcome::Inconclusive, Outcome::Inconclusive)
        } else {
            (StepOutcome::Failed, Outcome::Failed)
        };
        self.stopped_as(index, ended, outcome, reason)
    }

    /// The same, where the reason does not say whose fault it is.
    pub(super) fn stopped_as(
        &mut self,
        index: usize,
        ended: StepOutcome,
        outcome: Outcome,
        reason: Reason,
    ) -> Command {
        let reason = reason.at_step(&self.plan.steps[index].id);
        self.end(index, ended, Some(reason.clone()));
        self.blame(outcome, reason);
        self.cleaning = true;
        self.advance(index + 1)
    }

    /// The deadline or a cancel, in the middle of whatever was going on.
    pub(super) fn interrupted(&mut self, state: State, outcome: Outcome, reason: Reason) -> Command {
        self.begin_no_more(&reason);
        let (reason, next) = match state {
            State::Authorizing(step)
            | State::Requesting(step)
            | State::Waiting(step)
            | State::SettingUp(Asking { step: Some(step), .. }) => {
                let reason = reason.at_step(&self.plan.steps[step.index].id);
                let ended = match outcome {
                    Outcome::Inconclusive => StepOutcome::Inconclusive,
                    Outcome::Cancelled if !self.cleaning => StepOutcome::Skipped,
                    _ => StepOutcome::Failed,
                };
                self.end(step.index, ended, Some(reason.clone()));
                (reason, step.index + 1)
            }
            State::SettingUp(asking) => (self.while_setting_up(reason, &asking), self.plan.steps.len()),
            State::New | State::BetweenRows | State::Finished => (reason, self.plan.steps.len()),
        };
        self.blame(outcome, reason);
        if mem::replace(&mut self.cleaning, true) {
            return self.finish();
        }
        self.deadline = self.deadline.max(self.at + CLEANING_TIME);
        self.advance(next)
    }

    /// A set-up that does not come in time is the cause, for all that wait for it.
    fn while_setting_up(&self, reason: Reason, asking: &Asking) -> Reason {
        let Some(set_up) = self.awaited(asking) else { return reason };
        let message = format!("{} while it waited for the shared set-up `{set_up}`", reason.message);
        Reason { message, ..reason }.caused_by(set_up)
    }

    pub(super) fn deadline_message(&self) -> String {
        format!("the run's time-out of {:?} passed", self.plan.timeout)
    }

    /// The first thing that goes wrong is what the run, or the row in hand, ends with.
    pub(super) fn blame(&mut self, outcome: Outcome, reason: Reason) {
        self.verdict.get_or_insert((outcome, reason));
    }

    /// The steps are over, and with them the run, or the row in hand.
    pub(super) fn finish(&mut self) -> Command {
        self.state = State::Finished;
        let never_began = self.verdict.is_some() && self.records.are_empty();
        let (outcome, reason) = match self.verdict.take() {
            Some((outcome, reason)) => (outcome, Some(reason)),
            None => self.records.soft_outcome(&self.plan),
        };
        let reason = reason.map(|reason| self.with_clean_up(reason));
        let steps = mem::take(&mut self.records).into_steps(&self.plan, self.at);
        if self.plan.rows.is_empty() {
            return self.finish_with(outcome, reason, steps, Vec::new());
        }
        self.end_row(Ended { outcome, reason, steps, never_began })
    }

    /// The run is over.
    pub(super) fn finish_with(
        &mut self,
        outcome: Outcome,
        reason: Option<Reason>,
        steps: Vec<StepResult>,
        rows: Vec<RowResult>,
    ) -> Command {
        let (duration_ms, set_ups) = (millis(self.at), mem::take(&mut self.set_up_results));
        let result = RunResult { outcome, reason, duration_ms, set_ups, steps, rows };
        Command::Finish(Box::new(mask::result(&self.masker, result)))
    }
}
