//! What `skopos test` says about the runs that it made. How a run ended was decided before; here it becomes text.

mod curl;
mod json;
mod pretty;

use std::io::{self, Write};

use domain::{
    document::Slug,
    outcome::Outcome,
    result::{RunResult, StepOutcome},
};
use serde::Serialize;

use self::{json::Json, pretty::Pretty};
use crate::terminal::Style;

/// How runs are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A tree for people.
    Pretty,
    /// One object for other programs.
    Json,
}

/// Takes runs as they end, and has the last word.
#[derive(Debug)]
pub(crate) struct Reporter<W> {
    out: W,
    form: Form,
    summary: Summary,
}

#[derive(Debug)]
enum Form {
    Pretty(Pretty),
    Json(Json),
}

impl<W: Write> Reporter<W> {
    pub(crate) fn new(out: W, format: Format, style: Style) -> Self {
        let form = match format {
            Format::Pretty => Form::Pretty(Pretty { style }),
            Format::Json => Form::Json(Json::default()),
        };
        Self { out, form, summary: Summary::default() }
    }

    pub(crate) fn run(&mut self, tested: Tested) -> io::Result<()> {
        self.summary.add(tested.result.outcome);
        match &mut self.form {
            Form::Pretty(pretty) => pretty.run(&mut self.out, &tested),
            Form::Json(json) => {
                json.run(tested);
                Ok(())
            }
        }
    }

    /// Ends the report.
    pub(crate) fn finish(mut self, duration_ms: f64) -> io::Result<Summary> {
        match &self.form {
            Form::Pretty(pretty) => pretty.finish(&mut self.out, self.summary, duration_ms)?,
            Form::Json(json) => json.finish(&mut self.out, self.summary, duration_ms)?,
        }
        self.out.flush()?;
        Ok(self.summary)
    }
}

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
