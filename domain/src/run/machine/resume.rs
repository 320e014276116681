//! Clean-up that survives a crash: what is to be kept before a request goes out, and the run of the `always` steps from
//! there.

use std::sync::Arc;

use crate::{
    outcome::{Outcome, Reason},
    plan::Plan,
    result::StepOutcome,
};

use super::{
    super::{checkpoint::Checkpoint, inputs::Inputs},
    CLEANING_TIME, Machine,
};

impl Machine {
    /// The clean-up after a run that was lost, as far as the checkpoint knows it: the `always` steps that had not begun,
    /// or that may be repeated. It ends inconclusive for that `reason`, which then also says what came of the clean-up.
    #[must_use]
    pub fn resume_cleaning(plan: Arc<Plan>, inputs: Inputs, checkpoint: Checkpoint, reason: Reason) -> Self {
        let facts = checkpoint.facts(&inputs.facts);
        let row = checkpoint.row(&plan);
        let (answers, progress) = checkpoint.into_answers(&plan);
        let mut machine = Self::new(plan, inputs);
        for (step, answer) in machine.plan.clone().steps.iter().zip(&answers) {
            if let Some(answer) = answer {
                machine.learn_secrets(step, answer);
            }
        }
        machine.rows.at = row;
        machine.answers = answers;
        machine.facts = facts;
        machine.progress = progress;
        machine.unsafe_begun = true;
        machine.checkpoint_due = false;
        machine.resumed = true;
        machine.cleaning = true;
        machine.deadline = CLEANING_TIME;
        machine.verdict = Some((Outcome::Inconclusive, reason));
        machine
    }

    /// What is to be durable before the request in hand is sent; `None` when the last one still says it all, or a crash
    /// would start the run again from its first step.
    pub fn checkpoint(&mut self) -> Option<Checkpoint> {
        if !self.unsafe_begun || !self.checkpoint_due || !self.plan.cleans_up() {
            return None;
        }
        self.checkpoint_due = false;
        Some(Checkpoint::new(&self.facts, &self.plan, self.rows.at, &self.answers, &self.progress))
    }

    /// A request of this step is the next thing in the world.
    pub(super) fn about_to_send(&mut self, index: usize) {
        let step = &self.plan.steps[index];
        let once = step.always && !step.repeatable;
        self.unsafe_begun |= !step.repeatable;
        if once {
            self.checkpoint_due |= self.progress.begun.insert(index);
        }
        if once || step.cleaned_up_after {
            self.checkpoint_due |= self.progress.awaited.insert(index);
        }
    }

    /// The step that began last is over.
    pub(super) fn end(&mut self, index: usize, outcome: StepOutcome, reason: Option<Reason>) {
        self.checkpoint_due |= self.progress.awaited.remove(&index);
        self.records.end(outcome, reason);
    }

    /// What came of the clean-up, where that is all that was done.
    pub(super) fn with_clean_up(&self, mut reason: Reason) -> Reason {
        if !self.resumed {
            return reason;
        }
        let id = |index: usize| self.plan.steps.get(index).map_or("", |step| step.id.as_str());
        let ended = match (self.progress.awaited.first(), self.records.first_failure()) {
            (Some(index), _) => format!("unknown, for it was lost while step `{}` was under way", id(*index)),
            (None, Some(index)) => format!("failed at step `{}`", id(index)),
            (None, None) => "carried out".to_owned(),
        };
        reason.message = format!("{}; cleanup: {ended}", reason.message);
        reason
    }
}
