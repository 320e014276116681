//! What `skopos test` says about the runs that it made. How a run ended was decided before; here it becomes text.

mod choice;
mod curl;
mod github;
mod json;
mod junit;
mod pretty;
#[cfg(test)]
mod sample;
mod tap;
mod words;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
};

use anyhow::Context;
use domain::{document::Slug, outcome::Outcome, result::RunResult};
use serde::Serialize;

pub(crate) use self::{
    choice::{Choice, Format, check},
    words::is_good,
};
use crate::terminal::Style;

/// One form of report. It is told of runs as they end, in the order of the documents.
trait Report: Send {
    fn run(&mut self, out: &mut dyn Write, tested: &Arc<Tested>) -> io::Result<()>;

    /// The last word.
    fn finish(&mut self, out: &mut dyn Write, ending: Ending) -> io::Result<()>;
}

/// How it all ended.
#[derive(Debug, Clone, Copy)]
struct Ending {
    summary: Summary,
    duration_ms: f64,
}

/// Every report that was asked for, as text that is to be written.
pub(crate) struct Reporters {
    reports: Vec<(Vec<u8>, Box<dyn Report>)>,
    summary: Summary,
}

/// Where each of them goes.
pub(crate) struct Outputs(Vec<Box<dyn Write + Send>>);

/// A piece of each of them.
pub(crate) struct Pieces(Vec<Vec<u8>>);

/// Opens the files, so that one that cannot be written is known before anything is sent.
pub(crate) fn open(choices: &[Choice]) -> anyhow::Result<(Reporters, Outputs)> {
    let (mut reports, mut outputs) = (Vec::new(), Vec::new());
    for Choice { format, file } in choices {
        let (output, style): (Box<dyn Write + Send>, _) = match file {
            Some(path) => {
                let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
                (Box::new(file), Style::Plain)
            }
            None => (Box::new(io::stdout()), Style::of(&io::stdout())),
        };
        outputs.push(output);
        reports.push((Vec::new(), report(*format, style)));
    }
    Ok((Reporters { reports, summary: Summary::default() }, Outputs(outputs)))
}

impl Outputs {
    /// Writes what comes next.
    pub(crate) fn write(&mut self, pieces: &Pieces) -> io::Result<()> {
        for (output, piece) in self.0.iter_mut().zip(&pieces.0) {
            output.write_all(piece)?;
            output.flush()?;
        }
        Ok(())
    }
}

impl Reporters {
    /// Tells of a run, as a whole.
    pub(crate) fn run(&mut self, tested: Tested) -> io::Result<()> {
        self.summary.add(tested.result.outcome);
        let tested = Arc::new(tested);
        self.reports.iter_mut().try_for_each(|(text, report)| report.run(text, &tested))
    }

    /// Whether something was told that was not taken.
    pub(crate) fn have_told(&self) -> bool {
        self.reports.iter().any(|(text, _)| !text.is_empty())
    }

    /// What was told since this was asked last.
    pub(crate) fn take(&mut self) -> Pieces {
        Pieces(self.reports.iter_mut().map(|(text, _)| std::mem::take(text)).collect())
    }

    /// Counts a run that was not begun, because another one failed or somebody stopped them.
    pub(crate) fn not_run(&mut self) {
        self.summary.not_run += 1;
    }

    /// Ends the reports.
    pub(crate) fn finish(mut self, duration_ms: f64) -> io::Result<(Pieces, Summary)> {
        let ending = Ending { summary: self.summary, duration_ms };
        self.reports.iter_mut().try_for_each(|(text, report)| report.finish(text, ending))?;
        Ok((self.take(), self.summary))
    }
}

fn report(format: Format, style: Style) -> Box<dyn Report> {
    match format {
        Format::Pretty => Box::new(pretty::Pretty { style }),
        Format::Json => Box::new(json::Json::default()),
        Format::Junit => Box::new(junit::Junit::default()),
        Format::Tap => Box::new(tap::Tap::default()),
        Format::Github => Box::new(github::Github::of_this_process()),
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
    /// Counted from 1, where `--repeat` asks for several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) repetition: Option<u32>,
    /// Whose variables and secrets it saw.
    pub(crate) environment: Option<Slug>,
    /// Where its steps are written.
    #[serde(skip)]
    pub(crate) source: Arc<Source>,
    /// How it ended.
    #[serde(flatten)]
    pub(crate) result: RunResult,
}

impl Tested {
    /// Its name, with which of several runs this was.
    fn title(&self) -> String {
        match self.repetition {
            Some(repetition) => format!("{} (run {repetition})", self.name),
            None => self.name.clone(),
        }
    }
}

/// Where a collection is written.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) line: u32,
    /// The line on which each step begins, by the step's id.
    pub(crate) steps: BTreeMap<String, u32>,
}

/// How many runs ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    pub(crate) passed: usize,
    pub(crate) degraded: usize,
    pub(crate) failed: usize,
    /// We broke, not the target; also what was cancelled.
    pub(crate) inconclusive: usize,
    /// Not begun, because another run had failed or somebody stopped them.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) not_run: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
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

    /// `1 failed, 2 passed`, the worst first.
    fn counts(self) -> Vec<(usize, &'static str)> {
        let Self { passed, degraded, failed, inconclusive, not_run } = self;
        let counts = [
            (failed, "failed"),
            (inconclusive, "inconclusive"),
            (degraded, "degraded"),
            (passed, "passed"),
            (not_run, "not run"),
        ];
        counts.into_iter().filter(|(count, _)| *count > 0).collect()
    }
}
