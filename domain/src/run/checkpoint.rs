//! What of a run outlives its worker: what clean-up by another one needs, in a form that can be kept. It holds what
//! targets answered, secrets included, so it is kept encrypted and never printed. When one is due is the machine's.

mod form;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{answer::Answer, plan::Plan};

use super::inputs::RunFacts;
use form::Kept;

/// What clean-up needs to know of a run that is lost. Steps are named by their index: the plan is pinned.
#[derive(Clone, Serialize, Deserialize)]
pub struct Checkpoint {
    /// What `run.started_at` and `run.attempt` meant in the requests that are cleaned up after.
    started_at: DateTime<Utc>,
    attempt: u32,
    /// The index of the row of `each` that was in hand; 0 when there are none.
    #[serde(default)]
    row: usize,
    /// The answers that `always` steps refer to.
    answers: BTreeMap<usize, Kept>,
    progress: Progress,
}

/// How far a run is, as far as clean-up is concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// `always` steps whose request must not be sent twice, and was about to be sent.
    pub(super) begun: BTreeSet<usize>,
    /// Steps that were about to be sent and are not over: those of `begun`, and those that clean-up refers to.
    pub(super) awaited: BTreeSet<usize>,
}

impl Checkpoint {
    pub(super) fn new(
        facts: &RunFacts,
        plan: &Plan,
        row: usize,
        answers: &[Option<Answer>],
        progress: &Progress,
    ) -> Self {
        let needed =
            plan.steps.iter().zip(answers).enumerate().filter(|(_, (step, _))| step.cleaned_up_after);
        let answers =
            needed.filter_map(|(index, (_, answer))| Some((index, Kept::from(answer.as_ref()?)))).collect();
        let (started_at, attempt) = (facts.started_at, facts.attempt);
        Self { started_at, attempt, row, answers, progress: progress.clone() }
    }

    /// The row that is cleaned up after, as far as the plan has it: it is that of the same version.
    pub(super) fn row(&self, plan: &Plan) -> usize {
        self.row.min(plan.rows.len().saturating_sub(1))
    }

    /// The facts of the attempt that is cleaned up after.
    pub(super) fn facts(&self, now: &RunFacts) -> RunFacts {
        RunFacts { started_at: self.started_at, attempt: self.attempt, ..now.clone() }
    }

    /// One place for each step of the plan.
    pub(super) fn into_answers(self, plan: &Plan) -> (Vec<Option<Answer>>, Progress) {
        let mut answers: Vec<Option<Answer>> = plan.steps.iter().map(|_| None).collect();
        for (index, kept) in self.answers {
            if let Some(place) = answers.get_mut(index) {
                *place = Some(kept.into());
            }
        }
        (answers, self.progress)
    }
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answers: Vec<&usize> = self.answers.keys().collect();
        f.debug_struct("Checkpoint")
            .field("row", &self.row)
            .field("answers", &answers)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}
