//! What `skopos test` says about the runs that it made. How a run ended was decided before; here it becomes text.

mod curl;
mod json;
mod pretty;

use domain::{
    document::Slug,
    outcome::Outcome,
    result::{RunResult, StepOutcome},
};
use serde::Serialize;

pub(crate) use self::{json::Json, pretty::Pretty};

/// One run of one collection.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Tested {
    /// Which collection.
    pub(crate) collection: Slug,
    /// Its name, or its id.
    pub(crate) name: String,
    /// `path:line` of its document.
    pub(crate) place: String,
    /// Whose variables and secrets it saw.
    pub(crate) environment: Option<Slug>,
    /// How it ended.
    #[serde(flatten)]
    pub(crate) result: RunResult,
}

/// How many runs ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    pub(crate) passed: usize,
    pub(crate) degraded: usize,
    pub(crate) failed: usize,
    /// We broke, not the target; also what was cancelled.
    pub(crate) inconclusive: usize,
}

impl Summary {
    /// Counts a run.
    pub(crate) fn add(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::Degraded => &mut self.degraded,
            Outcome::Failed => &mut self.failed,
            Outcome::Inconclusive | Outcome::Missed | Outcome::Skipped | Outcome::Cancelled => {
                &mut self.inconclusive
            }
        } += 1;
    }
}

/// Whether a step is one that a person has to look at.
fn needs_attention(outcome: StepOutcome) -> bool {
    matches!(outcome, StepOutcome::Failed | StepOutcome::Inconclusive | StepOutcome::Degraded)
}
