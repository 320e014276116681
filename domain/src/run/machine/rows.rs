//! The rows of `each`: the steps run once for each, from the first step on, as a visitor that the target has not seen.
//! What goes wrong in a row ends that row only; a deadline, a cancel, or that nothing more may be sent ends them all.

use std::time::Duration;

use crate::{
    outcome::{Outcome, Reason},
    result::{RowResult, StepResult},
};

use super::{
    super::{checkpoint::Progress, mask, record::millis},
    Command, Machine, State,
};

/// Rows whose bodies are kept as evidence: whoever looks at a thousand that failed needs no more, and a database no
/// less.
const ROWS_WITH_BODIES: usize = 10;
/// What a run ends with: the first of these that some row ended with.
const HEAVIEST_FIRST: [Outcome; 4] =
    [Outcome::Failed, Outcome::Cancelled, Outcome::Inconclusive, Outcome::Degraded];

/// How far the rows are; without `each` there is one that nobody speaks of.
#[derive(Default)]
pub(super) struct Rows {
    /// The index of the one in hand.
    pub(super) at: usize,
    began: Duration,
    /// Those before it, with their values as they are.
    ended: Vec<RowResult>,
    with_bodies: usize,
    /// Why none begins any more.
    over: Option<Reason>,
    /// What ended the run between two rows, or before the first: no row's fault.
    between: Option<(Outcome, Option<Reason>)>,
}

/// What came of the steps.
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    pub(super) reason: Option<Reason>,
    pub(super) steps: Vec<StepResult>,
    /// The run was over before one of them began.
    pub(super) never_began: bool,
}

impl Machine {
    /// No further row begins.
    pub(super) fn begin_no_more(&mut self, reason: &Reason) {
        self.rows.over.get_or_insert_with(|| reason.clone());
    }

    /// The steps of the row in hand are over. What the next one begins with, or the end of the run.
    pub(super) fn end_row(&mut self, mut ended: Ended) -> Command {
        if ended.never_began {
            let outcome = std::mem::replace(&mut ended.outcome, Outcome::Skipped);
            self.rows.between = Some((outcome, ended.reason.clone()));
            ended.steps.clear();
        }
        self.note_row(ended);
        let next = self.rows.at + 1;
        if self.resumed || self.rows.over.is_some() || next >= self.plan.rows.len() {
            return self.finish_rows();
        }
        self.rows.at = next;
        self.rows.began = self.at;
        self.answers.fill_with(|| None);
        self.progress = Progress::default();
        self.checkpoint_due = true;
        self.cleaning = false;
        self.state = State::BetweenRows;
        Command::ForgetCookies
    }

    fn note_row(&mut self, Ended { outcome, reason, mut steps, .. }: Ended) {
        let attempts = steps.iter().flat_map(|step| &step.attempts);
        let with_bodies = attempts.into_iter().any(|attempt| {
            attempt.request.body.is_some()
                || attempt.response.as_ref().is_some_and(|response| response.body.is_some())
        });
        self.rows.with_bodies += usize::from(with_bodies);
        if self.rows.with_bodies > ROWS_WITH_BODIES {
            drop_bodies(&mut steps);
        }
        let row = self.rows.at;
        let result = self.row_result(row, outcome, reason, steps);
        self.rows.ended.push(result);
    }

    fn row_result(
        &self,
        row: usize,
        outcome: Outcome,
        reason: Option<Reason>,
        steps: Vec<StepResult>,
    ) -> RowResult {
        RowResult {
            index: u32::try_from(row + 1).unwrap_or(u32::MAX),
            values: self.plan.rows[row].as_object().cloned().unwrap_or_default(),
            outcome,
            reason,
            started_ms: millis(self.rows.began),
            duration_ms: millis(self.at.saturating_sub(self.rows.began)),
            steps,
        }
    }

    /// The rows that ended, and those that never began; of a clean-up the one that was cleaned up after.
    fn finish_rows(&mut self) -> Command {
        let mut rows = std::mem::take(&mut self.rows.ended);
        if let Some(reason) = self.rows.over.take().filter(|_| !self.resumed) {
            self.rows.began = self.at;
            let rest = self.rows.at + 1..self.plan.rows.len();
            let skipped = |row| self.row_result(row, Outcome::Skipped, Some(reason.clone()), Vec::new());
            rows.extend(rest.map(skipped));
        }
        rows.iter_mut().for_each(|row| mask::values(&self.masker, &mut row.values));
        let (outcome, reason) = verdict(&rows, self.rows.between.take());
        self.finish_with(outcome, reason, Vec::new(), rows)
    }
}

/// What the run ends with: what the heaviest of its rows did, whose reason it takes, or what came between them.
fn verdict(rows: &[RowResult], between: Option<(Outcome, Option<Reason>)>) -> (Outcome, Option<Reason>) {
    let of_row = |row: &RowResult| {
        let reason = row.reason.clone().map(|reason| Reason {
            row: Some(row.index),
            message: format!("{}: {}", row.title(), reason.message),
            ..reason
        });
        (row.outcome, reason)
    };
    let decisive = HEAVIEST_FIRST.iter().find_map(|outcome| {
        let row = rows.iter().find(|row| row.outcome == *outcome).map(of_row);
        row.or_else(|| between.clone().filter(|between| between.0 == *outcome))
    });
    decisive.unwrap_or((Outcome::Passed, None))
}

fn drop_bodies(steps: &mut [StepResult]) {
    for attempt in steps.iter_mut().flat_map(|step| &mut step.attempts) {
        attempt.request.body = None;
        if let Some(response) = &mut attempt.response {
            response.body_truncated |= response.body.take().is_some();
        }
    }
}
